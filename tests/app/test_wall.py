"""The page Wall, and Draw's line for those in a room, without a browser."""

import json
from urllib.parse import unquote

import pytest

from digitcanvas.app import rooms, visitor
from digitcanvas.app.pages.wall import address_of, qr_of
from digitcanvas.data.store import Answer, new_session, open_store
from tests.apptest import data, link, open_session, tell, turn_to
from tests.digits import DIGITS

ANSWER = Answer(7, 0.98, 0.99, False, "cnn")


@pytest.fixture
def store(home):
    with open_store(home) as store:
        yield store


@pytest.fixture
def leader(home):
    """A session that has opened a room, on its wall."""
    page = open_session("wall")
    page.run()
    page.button(key="open_room").click().run()
    assert_well(page)
    return page


def assert_well(page):
    assert not page.exception and not page.main.error and not page.main.warning


def code_of(page):
    return data(page, "wall")["code"]


def join(code, path=""):
    """Another session that has followed the link."""
    page = open_session(path)
    page.query_params["room"] = code
    page.run()
    assert not page.exception
    return page


def warnings(page):
    return " ".join(element.value for element in page.main.warning)


def test_who_opens_a_room_gets_its_wall_a_code_and_a_qr_code(leader, store):
    code = code_of(leader)
    assert store.rooms.find(code).ended is None
    assert data(leader, "wall")["isLeader"]
    assert link(leader) == {"room": code}
    (shown,) = [html.proto.body for html in leader.get("html") if code in html.proto.body]
    assert f'<p class="code">{code}</p>' in shown and "data:image/svg+xml" in shown
    turn_to(leader, "").run()
    assert data(leader, "room")["code"] == data(leader, "companion")["options"]["room"] == code


def test_whoever_follows_the_link_is_in_the_room_and_may_leave_it(leader):
    code = code_of(leader)
    page = join(code)
    assert_well(page)
    assert data(page, "room") == {"code": code, "note": "what you draw appears on its wall."}
    assert data(page, "companion")["options"]["room"] == code
    turn_to(page, "data").run()
    assert link(page) == {"room": code}, "on each page"
    turn_to(page, "").run()
    page.button(key="leave").click()
    page.run_fragment_of("room_line")
    assert data(page, "room") is None and data(page, "companion")["options"]["room"] is None
    assert link(page) == {}


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "spaced"])
def test_a_code_that_is_typed_joins_too(leader, typed):
    code = code_of(leader)
    text = {"lower": code.lower(), "spaced": f"{code[:2]} {code[2:4]}-{code[4:]}"}
    page = open_session("wall")
    page.run()
    page.text_input(key="code").set_value(text.get(typed, typed.format(code)))
    page.button(key="join").click().run()
    assert_well(page)
    turn_to(page, "").run()
    assert data(page, "companion")["options"]["room"] == code


@pytest.mark.parametrize(
    ("typed", "complaint"), [("QQQQQ", "no room"), ("abc", "five letters"), ("12345", "five")]
)
def test_a_code_of_no_room_is_a_message(page, typed, complaint):
    turn_to(page, "wall").run()
    page.text_input(key="code").set_value(typed)
    page.button(key="join").click().run()
    assert not page.exception and complaint in warnings(page)
    turn_to(page, "").run()
    assert data(page, "room") is None


@pytest.mark.parametrize("code", ["", "abc", "12345", "<b>xx", "ABCDEFGH", "ÄÖÜÄÖ"])
def test_a_link_with_what_is_no_code_joins_nothing(home, code):
    page = join(code)
    assert_well(page)
    assert data(page, "room") is None and link(page) == {}


def test_a_link_to_a_room_that_is_gone_can_be_left_again(home):
    page = join("QQQQQ")
    assert_well(page)
    assert data(page, "room")["code"] == "QQQQQ"
    turn_to(page, "wall").run()
    assert not page.exception and "no room" in warnings(page)
    page.button(key="leave").click().run()
    assert_well(page)
    assert page.button(key="open_room")


def test_the_leader_hides_a_drawing_and_shows_it_again(leader, store):
    room = store.rooms.find(code_of(leader))
    drawing = store.drawings.keep("somebody", DIGITS[7], ANSWER, 16, room=room.id)
    tell(leader, "wall", "hide", drawing)
    assert_well(leader)
    assert store.drawings.get(drawing).hidden
    leader.button(key="show_again").click().run()
    assert_well(leader)
    assert not store.drawings.get(drawing).hidden


def test_the_leader_empties_and_ends_the_room(leader, store):
    room = store.rooms.find(code_of(leader))
    drawing = store.drawings.keep("somebody", DIGITS[7], ANSWER, 16, room=room.id)
    leader.button(key="empty_room").click().run()
    assert_well(leader)
    assert store.drawings.get(drawing).room is None
    leader.button(key="end_room").click().run()
    assert_well(leader)
    assert store.rooms.get(room.id).ended
    assert "has ended" in leader.info[0].value
    assert "play" not in [button.key for button in leader.button]
    leader.button(key="leave").click().run()
    assert_well(leader)
    assert "own_room" not in [button.key for button in leader.button]


def test_the_leader_comes_back_to_an_open_room(leader):
    code = code_of(leader)
    leader.button(key="leave").click().run()
    leader.button(key="own_room").click().run()
    assert_well(leader)
    assert code_of(leader) == code and data(leader, "wall")["isLeader"]


def test_the_leader_starts_the_game(leader):
    leader.button(key="play").click().run()
    assert_well(leader)
    assert rooms.rooms.with_game(code_of(leader), lambda game: len(game.digits)) == 1


@pytest.mark.parametrize("hidden", [7, 0, -1, 2**70, True, "1", None, {"id": 1}, [1]])
def test_nobody_else_hides_whatever_they_send(leader, store, hidden):
    room = store.rooms.find(code_of(leader))
    drawing = store.drawings.keep("somebody", DIGITS[7], ANSWER, 16, room=room.id)
    other = join(room.code, "wall")
    assert data(other, "wall") == data(leader, "wall") | {"isLeader": False}
    keys = {button.key for button in other.button}
    assert not keys & {"play", "show_again", "empty_room", "end_room"}
    tell(other, "wall", "hide", drawing if hidden == 7 else hidden)
    assert not other.exception
    assert ("Only who opened the room" in warnings(other)) == (hidden == 7)
    assert not store.drawings.get(drawing).hidden
    other.run()
    assert_well(other)


def test_a_drawing_of_another_room_is_not_hidden_by_this_one_s_leader(leader, store):
    other = store.rooms.open(new_session(), "other")
    drawing = store.drawings.keep("somebody", DIGITS[7], ANSWER, 16, room=other.id)
    tell(leader, "wall", "hide", drawing)
    assert not leader.exception and "no such drawing" in warnings(leader)
    assert not store.drawings.get(drawing).hidden


def test_a_name_is_chosen_once_and_shown(leader):
    page = join(code_of(leader))
    page.text_input(key="name_on_wall").set_value("Ada").run()
    assert_well(page)
    token = page.session_state["session"].visitor
    assert rooms.rooms.name_of(token) == "Ada"
    page.text_input(key="name_on_wall").set_value("a\u202eb").run()
    assert not page.exception and "name has" in warnings(page)
    assert rooms.rooms.name_of(token) == "Ada"


def test_where_keeping_is_switched_off_the_line_says_so(leader):
    page = open_session()
    page.query_params["room"] = code_of(leader)
    page.cookies[visitor.KEEPING] = visitor.OFF
    page.run()
    assert "does not get your drawings" in data(page, "room")["note"]


def test_a_server_that_keeps_nothing_has_no_rooms(page, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_STORE", "0")
    page.query_params["room"] = "BCDFG"
    page.run()
    assert not page.exception and data(page, "room") is None


def test_where_the_store_fails_the_page_says_why_and_draw_goes_on(home):
    (home / "drawings.sqlite").write_text("no database, but some text " * 100)
    page = open_session("wall")
    page.run()
    page.button(key="open_room").click().run()
    assert not page.exception and "damaged" in warnings(page)
    page = join("BCDFG")
    assert not page.exception and data(page, "companion")["options"]["room"] == "BCDFG"


def test_nothing_secret_is_on_a_page(leader, store):
    secret = leader.session_state["session"].visitor
    page = join(code_of(leader), "wall")
    for session in (leader, page):
        shown = json.dumps([str(element.proto) for element in session.get("bidi_component")])
        assert secret not in shown


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("http://10.0.0.7:8501/wall", "http://10.0.0.7:8501/?room=BCDFG"),
        ("https://school.example/digits/wall", "https://school.example/digits/?room=BCDFG"),
        ("https://school.example/digits/wall/", "https://school.example/digits/?room=BCDFG"),
        (
            "https://school.example/wall?room=QQQQQ&pen_width=8",
            "https://school.example/?room=BCDFG",
        ),
        ("http://[::1]:8501/wall", "http://[::1]:8501/?room=BCDFG"),
        (None, "/?room=BCDFG"),
    ],
)
def test_the_address_to_join_is_draw_s_wherever_the_app_is_served(page, address):
    assert address_of("BCDFG", page) == address


def test_the_qr_code_says_the_address():
    """Read back by OpenCV."""
    import cv2
    import numpy as np
    import segno

    address = "https://school.example/digits/?room=BCDFG"
    assert "<svg" in unquote(qr_of(address))
    matrix = np.array([list(row) for row in segno.make(address, error="m", micro=False).matrix])
    picture = np.pad(255 * (1 - matrix.astype(np.uint8)), 4, constant_values=255)
    big = cv2.resize(picture, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    assert cv2.QRCodeDetector().detectAndDecode(big)[0] == address
