"""Rooms: how drawings reach a wall, what those who look get, and what nobody else can do."""

import json
import time
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from digitcanvas.app import live, live_drawing, rooms, visitor, walls
from digitcanvas.app.rooms import Post, Posts, Rooms
from digitcanvas.app.walls import POINTS, View, Walls, counts_of, path_of
from digitcanvas.data.store import (
    Answer,
    Counts,
    Selection,
    StoreError,
    new_session,
    open_store,
)
from tests.digits import DIGITS, in_a_row

ANSWER = Answer(7, 0.98, 0.99, False, "cnn")
LEADER = new_session()


@pytest.fixture
def store(home):
    with open_store(home) as store:
        yield store


@pytest.fixture
def room(store):
    return store.rooms.open(LEADER, "Class 3")


@pytest.fixture(autouse=True)
def afresh(home, monkeypatch):
    """Nothing is remembered of another test's rooms."""
    monkeypatch.setattr(rooms, "GAP", 0)
    own, own_walls = Rooms(), Walls()
    own_posts = Posts(own)
    for module in (rooms, walls, live_drawing):
        for name, value in {"rooms": own, "posts": own_posts, "walls": own_walls}.items():
            if name in vars(module):
                monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(live, "walls", own_walls)
    return own, own_posts


def until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return value


class Browser:
    """One that is connected to the live socket, with a cookie of its own or none."""

    def __init__(self, client, cookie=True):
        self.token = new_session() if cookie else None
        headers = {"cookie": f"{visitor.COOKIE}={self.token}"} if cookie else {}
        self.connection = client.websocket_connect(live.PATH, headers=headers)
        self.turn, self.heard = 0, []

    def __enter__(self):
        self.socket = self.connection.__enter__()
        return self

    def __exit__(self, *error):
        self.connection.__exit__(*error)

    def send(self, message):
        self.socket.send_text(json.dumps(message))

    def hear(self, wanted):
        """The next message that has this; what comes before it is noted too."""
        while True:
            self.heard.append(json.loads(self.socket.receive_text()))
            if wanted in self.heard[-1]:
                return self.heard[-1]

    def draw(self, digit=7, strokes=None, **fields):
        """Draw a digit on an empty canvas, and let the pen rest."""
        strokes = DIGITS[digit] if strokes is None else strokes
        rows = [np.ravel(stroke).tolist() for stroke in strokes]
        self.turn += 1
        self.send(
            {"turn": self.turn, "from": [0, 0], "points": rows, "widths": [16] * len(rows)}
            | {"models": ["cnn"], "rest": True}
            | fields
        )
        return self.hear("turn")

    def watch(self, code):
        self.code, self.shown = code, None
        self.send({"watch": code})

    def wall(self, is_so=lambda wall: True):
        """The wall once it is so, with all tiles that it then shows."""
        while not (self.shown and is_so(self.shown)):
            wall = self.hear("wall")["wall"]
            if wall["code"] != self.code:  # it was on its way already
                continue
            tiles = {} if wall["afresh"] else self.shown["tiles"]
            tiles |= {tile["id"]: tile for tile in wall["tiles"]}
            for drawing in wall["gone"]:
                tiles.pop(drawing, None)
            self.shown = wall | {"tiles": tiles}
        return self.shown

    def room(self, is_so=lambda room: True):
        """What this browser was told last of the room that it draws in, once it is so."""
        while True:
            told = [message["room"] for message in self.heard if "room" in message]
            if told and is_so(told[-1]):
                return told[-1]
            self.hear("room")


@pytest.fixture
def client(afresh, monkeypatch):
    monkeypatch.setattr(walls, "INTERVAL", 0.02)
    lifespan = asynccontextmanager(lambda app: _watching())
    with TestClient(Starlette(routes=live.routes(""), lifespan=lifespan)) as client:
        yield client


async def _watching():
    async with walls.watching():
        yield


# What reaches a wall


def test_what_three_draw_comes_to_the_wall_with_its_answers(client, room, store):
    with Browser(client) as one, Browser(client) as two, Browser(client) as wall:
        wall.watch(room.code)
        assert not wall.wall()["tiles"]
        one.draw(7, room=room.code)
        two.draw(3, room=room.code)
        seen = wall.wall(lambda wall: len(wall["tiles"]) == 2)
        assert sorted(tile["said"] for tile in seen["tiles"].values()) == [3, 7]
        assert seen["counts"] == {"drawings": 2, "told": 0, "right": 0, "hardest": None}
        assert seen["isOpen"] and seen["code"] == room.code
        wall.wall(lambda wall: wall["people"] == 2)
        for kept in store.drawings.each(Selection(room=room.id)):
            assert kept.session in (one.token, two.token) and kept.answer.network == "cnn"


def test_who_comes_later_gets_all_of_the_wall(client, room):
    with Browser(client) as one:
        for digit in (1, 2, 3):
            one.draw(digit, room=room.code)
        with Browser(client) as early, Browser(client) as late:
            early.watch(room.code)
            early.wall(lambda wall: len(wall["tiles"]) == 3)
            late.watch(room.code)
            seen = late.wall()
            assert seen["afresh"] and len(seen["tiles"]) == 3


def test_a_drawing_that_goes_on_stays_one(client, room, store):
    with Browser(client) as one, Browser(client) as wall:
        first, second = DIGITS[4]
        one.draw(strokes=[first], room=room.code)
        wall.watch(room.code)
        ((drawing, half),) = wall.wall(lambda wall: wall["tiles"])["tiles"].items()
        one.draw(strokes=[first, second])
        whole = wall.wall(lambda wall: wall["tiles"][drawing]["path"] != half["path"])
        assert list(whole["tiles"]) == [drawing] and whole["tiles"][drawing]["said"] == 4
    with Browser(client) as again:  # after a reload, by another socket of the same browser
        posts = live_drawing.posts
        place = rooms.place_of(one.token, room.code, [first])
        assert posts.settle(place) == drawing
        again.draw(strokes=[first], room=room.code)
        until(lambda: store.drawings.count(Selection(room=room.id)) == 2)


def test_nothing_reaches_a_wall_before_the_pen_rests_or_without_a_room(client, room, store):
    with Browser(client) as one:
        one.draw(7, room=room.code, rest=False)
        one.draw(7, rest=1)
        one.draw(7, room=None)
        one.draw(7, room=room.code, models=["nobody"])
        one.draw(strokes=[])
    live_drawing.posts._writers.shutdown()
    assert store.drawings.count(Selection()) == 0


def test_a_number_is_not_on_the_wall_but_the_digit_that_it_began_with_stays(client, room, store):
    with Browser(client) as one:
        one.draw(2, room=room.code, numbers=True)
        until(lambda: store.drawings.count(Selection()) == 1)
        one.draw(strokes=in_a_row("27"))
        one.draw(strokes=in_a_row("7"), numbers=True)
        until(lambda: store.drawings.count(Selection()) == 2)
    assert sorted(kept.answer.digit for kept in store.drawings.each(Selection())) == [2, 7]


def test_what_is_told_of_a_drawing_on_the_wall_counts_there(client, room, store):
    with Browser(client) as one, Browser(client) as wall:
        one.draw(7, room=room.code)
        wall.watch(room.code)
        told = one.draw(7, told=7, rest=False)["told"]
        seen = wall.wall(lambda wall: wall["counts"].get("told"))
        assert list(seen["tiles"]) == [told["drawing"]]
        assert seen["counts"] == {"drawings": 1, "told": 1, "right": 1, "hardest": None}
        one.draw(7, told=1, correcting=told["drawing"], rest=False)
        seen = wall.wall(lambda wall: wall["counts"]["right"] == 0)
        assert seen["tiles"][told["drawing"]]["told"] == 1
        one.draw(7, forget=told["drawing"], rest=False)
        seen = wall.wall(lambda wall: wall["counts"]["told"] == 0)
        assert list(seen["tiles"]) == [told["drawing"]], "what was told is taken back, no more"
    assert store.drawings.count(Selection()) == 1


def test_what_is_told_at_once_as_the_pen_rests_is_one_drawing(client, room, store):
    with Browser(client) as one:
        told = one.draw(7, room=room.code, told=7)["told"]
    (kept,) = store.drawings.each(Selection())
    assert (kept.id, kept.room, kept.told) == (told["drawing"], room.id, 7)


def test_a_drawing_that_its_person_deleted_can_be_told_and_shown_again(client, room, store):
    with Browser(client) as one:
        one.draw(7, room=room.code)
        (kept,) = until(lambda: list(store.drawings.each(Selection())))
        store.drawings.delete(kept.id, one.token)
        assert "error" in one.draw(7, told=7, rest=False)["told"]
        assert one.draw(7, told=7)["told"]["drawing"] != kept.id
    (kept,) = store.drawings.each(Selection())
    assert kept.room == room.id


# Who is never in the way


def post(number=0, code="BCDFG", who="one", **fields):
    stroke = np.array([(number, 1.0), (20, 30)])
    given = {"visitor": who, "code": code, "strokes": [stroke], "pen": 16.0}
    return Post(**given, network="cnn", prediction=None, began=0.0, **fields)


class Slow(Posts):
    """A store that takes its time."""

    def __init__(self):
        super().__init__(Rooms())
        self.kept, self.is_open = [], False

    def _keep(self, post):
        until(lambda: self.is_open)
        self.kept.append(post)


def test_whoever_draws_waits_for_no_store_and_too_many_drawings_are_not_kept():
    posts = Slow()
    began = time.monotonic()
    for number in range(2 * rooms.WAITING):
        posts.add(post(number, who=f"p{number}"))
    assert time.monotonic() - began < 1
    posts.is_open = True
    until(lambda: len(posts.kept) >= rooms.WAITING)
    posts._writers.shutdown()
    assert len(posts.kept) <= rooms.WAITING + 1


def test_who_draws_in_a_room_that_is_gone_costs_nobody_else_a_drawing(room, store, monkeypatch):
    monkeypatch.setattr(rooms, "answer_of", lambda *_: Answer(7, 0.9, 0.9, False, "cnn"))
    posts = Posts(rooms.rooms)
    with posts._writing:
        posts.add(post(1, who="stray", code="ZZZZZ"))
        for number in (3, 7):
            posts.add(post(number, who=f"p{number}", code=room.code))
    posts._writers.shutdown()
    assert "ZZZZZ" in posts.problem("stray")
    assert store.drawings.count(Selection(room=room.id)) == 2
    assert posts.problem("p3") == posts.problem("p7") == ""


def test_where_the_store_fails_all_who_wait_are_told_why(monkeypatch):
    posts = Posts(rooms.rooms)

    def fail(_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(posts, "_keep", fail)
    with posts._writing:
        for number in (1, 3, 7):
            posts.add(post(number, who=f"p{number}"))
    posts._writers.shutdown()
    assert {posts.problem(f"p{number}") for number in (1, 3, 7)} == {"The disk is full."}


def test_of_a_drawing_that_waits_the_newest_is_kept():
    posts = Slow()
    posts.add(post(1, who="first"))
    newer = [post(7) for _ in range(5)]
    for one in newer:
        posts.add(one)
    posts.is_open = True
    posts._writers.shutdown()
    assert [one.visitor for one in posts.kept] == ["first", "one"] and posts.kept[1] is newer[-1]


def test_a_flood_of_one_browser_s_drawings_is_not_kept(monkeypatch):
    monkeypatch.setattr(rooms, "GAP", 60)
    posts = Slow()
    posts.is_open = True
    for number in range(100):
        posts.add(post(number))
        posts.add(post(number, who="another" if number == 50 else "one"))
    posts._writers.shutdown()
    assert [one.visitor for one in posts.kept] == ["one", "another"]


def test_where_the_store_fails_the_answers_come_and_the_person_is_told_why(
    client, room, monkeypatch
):
    def fail():
        raise StoreError("The disk is full.")

    with Browser(client) as one:
        one.draw(7, room=room.code)
        assert one.room()["error"] == ""
        with monkeypatch.context() as patched:
            patched.setattr(rooms, "need_store", fail)
            assert one.draw(3)["answers"][0]["digit"] == 3
            one.room(lambda room: room["error"] == "The disk is full.")
        assert one.draw(4)["answers"][0]["digit"] == 4
        one.room(lambda room: room["error"] == "")


def test_a_wall_whose_store_fails_says_why_and_goes_on_later(client, room, monkeypatch):
    monkeypatch.setattr(walls, "FRESH", 0.1)
    with Browser(client) as wall:
        wall.watch(room.code)
        wall.wall()
        with monkeypatch.context() as patched:
            patched.setattr(walls, "need_store", lambda: open_store(Path("/dev/null/nowhere")))
            wall.wall(lambda wall: "/dev/null/nowhere" in wall["error"])
        wall.wall(lambda wall: not wall["error"])


def test_a_browser_without_cookies_is_told_that_its_drawings_are_not_shown(client, room, store):
    with Browser(client, cookie=False) as one:
        assert one.draw(7, room=room.code)["answers"][0]["digit"] == 7
        assert "cookies" in one.room()["error"]
    live_drawing.posts._writers.shutdown()
    assert store.drawings.count(Selection()) == 0


# What nobody may do, whatever they send


def test_no_secret_reaches_another_browser(client, room, store):
    with Browser(client) as one, Browser(client) as two, Browser(client) as wall:
        wall.watch(room.code)
        rooms.rooms.play(room.code, LEADER)
        for digit in (7, 3):
            one.draw(digit, room=room.code)
            two.draw(digit, room=room.code, told=7)
        wall.wall(lambda wall: len(wall["tiles"]) == 4 and wall["game"]["best"])
        walls.rooms.with_game(room.code, lambda game: setattr(game, "end", time.monotonic()))
        with_game = wall.wall(lambda wall: wall["game"] and wall["game"]["isOver"])
        assert len(with_game["game"]["best"]) == 2
        for browser in (one, two):
            browser.room(lambda room: room["game"] and room["game"]["mine"])
        everything = json.dumps([one.heard, two.heard, wall.heard])
    for secret in (one.token, two.token, wall.token, LEADER):
        assert secret not in everything


@pytest.mark.parametrize("code", ["ABCDE", "bcdfg", "'; --", "\0\0\0\0\0", "%%%%%"])
def test_a_room_that_is_none_shows_nothing_and_harms_nobody(client, room, store, code):
    with Browser(client) as one, Browser(client) as wall:
        wall.watch(code)
        seen = wall.wall()
        assert not seen["isOpen"] and not seen["tiles"] and "There is no room" in seen["error"]
        assert one.draw(7, room=code)["answers"][0]["digit"] == 7
        assert "There is no room" in one.room()["error"]
        wall.watch(room.code)
        assert wall.wall(lambda wall: wall["code"] == room.code)["isOpen"]
    live_drawing.posts._writers.shutdown()
    assert store.drawings.count(Selection()) == 0


@pytest.mark.parametrize("watch", [7, "", "ABCDEF", "ÄÖÜäö", ["ABCDE"], {"a": 1}, True])
@pytest.mark.parametrize("name", ["watch", "room"])
def test_what_is_no_code_ends_its_own_connection(client, name, watch):
    with Browser(client) as other, Browser(client) as one:
        if name == "watch":
            one.watch(watch)
        else:
            one.send({"turn": 1, "from": [0, 0], "points": [], "widths": [], "room": watch})
        with pytest.raises(WebSocketDisconnect) as closed:
            one.hear("turn")
        assert closed.value.code == 1007
        assert other.draw(1)["answers"][0]["digit"] == 1
    assert not walls.walls._listeners


def test_a_room_that_has_ended_takes_nothing_more_and_says_so(client, room, store):
    with Browser(client) as one, Browser(client) as wall:
        wall.watch(room.code)
        one.draw(7, room=room.code)
        wall.wall(lambda wall: wall["tiles"])
        rooms.rooms.end(room.code, LEADER)
        assert len(wall.wall(lambda wall: not wall["isOpen"])["tiles"]) == 1
        one.room(lambda room: not room["isOpen"])
        assert one.draw(3)["answers"][0]["digit"] == 3
        one.room(lambda room: "has ended" in room["error"])
    assert store.drawings.count(Selection(room=room.id)) == 1


def test_nobody_changes_or_tells_another_s_drawing(client, room, store):
    with Browser(client) as one, Browser(client) as two:
        told = one.draw(7, room=room.code, told=7)["told"]
        drawing = told["drawing"]
        assert "error" in two.draw(3, room=room.code, told=1, correcting=drawing)["told"]
        assert "error" in two.draw(3, forget=drawing)["told"]
        two.draw(7, room=room.code)  # the same strokes are another's drawing
        live_drawing.posts._writers.shutdown()
        assert store.drawings.count(Selection(room=room.id, session=two.token)) == 2
    kept = store.drawings.get(drawing)
    assert (kept.session, kept.told, kept.room) == (one.token, 7, room.id)


def test_only_the_leader_hides_empties_ends_and_starts(room, store):
    own, somebody = rooms.rooms, new_session()
    drawing = store.drawings.keep(somebody, DIGITS[7], ANSWER, 16, room=room.id)
    for do in (
        lambda who: own.hide(room.code, drawing, who),
        lambda who: own.hide(room.code, drawing, who, hidden=False),
        lambda who: own.play(room.code, who),
        lambda who: own.empty(room.code, who),
        lambda who: own.end(room.code, who),
    ):
        with pytest.raises(StoreError, match="Only who opened the room"):
            do(somebody)
        do(LEADER)
    with pytest.raises(StoreError, match="has ended"):
        own.play(room.code, LEADER)


def test_a_hidden_drawing_leaves_the_wall_and_the_counts_and_may_come_back(client, room, store):
    with Browser(client) as one, Browser(client) as wall:
        wall.watch(room.code)
        told = one.draw(7, room=room.code, told=7)["told"]
        drawing = told["drawing"]
        wall.wall(lambda wall: wall["tiles"] and wall["counts"]["told"])
        rooms.rooms.hide(room.code, drawing, LEADER)
        seen = wall.wall(lambda wall: not wall["tiles"])
        assert seen["counts"]["drawings"] == seen["counts"]["told"] == 0
        with Browser(client) as late:
            late.watch(room.code)
            assert not late.wall()["tiles"]
        rooms.rooms.hide(room.code, drawing, LEADER, hidden=False)
        assert wall.wall(lambda wall: wall["tiles"])["counts"]["drawings"] == 1
        rooms.rooms.empty(room.code, LEADER)
        wall.wall(lambda wall: wall["afresh"] and not wall["tiles"])


# The game on the socket


def test_all_in_the_room_see_the_digit_and_the_wall_counts(client, room):
    with Browser(client) as one, Browser(client) as two, Browser(client) as wall:
        wall.watch(room.code)
        rooms.rooms.name(one.token, " Ada  Lovelace ")
        for browser in (one, two):
            browser.draw(1, room=room.code)
        rooms.rooms.play(room.code, LEADER)
        game = one.room(lambda room: room["game"])["game"]
        assert game["asked"] == two.room(lambda room: room["game"])["game"]["asked"]
        assert game["left"] > 115 and not game["isOver"] and game["mine"] is None
        asked = game["asked"]
        one.draw(asked)
        two.draw((asked + 1) % 10)
        seen = wall.wall(lambda wall: wall["game"] and wall["game"]["now"] == [1, 1])
        assert seen["game"]["asked"] == asked
        (best, name), (second, other) = [(score, name) for name, *score in seen["game"]["best"]]
        assert (best, name, second) == ([1, 0], "Ada Lovelace", [0, 1])
        assert other.startswith("Player ")
        assert {tile["name"] for tile in seen["tiles"].values()} <= {"", "Ada Lovelace"}
        rooms.rooms.with_game(room.code, lambda game: setattr(game, "end", time.monotonic()))
        mine = [
            browser.room(lambda room: room["game"] and room["game"]["mine"])["game"]["mine"]
            for browser in (one, two)
        ]
        assert mine == [[1, 2, 1, 0], [2, 2, 0, 1]]


def test_a_name_is_kept_and_may_be_nothing():
    own = Rooms()
    assert own.name_of("one") is None
    own.name("one", "  ")
    assert own.name_of("one") == ""
    own.name("one", "Bo")
    assert own.name_of("one") == "Bo" and own.name_of("two") is None
    for odd in ("x" * 21, "x" * 50, "a\0b", "a\u202eb"):
        with pytest.raises(StoreError):
            own.name("one", odd)
    assert own.name_of("one") == "Bo"


# Walls


def test_those_who_look_at_one_wall_cost_one_look(client, room, monkeypatch):
    looks = []
    look = View._look_at_drawings
    monkeypatch.setattr(View, "_look_at_drawings", lambda *given: looks.append(1) or look(*given))
    monkeypatch.setattr(walls, "INTERVAL", 0.2)
    with Browser(client) as one, Browser(client) as two, Browser(client) as three:
        for browser in (one, two, three):
            browser.watch(room.code)
            browser.wall()
        looks.clear()
        time.sleep(0.9)
        assert 2 <= len(looks) <= 6


def test_one_who_does_not_receive_holds_nobody_up(client, room, monkeypatch):
    sent = []

    class Asleep:
        async def send_text(self, text):
            sent.append(text)
            await walls.asyncio.sleep(60)

    walls.walls.watch(Asleep(), None, room.code)
    with Browser(client) as one, Browser(client) as wall:
        wall.watch(room.code)
        one.draw(7, room=room.code)
        wall.wall(lambda wall: wall["tiles"])
    assert len(sent) == 1, "what comes meanwhile does not pile up"


def test_many_drawings_come_whole_and_the_wall_shows_the_newest(room, store, monkeypatch):
    monkeypatch.setattr(walls, "TILES", 5)
    ids = [store.drawings.keep("a", DIGITS[7], ANSWER, 16, room=room.id) for _ in range(8)]
    view = View(room.code)
    view.look(has_wall=True)
    assert list(view.tiles) == ids[-5:]
    ids += [store.drawings.keep("a", DIGITS[7], ANSWER, 16, room=room.id) for _ in range(7)]
    for _ in range(2):
        view.look(has_wall=True)
    assert list(view.tiles) == ids[-5:] and view.counts["drawings"] == 15


def test_a_path_is_short_whatever_was_drawn():
    long = [np.stack([np.linspace(0, 280, 3000), np.full(3000, 1e5)], axis=1)] * 3
    path = path_of(long)
    assert path.count("M") == 3 and len(path) < 12 * POINTS and "310" in path
    assert len(path_of([np.zeros((1, 2))] * 500)) < 12 * POINTS
    assert path_of([np.array([[3.4, 5.6]])]) == "M3 6L3 6"
    assert path_of([np.array([[0.0, 0], [10, 20], [30.4, 40]])]) == "M0 0L10 20 30 40"


@pytest.mark.parametrize(
    ("cells", "hardest"),
    [
        ({}, None),
        ({(7, 7): 9}, None),
        ({(7, 1): 2}, None),  # too few
        ({(7, 1): 3, (2, 2): 9, (2, 3): 3}, 7),
        ({(7, 1): 1, (7, 7): 5, (2, 2): 2, (2, 3): 2}, 2),
        ({(10, 3): 5, (4, 10): 3}, 4),
    ],
)
def test_the_hardest_digit_is_misread_most_of_those_told_often_enough(cells, hardest):
    confusion = np.zeros((11, 11), np.int64)
    for cell, count in cells.items():
        confusion[cell] = count
    total = int(confusion.sum())
    counts = counts_of(Counts(total + 4, total, confusion.sum(axis=0), confusion))
    assert counts["hardest"] == hardest
    assert counts["told"] == total and counts["drawings"] == total + 4
    assert counts["right"] == sum(n for (told, said), n in cells.items() if told == said)
    json.dumps(counts)
