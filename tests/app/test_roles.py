"""Who may do what: roles, the code to lead, and what visitors and participants try in vain."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.runtime.context import ContextProxy

from digitcanvas import Recognizer
from digitcanvas.app import api, hands, leaders, quota, roles, visitor
from digitcanvas.app.leaders import COOKIE, Leaders, WrongCode, proof
from digitcanvas.app.pages import tune
from digitcanvas.app.parts import mnist_source, run_panel, shared_mnist, shared_runs
from digitcanvas.app.roles import Role
from digitcanvas.app.state import SESSION, Key, Session
from digitcanvas.data.store import (
    Answer,
    Selection,
    Store,
    StoreError,
    database_url,
    new_session,
)
from digitcanvas.reading import registry
from digitcanvas.runs import tuning
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import RateSearch, Run, Training
from tests.apptest import a_run, data, keys, open_session, publish, tell, turn_to, words
from tests.digits import DIGITS

CODE = "a long enough code"
OTHER = "another visitor's token"


@pytest.fixture(autouse=True)
def nobody_leads(monkeypatch):
    monkeypatch.setattr(roles, "all_leaders", fresh := Leaders())
    monkeypatch.setattr("digitcanvas.app.visitor.leaders", fresh)
    monkeypatch.setattr("digitcanvas.app.sidebar.lead.all_leaders", fresh)
    return fresh


@pytest.fixture
def guarded(monkeypatch):
    """A server whose people are participants, unless they lead."""
    monkeypatch.setenv(leaders.CODE, CODE)


@pytest.fixture
def public(guarded, monkeypatch):
    """A server whose people are visitors, unless they lead."""
    monkeypatch.setenv(leaders.PUBLIC, "1")


@pytest.fixture
def me(page, monkeypatch):
    """The person of a session without a page, once a page has loaded all modules: its token."""
    page.run()
    token = new_session()
    session = Session(visitor=token)
    monkeypatch.setattr("digitcanvas.app.state.session", lambda: session)
    monkeypatch.setattr(ContextProxy, "cookies", {})
    return token


def role_with(monkeypatch, code="", public=""):
    monkeypatch.setenv(leaders.CODE, code)
    monkeypatch.setenv(leaders.PUBLIC, public)
    return roles.role()


def test_everybody_leads_unless_it_is_set_otherwise(me, monkeypatch):
    assert role_with(monkeypatch) == Role.LEADER
    assert role_with(monkeypatch, code=CODE) == Role.PARTICIPANT
    assert role_with(monkeypatch, code=CODE, public="1") == Role.VISITOR
    assert role_with(monkeypatch, public="yes") == Role.VISITOR
    assert role_with(monkeypatch, public="0") == Role.LEADER


def test_who_gives_the_code_leads_until_they_stop(me, public, nobody_leads):
    nobody_leads.begin(me, f" {CODE} ")
    assert roles.role() == Role.LEADER and not roles.leading("put a run first")
    nobody_leads.end(me)
    assert roles.role() == Role.VISITOR


def test_a_proof_leads_on_every_server_with_the_code_and_on_no_other(me, public, monkeypatch):
    monkeypatch.setattr(ContextProxy, "cookies", {COOKIE: proof(me)})
    assert roles.role() == Role.LEADER
    monkeypatch.setenv(leaders.CODE, "a new code, as the old is known")
    assert roles.role() == Role.VISITOR


@pytest.mark.parametrize("forged", ["", "0" * 64, "é" * 64, proof.__name__, "None", "x" * 10_000])
def test_a_forged_proof_leads_nowhere(me, public, monkeypatch, forged):
    monkeypatch.setattr(ContextProxy, "cookies", {COOKIE: forged})
    assert roles.role() == Role.VISITOR


def test_nor_does_the_proof_of_another_browser(me, public, monkeypatch):
    monkeypatch.setattr(ContextProxy, "cookies", {COOKIE: proof(new_session())})
    assert roles.role() == Role.VISITOR


@pytest.mark.parametrize("given", ["", "wrong", CODE[:-1], CODE.upper(), CODE + "x", "é"])
def test_a_wrong_code_is_refused(me, public, nobody_leads, given):
    with pytest.raises(WrongCode, match="not the code"):
        nobody_leads.begin(me, given)
    assert roles.role() == Role.VISITOR


def test_where_no_code_is_set_none_leads(me, monkeypatch, nobody_leads):
    monkeypatch.setenv(leaders.PUBLIC, "1")
    with pytest.raises(WrongCode):
        nobody_leads.begin(me, "")
    assert roles.role() == Role.VISITOR


def test_whoever_guesses_gets_no_further_than_a_few_tries_a_minute(
    public, monkeypatch, nobody_leads
):
    now = 0.0
    monkeypatch.setattr(leaders, "time", SimpleNamespace(monotonic=lambda: now))
    one, other = new_session(), new_session()
    for _ in range(leaders.WRONG):
        with pytest.raises(WrongCode, match="not the code"):
            nobody_leads.begin(one, "guess")
    with pytest.raises(WrongCode, match="too many wrong codes"):
        nobody_leads.begin(one, CODE)
    nobody_leads.begin(other, CODE)
    now += leaders.WITHIN + 1
    nobody_leads.begin(one, CODE)


def test_new_cookies_do_not_help_whoever_guesses(public, nobody_leads):
    for _ in range(leaders.WRONG_IN_ALL):
        with pytest.raises(WrongCode, match="not the code"):
            nobody_leads.begin(new_session(), "guess")
    with pytest.raises(WrongCode, match="too many wrong codes"):
        nobody_leads.begin(new_session(), CODE)
    assert len(nobody_leads._wrong) <= leaders.BROWSERS


@pytest.mark.parametrize(("code", "word"), [("short", "too short"), ("", ""), (CODE, "")])
def test_a_code_that_could_be_guessed_is_told_before_the_start(monkeypatch, code, word):
    monkeypatch.setenv(leaders.CODE, code)
    assert word in leaders.problem() and bool(leaders.problem()) == bool(word)


@pytest.fixture
def client():
    """A server that gives its cookies with the page."""
    page = Route("/", lambda request: HTMLResponse("page"))
    app = Starlette(routes=[page], middleware=[Middleware(visitor.Visitors)])
    with TestClient(app, headers={"accept": "text/html"}) as client:
        yield client


def test_the_proof_comes_with_the_page_where_no_script_can_read_it(client, public, nobody_leads):
    client.get("/")
    token = client.cookies[visitor.COOKIE]
    assert COOKIE not in client.cookies
    nobody_leads.begin(token, CODE)
    set_cookie = client.get("/").headers.get_list("set-cookie")
    (ours,) = (cookie for cookie in set_cookie if cookie.startswith(f"{COOKIE}="))
    assert proof(token) in ours and "HttpOnly" in ours and "SameSite=Lax" in ours
    nobody_leads.end(token)
    client.get("/")
    assert COOKIE not in client.cookies


def test_without_a_code_there_is_no_such_cookie(client):
    client.cookies[COOKIE] = "something"
    assert not any(COOKIE + "=" in each for each in client.get("/").headers.get_list("set-cookie"))


# What people try on the page


@pytest.fixture
def theirs(jobs, home):
    """Another person's run, which is under way, and their network."""
    run = a_run(owner=OTHER, state="done")
    study = Run.of(a_study()[0], owner=OTHER, state="waiting", stage="")
    jobs.others = [study, replace(run, result="theirs")]
    jobs.run = a_run(owner=OTHER, problem="The disk is full.")
    publish(home, "theirs", run=run.id)
    return jobs.run


def buttons(page):
    return {button.key for button in page.button}


CONTROLS = {
    Key.RETRAIN,
    Key.FIND_RATE,
    Key.START_STUDY,
    Key.STOP_STUDY,
    Key.CANCEL,
    Key.PUBLISH_AGAIN,
    Key.RENAME,
    Key.REMOVE,
    Key.OPEN_ROOM,
    Key.FETCH_MNIST,
}


@pytest.mark.parametrize("path", ["", "data", "train", "tune", "evaluate", "hand", "wall"])
def test_a_visitor_finds_no_button_for_what_they_may_not(
    page, jobs, theirs, public, path, monkeypatch
):
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    turn_to(page, path).run()
    page.session_state[Key.MODEL] = "theirs"
    page.run()
    assert not page.exception and not buttons(page) & CONTROLS
    assert data(page, "queue")["leads"] is False and data(page, "queue")["own"] == []
    told = " ".join(caption.value for caption in page.caption)
    assert "Visitors cannot train networks here: ask whoever leads this server." in told


def test_a_leader_finds_all_of_them(page, jobs, theirs, monkeypatch):
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    found = set()
    for path in ("", "data", "train", "tune", "wall"):
        turn_to(page, path).run()
        page.session_state[Key.MODEL] = "theirs"
        page.run()
        found |= buttons(page)
    assert found >= CONTROLS and data(page, "queue")["leads"] is True


def test_a_participant_finds_those_for_what_is_their_own(page, jobs, theirs, guarded, home):
    page.run()
    page.session_state[Key.MODEL] = "theirs"
    page.run()
    assert Key.RETRAIN in buttons(page) and not buttons(page) & (CONTROLS - {Key.RETRAIN})
    assert "You can only change networks that are your own" in words(page.sidebar)
    page.button(key="retrain").click().run()
    assert keys(page.get_by_key("training")) == ["cancel"]
    mine = jobs.others[-1]
    page.button(key="cancel").click().run()
    assert mine.id not in [run.id for run in jobs.runs()]
    jobs.others.append(replace(a_run(owner=mine.owner, state="done"), result="mine"))
    publish(home, "mine", run=jobs.others[-1].id)
    page.run()
    page.selectbox(key="model").set_value("mine").run()
    assert {Key.RENAME, Key.REMOVE} < buttons(page)


def test_a_participant_has_so_many_networks_and_no_more(page, jobs, guarded, monkeypatch):
    monkeypatch.setattr(roles, "NETWORKS", 2)
    page.run()
    for _ in range(2):
        page.button(key="retrain").click().run()
    assert Key.RETRAIN not in buttons(page)
    assert "You have 2 networks and runs here: remove one of them first." in words(page.sidebar)
    with pytest.raises(JobError, match="remove one"):
        as_person(monkeypatch, jobs.run.owner)
        run_panel.start(Training(RECIPES["quick"], "more"))


def test_a_participant_has_so_many_open_rooms_and_no_more(page, guarded, home, monkeypatch):
    monkeypatch.setattr(roles, "ROOMS", 2)
    turn_to(page, "wall").run()
    for _ in range(2):
        page.button(key="open_room").click().run()
        page.button(key="leave").click().run()
    page.button(key="open_room").click().run()
    assert [each.value for each in page.warning] == [
        "You have 2 open rooms: end one of them first."
    ]
    monkeypatch.delenv(leaders.CODE)
    page.button(key="open_room").click().run()
    assert "leave" in keys(page) and not page.exception


def test_a_study_counts_as_one_run(page, jobs, guarded, monkeypatch):
    monkeypatch.setattr(roles, "NETWORKS", 2)
    turn_to(page, "tune").run()
    page.button(key="start_study").click().run()
    assert len(jobs.others) == 30 and {Key.RETRAIN, Key.START_STUDY} <= buttons(page)
    page.button(key="start_study").click().run()
    assert not {Key.RETRAIN, Key.START_STUDY} & buttons(page)
    assert "You have 2 networks and runs here" in words(page.sidebar)


def as_person(monkeypatch, token):
    monkeypatch.setattr("digitcanvas.app.state.session", lambda: Session(visitor=token))
    monkeypatch.setattr(ContextProxy, "cookies", {})


def test_the_code_given_on_the_page_leads_and_is_not_left_in_the_form(page, jobs, theirs, public):
    page.run()
    for given in ("wrong", CODE):
        page.text_input(key="leader_code").set_value(given)
        page.button(key="begin_to_lead").click().run()
        if given == "wrong":
            assert any("not the code" in error.value for error in page.error)
            assert not buttons(page) & CONTROLS
    assert {Key.RETRAIN, Key.CANCEL} < buttons(page)
    assert page.session_state[SESSION].chose_to_lead > 0
    page.button(key="stop_leading").click().run()
    assert not buttons(page) & CONTROLS and not page.exception


# What they try behind its back: each deed is called as a forged press would call it


def start(task):
    return lambda run: _raises(run_panel.start, task)


def _raises(deed, *arguments):
    with pytest.raises((JobError, registry.ModelError), match=r"ask whoever leads this server\."):
        deed(*arguments)


def a_study():
    return tuning.plan(RECIPES["quick"], "quick", 2, ["dropout"])


def manage(name):
    network_switch = sys.modules["digitcanvas.app.sidebar.network_switch"]
    _raises(network_switch._check_managing, name)


DEEDS = {
    "train": start(Training(RECIPES["quick"], "mine")),
    "tune": lambda run: _raises(run_panel.start_all, a_study()),
    "stop a study": lambda run: tune._stop(shared_runs.jobs().studies(1)[0].task.study),
    "cancel a study's trials": lambda run: run_panel._cancel(
        f"study:{shared_runs.jobs().studies(1)[0].task.study}"
    ),
    "put a study first": lambda run: run_panel._put_first(
        f"study:{shared_runs.jobs().studies(1)[0].task.study}"
    ),
    "cancel a study that is not there": lambda run: run_panel._cancel("study:nothing"),
    "find a rate": start(RateSearch(RECIPES["quick"])),
    "train on the sample": lambda run: run_panel._take_sample(run),
    "cancel": lambda run: run_panel._cancel(run.id),
    "cancel what is not there": lambda run: run_panel._cancel("nothing"),
    "publish again": lambda run: run_panel._publish_again(run.id),
    "put first": lambda run: run_panel._put_first(run.id),
    "rename": lambda run: manage("theirs"),
    "remove": lambda run: manage("theirs"),
    "rename a shipped network": lambda run: manage("cnn"),
    "rename by a path": lambda run: manage("../theirs"),
    "fetch data": lambda run: mnist_source._fetch(),
}


PARTICIPANTS = {"train", "tune", "find a rate", "train on the sample", "fetch data"}
"""What a participant may do."""


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("role", ["public", "guarded"])
def test_what_is_refused_is_not_done_however_it_is_asked(
    jobs, theirs, me, request, monkeypatch, home, role, deed
):
    request.getfixturevalue(role)
    if role == "guarded" and deed in PARTICIPANTS:
        pytest.skip("a participant may")
    monkeypatch.setattr("streamlit.rerun", lambda: None)
    monkeypatch.setattr(shared_mnist.download, "start", lambda: pytest.fail("it was fetched"))
    before = jobs.runs()
    DEEDS[deed](theirs)
    assert jobs.asked == [] and jobs.runs() == before
    assert registry.model_names() == ["cnn", "mlp", "theirs"]


def test_the_queue_s_buttons_forged_do_nothing(page, jobs, theirs, public):
    jobs.others.append(a_run(owner=OTHER, state="waiting", stage=""))
    page.run()
    for asked in ({"cancel": theirs.id}, {"first": jobs.others[-1].id}):
        tell(page, "queue", "asked", asked, fragment_of="queue")
        assert "ask whoever leads this server." in page.error[0].value
    assert jobs.asked == [] and not page.exception


def lead_for_a_while(page, nobody_leads):
    """Have the page offer what it offers leaders."""
    page.run()
    nobody_leads.begin(page.session_state[SESSION].visitor, CODE)
    page.session_state[Key.MODEL] = "theirs"
    page.run()


def test_a_renaming_that_was_offered_before_is_refused_after(
    page, jobs, theirs, public, nobody_leads
):
    """The buttons were there while the person led."""
    lead_for_a_while(page, nobody_leads)
    page.text_input(key="new_name").set_value("mine")
    nobody_leads.end(page.session_state[SESSION].visitor)
    page.button(key="rename").click().run()
    assert registry.model_names() == ["cnn", "mlp", "theirs"] and not page.exception


def test_a_removal_that_was_asked_for_before_is_refused_after(
    page, jobs, theirs, public, nobody_leads
):
    lead_for_a_while(page, nobody_leads)
    page.button(key="remove").click().run()
    nobody_leads.end(page.session_state[SESSION].visitor)
    page.button(key="confirm_removal").click().run()
    assert "theirs" in registry.model_names() and not page.exception


@pytest.fixture
def store(home):
    with Store(database_url(home)) as store:
        yield store


def test_nobody_changes_what_belongs_to_another_s_token(store):
    owner, thief = new_session(), new_session()
    hand = store.hands.make(owner, "Ada")
    drawing = store.drawings.keep(owner, DIGITS[7], None, 16, told=7, hand=hand.id)
    room = store.rooms.open(owner, "Room")
    attempts = [
        lambda: store.drawings.tell(drawing, thief, 1),
        lambda: store.drawings.tell(drawing, thief, None),
        lambda: store.drawings.delete(drawing, thief),
        lambda: store.drawings.keep(thief, DIGITS[7], None, 16, hand=hand.id),
        lambda: store.hands.rename(hand.id, thief, "mine"),
        lambda: store.hands.remove(hand.id, thief),
        lambda: store.hands.switch(thief, hand.id),
        lambda: store.rooms.hide(room.id, drawing, thief),
        lambda: store.rooms.empty(room.id, thief),
        lambda: store.rooms.end(room.id, thief),
    ]
    for attempt in attempts:
        with pytest.raises(StoreError):
            attempt()
    assert store.drawings.get(drawing).told == 7 and store.hands.get(hand.id).name == "Ada"
    assert store.rooms.get(room.id).ended is None


def test_a_public_server_keeps_so_many_drawings_of_each_and_of_all(store, public, monkeypatch):
    monkeypatch.setattr(quota, "OWN", 2)
    monkeypatch.setattr(quota, "ALL", 3)
    monkeypatch.setattr(quota, "FRESH", 0.0)
    one, other = new_session(), new_session()

    def keep(token):
        quota.check(store, token)
        store.drawings.keep(token, DIGITS[7], None, 16)

    keep(one)
    keep(one)
    with pytest.raises(StoreError, match="keeps 2 of your drawings, and no more: delete some"):
        keep(one)
    keep(other)
    with pytest.raises(StoreError, match="as many drawings as it may: ask whoever runs it"):
        keep(other)
    monkeypatch.delenv(leaders.PUBLIC)
    keep(other)


def test_what_is_told_and_what_goes_to_a_wall_counts(home, public, monkeypatch):
    monkeypatch.setattr(quota, "OWN", 0)
    token, answer = new_session(), Answer(7, 0.9, 0.9, False, "cnn")
    recognizer = Recognizer.load("cnn")
    with pytest.raises(StoreError, match="no more"):
        hands.Hands().tell(token, DIGITS[7], answer, 16, 7, recognizer)
    assert hands.need_store().drawings.count(Selection()) == 0


@pytest.mark.parametrize(
    "model", ["../cnn", "cnn/../../etc", "/etc", "..", "retrained/../mlp", "<script>", "a" * 10_000]
)
def test_no_model_is_read_from_elsewhere(home, model):
    strokes = [stroke.tolist() for stroke in DIGITS[7]]
    with TestClient(Starlette(routes=api.routes("", 1000))) as client:
        answer = client.post("/api/predict", json={"strokes": strokes, "model": model})
    assert answer.status_code in (404, 422, 400) and len(answer.text) < 1000
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "![x](http://evil)", "a b", "..", ""]
)
def test_a_network_cannot_be_called_what_a_page_would_run(name):
    with pytest.raises(registry.ModelError):
        registry.check_name(name)


def test_whose_runs_they_are_is_told_to_no_browser(page, jobs, theirs, guarded):
    """A token is its owner's key."""
    page.run()
    sent = json.dumps([data(page, "queue"), data(page, "progress")])
    assert OTHER not in sent


def test_open_session_is_another_person(jobs, guarded):
    one, two = open_session().run(), open_session().run()
    assert one.session_state[SESSION].visitor != two.session_state[SESSION].visitor
