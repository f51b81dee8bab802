"""The hand in the sidebar and the page that teaches one, without a browser."""

import json
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
import streamlit as st
from sqlalchemy import insert
from streamlit.components.v2.bidi_component.main import _make_trigger_id

from digitcanvas.app import hands, visitor
from digitcanvas.app.live_drawing import CHANGED, KEEPS_NOTHING, NO_COOKIE
from digitcanvas.app.sidebar.hand import EVERYBODY, KEPT
from digitcanvas.data.store import NO_DIGIT, Selection, StoreError, new_session
from digitcanvas.data.store.tables import DrawingRow
from digitcanvas.drawing import hand_files
from digitcanvas.drawing.files import write_drawings
from digitcanvas.drawing.hand_files import HandFile, ToldDrawing, pack_hand
from digitcanvas.drawing.strokes import Drawing
from tests.apptest import data, draw, keys, link, open_session, turn_to
from tests.digits import DIGITS, in_a_row


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """What is told is kept, and teaches nothing: fitting a hand takes a while."""
    monkeypatch.setattr(hands, "fit_hand", lambda recognizer, _: recognizer.last_layer.served)
    monkeypatch.setattr(hands, "doubts", lambda _, drawings, places: [None] * len(drawings))


@pytest.fixture
def visit(home):
    """Opens sessions of browsers, each with its cookie."""

    def visit(path="", token=None):
        page = open_session(path)
        page.cookies[visitor.COOKIE] = page.token = token or new_session()
        return see(page)

    return visit


def see(page, path=None):
    """Run the page, and find no error there."""
    if path is not None:
        turn_to(page, path)
    stay_open(page)
    page.run()
    assert not page.exception
    return page


def open_menu(page):
    page.is_menu_open = True
    return see(page)


def stay_open(page):
    """Keep the menu as it is: AppTest does not tell a run which expanders are open."""
    page.session_state["hands"] = getattr(page, "is_menu_open", False)


def tell(page, digit, told=None):
    """Draw a digit anew and say what it is, itself as a rule. Gives what the server says."""
    strokes = [stroke + page.turn / 10 for stroke in DIGITS[digit]]
    return draw(page, strokes, told=digit if told is None else told)["told"]


def own(page):
    """The names of this browser's hands, and which one is on."""
    of = hands.store().hands.of(page.token)
    return [hand.name for hand in of], next((hand.name for hand in of if hand.is_on), None)


def told(page):
    """What the hand that is on was told, by drawing."""
    hands.hands.forget(page.token)
    active = hands.hands.active(page.token)
    return {kept.id: kept.told for kept in active.told} if active else {}


def choices(page):
    return next((one.options for one in page.pills if one.key == "hand"), None)


def choose(page, name):
    (pills,) = (one for one in page.pills if one.key == "hand")
    value = next(hand.id for hand in hands.store().hands.of(page.token) if hand.name == name)
    pills.set_value(value if name else EVERYBODY)
    return see(page)


def press(page, key):
    page.button(key).click()
    return see(page)


def say(page, key, **said):
    """What a press on the shelf of this key says."""
    (shelf,) = (
        element.proto.id
        for element in page.get("bidi_component")
        if element.proto.component_name == "digitcanvas.shelf" and element.proto.id.endswith(key)
    )
    stay_open(page)
    states = page._tree.get_widget_states()
    event = json.dumps([{"event": "said", "value": said}])
    states.widgets.add(id=_make_trigger_id(shelf, "events"), json_trigger_value=event)
    page._run(states)
    assert not page.exception


def test_where_nothing_was_told_there_is_one_link(visit):
    page = visit()
    (only,) = page.sidebar.page_link
    assert (only.label, only.proto.page) == ("Teach it your hand", "hand")
    assert choices(page) is None and "keep" not in [one.key for one in page.toggle]


def test_the_first_drawing_that_is_told_makes_a_hand_which_can_be_switched_off(visit):
    page = visit()
    tell(page, 7)
    see(page)
    assert choices(page) == ["Everybody's", "My hand"] and own(page) == (["My hand"], "My hand")
    (pills,) = (one for one in page.pills if one.key == "hand")
    pills.set_value(EVERYBODY)
    see(page)
    assert own(page) == (["My hand"], None) and hands.hands.active(page.token) is None
    choose(page, "My hand")
    assert own(page) == (["My hand"], "My hand") and hands.hands.active(page.token).told


def test_what_is_told_to_everybodys_hand_switches_the_newest_on(visit):
    page = visit()
    assert tell(page, 7)["switched"] is True
    assert tell(page, 3)["switched"] is False
    hands.store().hands.switch(page.token, None)
    hands.hands.forget(page.token)
    assert tell(page, 5)["switched"] is True
    assert list(told(page).values()) == [7, 3, 5]


def test_a_drawing_is_read_anew_when_the_hand_changes(visit):
    page = visit()
    options = [data(page, "companion")["options"]]
    for digit in (7, 3):
        tell(page, digit)
        options.append(data(see(page), "companion")["options"])
    (pills,) = (one for one in page.pills if one.key == "hand")
    pills.set_value(EVERYBODY)
    options.append(data(see(page), "companion")["options"])
    assert options[0]["hand"] is None and options[0] == options[3]
    assert len({one["hand"] for one in options}) == 3


def test_a_rerun_tells_nothing_twice(visit):
    page = visit()
    tell(page, 7)
    see(page)
    see(page)
    assert list(told(page).values()) == [7]


def test_each_digit_of_a_number_is_told_by_itself(visit):
    """Its own strokes alone are kept."""
    page = visit()
    strokes = in_a_row("274")
    said = draw(page, strokes, told=1, place=1)["told"]
    assert said["digit"] == 1 and "error" not in said
    assert list(told(page).values()) == [1]
    (kept,) = hands.hands.active(page.token).told
    np.testing.assert_array_equal(kept.drawing.strokes, [strokes[1]])
    again = draw(page, strokes, told=7, place=1, correcting=said["drawing"])["told"]
    assert again["drawing"] == said["drawing"] and list(told(page).values()) == [7]


@pytest.mark.parametrize("place", [None, 3])
def test_a_digit_that_a_number_does_not_have_is_not_told(visit, place):
    page = visit()
    which = {} if place is None else {"place": place}
    reply = draw(page, in_a_row("274"), told=1, **which)
    assert reply["told"] == {"error": CHANGED} and reply["answers"][0]["text"] == "274"
    assert not told(page)


def test_nobody_sees_or_changes_the_hand_of_another_browser(visit):
    first, second = visit(), visit()
    tell(first, 7, told=1)
    see(second)
    assert choices(second) is None and own(second) == ([], None)
    tell(second, 7)
    drawing = next(iter(told(first)))
    assert "error" in draw(second, DIGITS[7], told=9, correcting=drawing)["told"]
    assert "error" in draw(second, DIGITS[7], forget=drawing)["told"]
    assert told(first) == {drawing: 1}


def test_hands_are_made_renamed_and_removed(visit):
    page = visit()
    tell(page, 7)
    open_menu(see(page))
    press(page, "new_hand")
    assert own(page) == (["My hand", "My hand 2"], "My hand 2")
    page.text_input("hand_name").set_value("  Left ")
    press(page, "rename_hand")
    assert own(page) == (["My hand", "Left"], "Left")
    assert page.text_input("hand_name").value == "Left"
    page.text_input("hand_name").set_value("my HAND")
    press(page, "rename_hand")
    assert page.sidebar.error[0].value.startswith("You have a hand 'my HAND' already")
    assert not see(page).sidebar.error
    press(page, "remove_hand")
    press(page, "spare_hands")
    assert own(page)[0] == ["My hand", "Left"]
    press(page, "remove_hand")
    press(page, "confirm_hands")
    assert own(page) == (["My hand"], None)
    choose(page, "My hand")
    assert list(told(page).values()) == [7]


def test_drawings_are_deleted_after_a_question(visit):
    page, other = visit(), visit()
    for one in (page, other):
        tell(one, 7)
    open_menu(see(page))
    press(page, "delete_drawings")
    assert "for good: 1." in " ".join(one.value for one in page.sidebar.markdown)
    press(page, "spare_hands")
    assert list(told(page).values()) == [7]
    press(page, "delete_drawings")
    press(page, "confirm_hands")
    assert not told(page) and list(told(other).values()) == [7]
    assert "delete_drawings" not in keys(page)
    see(page, "hand")
    assert data(page, "shelf") is None


def test_what_was_drawn_in_a_room_is_deleted_without_a_hand_too(visit):
    page = visit("hand")
    assert "delete_drawings" not in keys(page)
    drawings = hands.store().drawings
    drawings.keep(page.token, DIGITS[7], None, 16)
    press(see(page), "delete_drawings")
    press(page, "confirm_hands")
    assert drawings.count(Selection(session=page.token)) == 0
    assert "delete_drawings" not in keys(page)


@pytest.mark.parametrize(("path", "key"), [("", "shelf_in_menu"), ("hand", "shelf")])
def test_what_was_told_can_be_corrected_and_taken_back(visit, path, key):
    page = visit()
    first, second = (tell(page, digit)["drawing"] for digit in (7, 3))
    see(page, path)
    if key == "shelf_in_menu":
        open_menu(page)
    say(page, key, drawing=first, told=NO_DIGIT)
    assert told(page) == {first: NO_DIGIT, second: 3}
    say(page, key, drawing=second, told=None)
    assert told(page) == {first: NO_DIGIT}


@pytest.fixture
def exported(monkeypatch):
    """Gives what a press on Export gives."""
    exports, button = [], st.download_button

    def note(label, content, **options):
        exports.extend([content] if label == "Export" else [])
        return button(label, content, **options)

    monkeypatch.setattr(st, "download_button", note)
    return lambda: exports[-1]()


@pytest.fixture
def no_hand(tmp_path):
    """A file of drawings, but not a hand's."""
    write_drawings(tmp_path / "drawings.npz", [Drawing(DIGITS[3], 3, 0)])
    return (tmp_path / "drawings.npz").read_bytes()


def upload(page, content):
    page.file_uploader("import_hand").set_value(("hand.npz", content, ""))
    return see(page)


def rename(page, name):
    page.text_input("hand_name").set_value(name)
    return press(page, "rename_hand")


def history(page):
    """What the hand that is on was told, and when."""
    hands.hands.forget(page.token)
    return [(kept.told, kept.made) for kept in hands.hands.active(page.token).told]


def a_hand(name="Ada", told_at=datetime(2026, 11, 27, 12, tzinfo=UTC)):
    """The content of a hand's file."""
    return pack_hand(HandFile(name, [ToldDrawing(DIGITS[3], 3, told_at)]))


def test_a_hand_is_exported_to_one_file_and_imported_from_it(visit, exported):
    page, other = visit(), visit("hand")
    for digit in (7, 3):
        tell(page, digit)
    tell(page, 5, told=NO_DIGIT)
    rename(open_menu(see(page)), "Ada, büro")
    content = exported()
    upload(other, content)
    assert own(other) == (["Ada, büro"], "Ada, büro")
    assert history(other) == history(page)
    assert [one for one, _ in history(page)] == [7, 3, NO_DIGIT]
    assert data(other, "asking")["counts"] == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0]
    upload(open_menu(other), content)
    assert own(other) == (["Ada, büro", "Ada, büro 2"], "Ada, büro 2")


def test_a_drawing_from_the_future_was_told_now(visit):
    page = visit("hand")
    upload(page, a_hand(told_at=datetime(9000, 1, 1, tzinfo=UTC)))
    assert history(page)[0][1] <= datetime.now(UTC)


def test_the_longest_name_is_imported_twice(visit):
    page = visit("hand")
    upload(page, a_hand("a" * 40))
    upload(open_menu(page), a_hand("A" * 40))
    assert own(page)[0] == ["a" * 40, "A" * 36 + " 2"]


@pytest.mark.parametrize("name", ["Everybody's", "  everybody’S"])
def test_no_hand_is_called_as_everybodys(visit, name):
    page = visit()
    tell(page, 7)
    rename(open_menu(see(page)), name)
    assert page.sidebar.error[0].value.startswith("Everybody's means no hand of your own")
    upload(page, a_hand(name))
    assert own(page)[0] == ["My hand", f"{name.strip()} 2"]


def test_a_hand_that_could_not_be_imported_again_is_not_exported(visit, monkeypatch):
    monkeypatch.setattr(hand_files, "MOST_DRAWINGS", 1)
    page = visit()
    for digit in (7, 3):
        tell(page, digit)
    open_menu(see(page))
    captions = " ".join(one.value for one in page.caption)
    assert "It cannot be exported. This hand has 2 drawings, and 1 is the most" in captions
    assert "Export" not in [one.proto.label for one in page.get("download_button")]


def test_a_file_that_is_no_hand_is_refused_and_leaves_none_behind(visit, no_hand):
    page = visit("hand")
    for content in (b"no drawings", no_hand, a_hand()[:-50]):
        upload(page, content)
        (error,) = page.error
        assert error.value.startswith("This is not a hand's file")
    assert own(page) == ([], None)


def test_an_import_that_fails_leaves_the_hands_as_they_are(visit, no_hand, monkeypatch):
    page = visit()
    tell(page, 7)
    open_menu(see(page))

    def insert_or_fail(table):
        return _refuse(StoreError("The disk is full.")) if table is DrawingRow else insert(table)

    monkeypatch.setattr("digitcanvas.data.store.hands.insert", insert_or_fail)
    for content, words in ((no_hand, "not a hand's file"), (a_hand(), "The disk is full.")):
        upload(page, content)
        assert words in page.sidebar.error[0].value
        assert own(page) == (["My hand"], "My hand") and list(told(page).values()) == [7]


def test_where_nothing_is_to_be_kept_telling_is_refused_and_nothing_stored(visit):
    page = visit("hand")
    assert KEPT in [one.value for one in page.caption]
    assert data(page, "keeping") == {"chosen": 0}
    page.toggle("keep").set_value(False)
    see(page)
    assert data(page, "keeping")["chosen"] > 0
    assert link(page) == {}
    assert data(page, "asking") is None
    assert page.info[0].value.startswith("You have switched off")
    see(page, "")
    assert tell(page, 7) == {"error": KEEPS_NOTHING}
    assert hands.store().drawings.count(Selection(session=page.token)) == 0
    see(page, "hand")
    page.toggle("keep").set_value(True)
    see(page, "")
    assert "drawing" in tell(page, 7)


def test_keeping_is_switched_in_all_tabs_of_a_browser_at_once(visit):
    page, other = visit("hand"), visit()
    tab = visit("", page.token)
    page.toggle("keep").set_value(False)
    see(page)
    assert tell(tab, 7) == {"error": KEEPS_NOTHING}
    assert tell(visit("", page.token), 7) == {"error": KEEPS_NOTHING}
    assert not see(tab, "hand").toggle("keep").value
    assert "drawing" in tell(other, 7)


def test_a_browser_remembers_that_nothing_is_to_be_kept(home):
    page = open_session()
    page.cookies[visitor.COOKIE] = page.token = new_session()
    page.cookies[visitor.KEEPING] = visitor.OFF
    see(page)
    assert data(page, "told")["note"] == KEEPS_NOTHING
    assert tell(page, 7) == {"error": KEEPS_NOTHING}
    assert not see(page, "hand").toggle("keep").value


def test_where_the_server_keeps_nothing_there_is_no_hand(visit, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_STORE", "0")
    page = visit()
    assert not page.sidebar.page_link and choices(page) is None and not page.warning


@pytest.mark.parametrize("path", ["", "hand"])
def test_where_the_store_fails_there_is_one_warning_and_drawing_goes_on(visit, home, path):
    (home / "drawings.sqlite").write_bytes(b"no database" * 1000)
    page = visit(path)
    assert "cannot be read" in page.sidebar.warning[0].value
    assert len(page.sidebar.warning) == 1 and len(page.main.warning) == (path == "hand")
    see(page, "")
    assert draw(page, DIGITS[7])["answers"][0]["digit"] == 7
    assert "cannot be read" in tell(page, 7)["error"]


def test_a_failing_store_stops_no_press(visit, monkeypatch):
    page = visit()
    tell(page, 7)
    open_menu(see(page))
    monkeypatch.setattr(
        hands.store().hands, "make", partial(_refuse, StoreError("The disk is full."))
    )
    press(page, "new_hand")
    assert [one.value for one in page.sidebar.error] == ["The disk is full."]


def _refuse(error, *arguments):
    raise error


def test_a_browser_without_cookies_is_told_why_it_has_no_hand(home):
    page = see(open_session("hand"))
    assert [one.value for one in page.main.warning] == [NO_COOKIE]


def test_the_page_asks_for_what_the_newest_hand_lacks(visit):
    page = visit("hand")
    assert data(page, "asking")["hand"] is None
    assert data(page, "asking")["counts"] == [0] * 10
    see(page, "")
    for digit in (7, 7, 3):
        tell(page, digit)
    tell(page, 5, told=NO_DIGIT)
    see(page, "hand")
    asked = data(page, "asking")
    assert asked["counts"] == [0, 0, 0, 1, 0, 0, 0, 2, 0, 0]
    (pills,) = (one for one in page.pills if one.key == "hand")
    pills.set_value(EVERYBODY)
    assert data(see(page), "asking") == asked


def test_the_page_shows_how_each_digit_is_read(visit):
    page = visit()
    for digit, told_as in ((1, 7), (1, 7), (3, 3), (5, NO_DIGIT)):
        tell(page, digit, told_as)
    see(page, "hand")
    (table,) = page.table
    columns = table.value.to_dict("list")
    assert columns["digit"] == ["3", "7", "no digit", "all"]
    assert columns["CNN as it came"] == ["1 of 1", "0 of 2", "0 of 1", "0 of 2"]
    assert columns["CNN with My hand"][::2] == ["–", "–"]
    assert columns["CNN with My hand"][1] == columns["CNN with My hand"][3] != "–"
    assert any("learned from others alone" in one.value for one in page.caption)


def test_a_network_that_cannot_learn_a_hand_says_so(visit, monkeypatch):
    page = visit()
    tell(page, 7)
    refuse = partial(_refuse, ValueError("This network cannot learn a hand."))
    monkeypatch.setattr("digitcanvas.app.pages.hand._read", refuse)
    see(page, "hand")
    assert [one.value for one in page.info] == ["CNN: This network cannot learn a hand."]
    assert not page.table and data(page, "shelf")["told"]
