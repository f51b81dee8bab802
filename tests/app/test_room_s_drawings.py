"""What a room told, in the form and on Evaluate and Data, without a browser."""

from dataclasses import replace

import numpy as np
import pytest

from digitcanvas import Recognizer
from digitcanvas.app.parts import shared_told
from digitcanvas.app.rooms import rooms
from digitcanvas.data.store import FIRST_NAME, NO_DIGIT, Answer, Store, database_url
from digitcanvas.data.told import ALL_ROOMS
from digitcanvas.reading.evaluation import predict_images
from digitcanvas.runs.recipes import RECIPES
from tests.apptest import data, link, open_session, plots, press_in, turn_to, words
from tests.data.test_told import drawings, tell
from tests.digits import DIGITS

MNIST = "All of MNIST"
WITH_ROOM = "All of MNIST and the room's drawings"
ALONE = "The room's drawings alone"
ROOM = "The room's drawings"
SAMPLE = "The bundled sample of MNIST"


def text(page):
    return " ".join(element.value for element in (*page.main.markdown, *page.main.caption))


def titles(page):
    return [title.value for title in page.main.subheader]


@pytest.fixture
def sample(monkeypatch, tmp_path_factory):
    """A machine that has no more of MNIST than the sample."""
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))


@pytest.fixture
def all_rooms(home):
    """Thirty drawings told by six people, and three that are no digit."""
    others = [replace(drawing, label=NO_DIGIT) for drawing in drawings(people=6)[:3]]
    tell(home, drawings(people=6) + others)


@pytest.fixture
def room(home, all_rooms, page):
    """The code of a room of two, in which the session is: Ada misleads, and the other does not."""
    with Store(database_url(home)) as store:
        opened = store.rooms.open("leader", "Class 4b")
        for person, name in (("secret-ada", "Ada <b>"), ("secret-bob", FIRST_NAME)):
            hand = store.hands.make(person, name).id
            for digit in range(10):
                told = (digit + 1) % 10 if (person, digit) == ("secret-ada", 3) else digit
                answer = Answer(digit, 0.9, 0.9, False, "cnn")
                strokes = list(DIGITS[digit])
                store.drawings.keep(
                    person, strokes, answer, 16, told=told, hand=hand, room=opened.id
                )
    page.query_params["room"] = opened.code
    return opened.code


# The form


def choices(page):
    return page.selectbox(key="data").options


def send(page, jobs):
    page.button(key="retrain").click().run()
    assert not page.exception and not page.error
    return jobs.run.task.recipe


def test_a_room_s_drawings_are_offered_where_there_are_enough(page, jobs, home):
    tell(home, drawings(people=6)[1:])
    assert choices(page.run()) == [MNIST, SAMPLE]
    tell(home, drawings(people=1)[:1])
    shared_told._supply.clear()
    assert choices(page.run()) == [MNIST, WITH_ROOM, ALONE, SAMPLE]
    assert page.selectbox(key="data").value == MNIST


@pytest.mark.parametrize("pen", [False, True])
def test_they_are_learnt_from_with_mnist_and_pen_drawings_or_alone(
    page, jobs, all_rooms, monkeypatch, pen
):
    if pen:
        monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    page.run()
    page.selectbox(key="data").set_value(WITH_ROOM).run()
    assert "The room's drawings are 33 drawings told by 6 people in all rooms" in words(
        page.sidebar
    )
    quick = RECIPES["quick"]
    assert send(page, jobs) == replace(quick, room=ALL_ROOMS, pen_copies=int(pen))
    jobs.run = replace(jobs.run, state="failed")
    page.selectbox(key="data").set_value(ALONE).run()
    assert send(page, jobs) == replace(quick, room=ALL_ROOMS, room_only=True)
    assert "Trains on" not in words(page.sidebar)


def test_who_is_in_a_room_learns_from_that(page, jobs, room, monkeypatch):
    monkeypatch.setattr("digitcanvas.app.parts.shared_told.FEWEST", 20)
    page.run()
    page.selectbox(key="data").set_value(ALONE).run()
    assert f"20 drawings told by 2 people in the room {room}" in words(page.sidebar)
    assert send(page, jobs).room == room


def test_another_recipe_keeps_them_and_a_link_brings_them_back(page, jobs, all_rooms):
    page.run()
    page.selectbox(key="data").set_value(ALONE).run()
    page.selectbox(key="recipe").set_value("mlp-128").run()
    assert page.selectbox(key="data").value == ALONE and link(page)["data"] == "room-only"
    other = open_session()
    other.query_params["data"] = "room"
    other.run()
    assert other.selectbox(key="data").value == WITH_ROOM


def test_drawings_that_are_gone_are_chosen_no_longer(page, jobs, home, all_rooms):
    page.run()
    page.selectbox(key="data").set_value(ALONE).run()
    (home / "drawings.sqlite").unlink()
    shared_told._supply.clear()
    page.run()
    assert not page.exception and page.selectbox(key="data").value == MNIST
    assert send(page, jobs) == replace(RECIPES["quick"], pen_copies=0)


@pytest.mark.parametrize("trouble", ["off", "damaged"])
@pytest.mark.parametrize("path", ["", "data", "evaluate"])
def test_without_a_store_nothing_is_offered_and_all_else_goes_on(
    page, jobs, home, sample, all_rooms, monkeypatch, trouble, path
):
    if trouble == "off":
        monkeypatch.setenv("DIGITCANVAS_STORE", "0")
    else:
        (home / "drawings.sqlite").write_bytes(b"damaged" * 1000)
    turn_to(page, path).run()
    assert not page.exception and not page.error
    assert choices(page) == [MNIST, SAMPLE]
    with pytest.raises(KeyError):
        page.segmented_control(key="measured_on")


def test_who_is_in_a_room_is_told_who_sees_and_learns_from_what_they_tell(page, room):
    page.run()
    for use in ("teaches your hand", "wall", "Evaluate", "can be trained on it"):
        assert use in data(page, "told")["note"]
    other = open_session().run()
    assert data(other, "told")["note"].endswith("teaches it your hand alone.")
    turn_to(other, "wall").run()
    (kept,) = (one.value for one in other.main.caption if "kept on this server" in one.value)
    assert "on Evaluate, and trained on, by all who use this server" in kept


def test_data_tells_how_many_there_are(page, sample, all_rooms):
    turn_to(page, "data").run()
    assert not page.exception
    assert "**The room's drawings**: 33 drawings told by 6 people in all rooms." in text(page)


# Evaluate


def look(page):
    """Measure on the room's drawings."""
    turn_to(page, "evaluate").run()
    page.segmented_control(key="measured_on").set_value(ROOM).run()
    assert not page.exception and not page.error
    return page


def test_evaluate_begins_with_mnist(page, sample, all_rooms):
    turn_to(page, "evaluate").run()
    assert not page.exception and "sample's test digits right" in text(page)
    assert page.segmented_control(key="measured_on").options == ["MNIST's test digits", ROOM]
    assert "by_person" not in plots(page)


def test_without_drawings_evaluate_has_no_choice(page, sample, home):
    turn_to(page, "evaluate").run()
    with pytest.raises(KeyError):
        page.segmented_control(key="measured_on")


def test_all_rooms_drawings_are_measured_as_mnist_is(page, sample, home, all_rooms):
    look(page)
    assert "There are 33 drawings told by 6 people in all rooms." in text(page)
    assert "3 told to be no digit are left out." in text(page)
    digits = shared_told._digits(home, ALL_ROOMS)
    reading = predict_images(Recognizer.load("cnn"), digits.images, digits.labels)
    assert f"misreads **{reading.errors.wrong}** of the 30 digits" in text(page)
    (heat,) = plots(page)["confusion"]["data"]
    shown = [[int(count or 0) for count in row] for row in heat["text"]]
    np.testing.assert_array_equal(shown, reading.metrics["confusion"])
    (people,) = plots(page)["by_person"]["data"]
    assert len(people["x"]) == 6
    assert "One drawing" in titles(page)
    (figures,) = (table.value for table in page.main.table)
    assert figures.columns[0] == "on the room's drawings"


def test_a_room_s_people_are_shown_by_the_names_they_chose(page, sample, room, monkeypatch):
    monkeypatch.setattr(rooms, "name_of", {"secret-ada": "Ada <b>"}.get)
    look(page)
    assert f"There are 20 drawings told by 2 people in the room {room}." in text(page)
    chart = plots(page)["by_person"]
    assert chart["layout"]["yaxis"]["ticktext"] == ["Ada &lt;b&gt;", "Person 2"]
    assert chart["data"][0]["x"] == [10, 0]
    press_in(page, "confusion", [4, 3])
    assert "Every 4 that CNN reads as 3" in titles(page)
    (hover,) = plots(page)["gallery"]["data"][2]["text"]
    assert hover.startswith("drawing 3, by Ada &lt;b&gt;: a 4, read as 3")
    assert "Drawing **3** is a **4**, read as **3**" in text(page)


def test_a_hand_s_name_is_its_owner_s_alone(page, sample, room):
    chart = plots(look(page))["by_person"]
    assert chart["layout"]["yaxis"]["ticktext"] == ["Person 1", "Person 2"]


def test_outside_a_room_nobody_is_named(page, sample, room, monkeypatch):
    monkeypatch.setattr(rooms, "name_of", {"secret-ada": "Ada", "secret-bob": "Bob"}.get)
    del page.query_params["room"]
    people = plots(look(page))["by_person"]["layout"]["yaxis"]["ticktext"]
    assert sorted(people) == [f"Person {number}" for number in range(1, 9)]


def test_two_networks_are_compared_by_person(page, sample, room):
    look(page)
    page.selectbox(key="compare").set_value("mlp").run()
    assert not page.exception
    assert [dots["name"] for dots in plots(page)["by_person"]["data"]] == ["CNN", "MLP"]


def test_no_page_is_sent_a_session_s_secret(page, sample, room):
    look(page)
    sent = " ".join(str(message) for message in page._messages)
    assert "Ada" in sent and "secret" not in sent


def test_what_was_chosen_for_other_digits_is_forgotten(page, sample, all_rooms):
    turn_to(page, "evaluate").run()
    page.number_input(key="test_index").set_value(900)
    page.selectbox(key="true_digit").set_value(3).run()
    look(page)
    assert page.selectbox(key="true_digit").value is None
    assert page.number_input(key="test_index").value < 30
    page.segmented_control(key="measured_on").set_value("MNIST's test digits").run()
    assert not page.exception and "sample's test digits right" in text(page)


def test_where_all_are_no_digits_there_is_nothing_to_measure(page, sample, home):
    tell(home, [replace(drawing, label=NO_DIGIT) for drawing in drawings(people=2)])
    look(page)
    assert "Nobody has told yet that a drawing is a digit." in [note.value for note in page.info]
    assert "sample's test digits right" in text(page)


def test_a_store_that_fails_is_a_message_and_mnist_is_measured(page, sample, home, all_rooms):
    turn_to(page, "evaluate").run()
    (home / "drawings.sqlite").write_bytes(b"damaged" * 1000)
    look(page)
    assert "the file is damaged" in page.main.warning[0].value
    assert "sample's test digits right" in text(page)
