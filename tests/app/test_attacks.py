"""What a stranger tries on a public server; test_roles.py has what is asked of the code itself.

A forged press is made from the page of somebody who may: the stranger sends the ids found there.
That somebody sends the same too, and it is done: so a test fails if it forges nothing.
"""

import json
from dataclasses import replace
from types import SimpleNamespace
from urllib.request import Request, urlopen

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from digitcanvas.app import api, hands, leaders, live, quota, roles, visitor
from digitcanvas.app.leaders import Leaders, WrongCode
from digitcanvas.app.literal import literal
from digitcanvas.app.parts import shared_mnist
from digitcanvas.app.rooms import rooms
from digitcanvas.app.sidebar import hand as sidebar
from digitcanvas.app.state import Key
from digitcanvas.data.store import Selection, Store, StoreError, database_url, new_session
from digitcanvas.drawing.hand_files import HandFile, ToldDrawing, pack_hand
from digitcanvas.reading import registry
from tests.apptest import a_run, open_session, publish, tell
from tests.digits import DIGITS

CODE = "a long enough code"
OTHER = "another_visitor_s_token"

MARKDOWN = "![x](//evil.example)"
"""As a name, it would have the browser of whoever sees it fetch a picture from elsewhere."""


@pytest.fixture(autouse=True)
def all_leaders(monkeypatch):
    """A public server that has a code."""
    monkeypatch.setenv(leaders.CODE, CODE)
    monkeypatch.setenv(leaders.PUBLIC, "1")
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    for place in ("roles.all_leaders", "visitor.leaders", "sidebar.lead.all_leaders"):
        monkeypatch.setattr(f"digitcanvas.app.{place}", fresh := Leaders())
    monkeypatch.setattr(roles, "all_leaders", fresh)
    monkeypatch.setattr(visitor, "leaders", fresh)
    return fresh


@pytest.fixture
def store(home):
    with Store(database_url(home)) as store:
        yield store


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch):
    started = []
    monkeypatch.setattr(shared_mnist.download, "start", lambda: started.append(1))
    return started


@pytest.fixture
def deeds(jobs, home, store, no_downloads):
    """What has been done so far, on a server with somebody's run under way and their network."""
    published = replace(a_run(owner=OTHER, state="done"), result="theirs")
    jobs.others = [published]
    jobs.run = a_run(owner=OTHER, problem="The disk is full.")
    publish(home, "theirs", run=published.id)
    return lambda: (jobs.asked[:], registry.model_names(), no_downloads[:], _rooms(store))


def _rooms(store):
    return sum(len(store.rooms.of(token)) for token in TOKENS)


TOKENS = LEADER, STRANGER = "the_leader_s_token", "the_stranger_s_token"


def visit(token, path="", **query):
    """A browser's page on which somebody's network is chosen."""
    page = open_session(path)
    page.cookies[visitor.COOKIE] = token
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    page.session_state[Key.MODEL] = "theirs"
    return page.run()


def forge(page, ids, texts=()):
    """Send that these buttons were pressed, and that these fields hold a text."""
    states = page._tree.get_widget_states()
    for widget, text in texts:
        states.widgets.add(id=widget, string_value=text)
    for widget in ids:
        states.widgets.add(id=widget, trigger_value=True)
    page._run(states)
    assert not page.exception


def ids_of(page, *buttons):
    return [page.button(key=str(key)).proto.id for key in buttons]


PRESSES = {
    Key.RETRAIN: "",
    Key.FIND_RATE: "train",
    Key.CANCEL: "",
    Key.PUBLISH_AGAIN: "",
    Key.RENAME: "",
    Key.CONFIRM_REMOVAL: "",
    Key.OPEN_ROOM: "wall",
    Key.FETCH_MNIST: "data",
}


@pytest.mark.parametrize("button", PRESSES)
@pytest.mark.parametrize("who", TOKENS)
def test_a_button_that_is_not_shown_cannot_be_pressed_either(deeds, all_leaders, who, button):
    all_leaders.begin(LEADER, CODE)
    shown = visit(LEADER, PRESSES[button])
    texts = [(shown.text_input(key="new_name").proto.id, "stolen")]
    first = ids_of(shown, Key.REMOVE) if button == Key.CONFIRM_REMOVAL else []
    if first:
        shown.button(key="remove").click().run()
    ids, before = ids_of(shown, button), deeds()
    page = shown if who == LEADER else visit(who, PRESSES[button])
    if first and who != LEADER:
        forge(page, first)
    forge(page, ids, texts if button == Key.RENAME else ())
    assert (deeds() != before) == (who == LEADER)


@pytest.mark.parametrize("who", TOKENS)
@pytest.mark.parametrize("button", [Key.EMPTY_ROOM, Key.END_ROOM, Key.PLAY])
def test_another_s_room_is_not_emptied_ended_or_played_in(deeds, store, who, button):
    room = store.rooms.open(LEADER, "Room")
    drawing = store.drawings.keep(OTHER, DIGITS[7], None, 16, room=room.id)
    shown = visit(LEADER, "wall", room=room.code)
    ids = ids_of(shown, button)
    forge(shown if who == LEADER else visit(who, "wall", room=room.code), ids)
    is_done = (
        store.drawings.get(drawing).room is None
        or bool(store.rooms.get(room.id).ended)
        or rooms.with_game(room.code, lambda game: True) is True
    )
    assert is_done == (who == LEADER)


def test_the_game_of_another_s_room_is_not_begun_by_who_leads_the_server(store, all_leaders):
    """To lead a server is not to lead a room."""
    all_leaders.begin(STRANGER, CODE)
    room = store.rooms.open(OTHER, "Room")
    for attempt in (rooms.play, rooms.end, rooms.empty):
        with pytest.raises(StoreError, match="Only who opened"):
            attempt(room.code, STRANGER)


# Another's hand and drawings


@pytest.fixture
def told(store, monkeypatch):
    """A drawing that another told its hand."""
    monkeypatch.setattr(hands, "fit_hand", lambda recognizer, _: recognizer.last_layer.served)
    monkeypatch.setattr(hands, "doubts", lambda _, drawings, places: [None] * len(drawings))
    hand = store.hands.make(OTHER, "Xanthippe")
    return store.drawings.keep(OTHER, DIGITS[7], None, 16, told=7, hand=hand.id)


@pytest.mark.parametrize("said", [1, 10, None])
@pytest.mark.parametrize("who", [OTHER, STRANGER])
def test_another_s_drawing_is_not_changed_from_one_s_own_shelf(store, monkeypatch, who, said):
    monkeypatch.setattr(hands, "fit_hand", lambda recognizer, _: recognizer.last_layer.served)
    drawings = {}
    for token in (OTHER, STRANGER):
        hand = store.hands.make(token, "hand")
        drawings[token] = store.drawings.keep(token, DIGITS[7], None, 16, told=7, hand=hand.id)
    page = visit(who, "hand")
    tell(page, "shelf", "said", {"drawing": drawings[OTHER], "told": said})
    left = store.drawings.newest(Selection(session=OTHER))
    assert ([one.told for one in left] != [7]) == (who == OTHER)


@pytest.mark.parametrize("asked", ["told", "correcting", "forget"])
def test_another_s_drawing_is_not_changed_by_the_socket(store, told, asked):
    headers = {"cookie": f"{visitor.COOKIE}={STRANGER}"}
    drawing = {"from": [0, 0], "points": [[10, 10, 90, 90]], "widths": [16], "models": ["mlp"]}
    says = {
        "told": {"told": 1, "correcting": told, "forget": told},
        "correcting": {"told": 1, "correcting": told},
        "forget": {"forget": told},
    }[asked]
    with (
        TestClient(Starlette(routes=live.routes("")), headers=headers) as client,
        client.websocket_connect("/live") as socket,
    ):
        socket.send_text(json.dumps({"turn": 1} | drawing | says))
        answer = json.loads(socket.receive_text())
    assert "somebody else's" in answer["told"]["error"]
    assert store.drawings.get(told).told == 7


@pytest.mark.parametrize("path", ["", "data", "train", "evaluate", "hand", "wall"])
@pytest.mark.parametrize("who", [OTHER, STRANGER])
def test_no_page_holds_another_s_hand_or_anybody_s_token(deeds, told, who, path):
    page = visit(who, path)
    sent = " ".join(str(message) for message in page._messages)
    assert ("Xanthippe" in sent) == (who == OTHER)
    assert OTHER not in sent and STRANGER not in sent and CODE not in sent


@pytest.mark.parametrize(
    "address",
    [
        "drawings/1",
        "drawings",
        "hands/1",
        "hands",
        "runs",
        "rooms",
        "models/cnn",
        "models/../hands",
    ],
)
def test_the_api_has_no_way_to_what_is_kept(told, home, address):
    with TestClient(Starlette(routes=api.routes("", 1000))) as client:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            cookies = {"cookie": f"{visitor.COOKIE}={OTHER}"}  # not even with the owner's
            answer = client.request(method, f"/api/{address}", headers=cookies)
            assert answer.status_code == 404 and answer.json().keys() == {"error"}


@pytest.mark.parametrize("path", ["predict", "read_number", "models"])
def test_no_other_site_reads_what_the_api_answers(home, path):
    """Nor may it send JSON: its browser asks first, and is not answered as it would have to be."""
    with TestClient(Starlette(routes=api.routes("", 1000))) as client:
        asks = {
            "origin": "http://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }
        for method in ("OPTIONS", "GET", "POST"):
            answer = client.request(method, f"/api/{path}", headers=asks)
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert method != "OPTIONS" or answer.status_code == 405


# Names that a page would run, or fetch something for


@pytest.mark.parametrize("name", [MARKDOWN, "[x](//evil.example)", "<b>x</b>"])
def test_a_hand_s_name_from_a_stranger_s_file_is_shown_as_text(store, name):
    hand = store.hands.make(STRANGER, name)
    store.drawings.keep(STRANGER, DIGITS[7], None, 16, told=7, hand=hand.id)
    page = visit(STRANGER, "hand")
    (pills,) = (element.proto for element in page.button_group if element.key == Key.HAND)
    assert [option.content for option in pills.options] == ["Everybody's", literal(name)]
    heads = {str(head) for table in page.table for head in table.value.columns}
    assert f"CNN with {literal(name)}" in heads


# Fill the disk and the memory


def test_a_file_of_a_hand_is_no_way_around_the_bounds(store, monkeypatch):
    monkeypatch.setattr(quota, "OWN", 5)
    monkeypatch.setattr(quota, "ALL", 8)
    import_hand(store, STRANGER, 5, monkeypatch)
    with pytest.raises(StoreError, match="keeps 5 of your drawings"):
        import_hand(store, STRANGER, 1, monkeypatch)
    with pytest.raises(StoreError, match="as many drawings as it may"):
        import_hand(store, OTHER, 4, monkeypatch)
    import_hand(store, OTHER, 3, monkeypatch)
    assert store.drawings.count(Selection()) == 8


def import_hand(store, token, count, monkeypatch):
    when = store.hands.make(new_session(), "clock").made
    file = HandFile("hand", [ToldDrawing(DIGITS[7], 7, when)] * count)
    given = {Key.IMPORT_HAND: SimpleNamespace(getvalue=lambda: pack_hand(file))}
    monkeypatch.setattr("streamlit.session_state", given)
    sidebar._import(store, token)


def test_many_new_browsers_do_not_get_in_before_all_are_counted_again(store, monkeypatch):
    monkeypatch.setattr(quota, "ALL", 3)
    for number in range(5):
        token = new_session()
        if number < 3:
            quota.check(store, token)
        else:
            with pytest.raises(StoreError, match="as many drawings"):
                quota.check(store, token)
        store.drawings.keep(token, DIGITS[7], None, 16)


@pytest.mark.parametrize("way", ["new", "import"])
def test_a_browser_has_so_many_hands_and_no_more(store, monkeypatch, way):
    monkeypatch.setattr(quota, "HANDS", 2)

    def make():
        if way == "new":
            sidebar._make(store, STRANGER)
        else:
            import_hand(store, STRANGER, 1, monkeypatch)

    make()
    make()
    with pytest.raises(StoreError, match="keeps 2 of your hands, and no more: remove one"):
        make()
    monkeypatch.delenv(leaders.PUBLIC)
    make()


def test_those_who_guess_codes_by_ever_new_browsers_fill_no_memory(all_leaders):
    for _ in range(leaders.BROWSERS + 500):
        with pytest.raises(WrongCode):
            all_leaders.begin(new_session(), "guess")
    assert len(all_leaders._wrong) <= leaders.BROWSERS


def test_ever_new_participants_train_no_more_than_the_server_holds(page, jobs, deeds, monkeypatch):
    monkeypatch.delenv(leaders.PUBLIC)
    monkeypatch.setattr(roles, "ALL", 4)
    person = visit(STRANGER)
    assert not [button for button in person.button if button.key == Key.RETRAIN]
    said = " ".join(caption.value for caption in person.caption)
    assert "This server has 4 networks and runs, and takes no more: ask whoever leads" in said


# Settings that do not say what they seem to


@pytest.mark.parametrize("value", ["1", "on", "TRUE", "y", "2", "public"])
def test_whatever_is_set_but_a_no_makes_a_server_public(monkeypatch, value):
    monkeypatch.setenv(leaders.PUBLIC, value)
    assert leaders.is_public()


@pytest.mark.parametrize("value", ["", "0", " off ", "No", "false"])
def test_a_no_does_not(monkeypatch, value):
    monkeypatch.setenv(leaders.PUBLIC, value)
    assert not leaders.is_public()


@pytest.mark.parametrize("code", [" ", "\t \t", "       x"])
def test_a_code_of_blanks_is_told_before_the_start(monkeypatch, code):
    """Nobody would be asked for it."""
    monkeypatch.setenv(leaders.CODE, code)
    assert "too short" in leaders.problem()


# The files of the server


@pytest.mark.browser  # with the tests that start the server anyway
@pytest.mark.parametrize(
    "address",
    [
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/../../../../../../etc/passwd",
        "/media/..%2f..%2fetc%2fpasswd",
        "/component/x/..%2f..%2f..%2fetc%2fpasswd",
        "/_stcore/bidi-components/streamlit-drawable-canvas/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/app/static/..%2f..%2fetc%2fpasswd",
        "/.streamlit/config.toml",
        "/digitcanvas/app/leaders.py",
        "/drawings.sqlite",
    ],
)
def test_no_file_of_the_server_is_given_out(app, address):
    try:
        with urlopen(Request(f"{app.url}{address}"), timeout=10) as answer:
            content = answer.read().decode(errors="replace")
    except OSError as error:
        assert getattr(error, "code", 0) in (400, 403, 404)
        return
    assert "<!doctype html" in content.lower() and "root:" not in content  # the page
