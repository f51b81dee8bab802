"""The pictures of the Draw page without a browser: Streamlit's AppTest."""

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from digitcanvas import Recognizer
from digitcanvas.app import tray
from digitcanvas.app.parts import picture_source
from tests.apptest import data, open_session, png, tell, turn_to

YEAR = picture_source.SAMPLES["A number on squared paper"].read_bytes()


@pytest.fixture
def page(page):
    page.session_state["input"] = "Picture"
    return page.run()


def upload(page, *files):
    """Bring files, (name, content) each, and give what the page answers to the one shown."""
    page.file_uploader(key="picture").set_value([(*file, "image/png") for file in files]).run()
    assert not page.exception
    return reply(page)


def reply(page):
    return data(page, "answer")["reply"]


def ask(page, **what):
    tell(page, "picture_source", "asked", what, fragment_of="pictures")
    assert not page.exception


def listed(page):
    """The names in the list, what they are read as, and the name of the one that is shown."""
    shown = data(page, "picture_source")
    names = {one["id"]: one["name"] for one in shown["pictures"]}
    texts = [(one["name"], one["text"]) for one in shown["pictures"]]
    return texts, names.get(shown["chosen"])


def id_of(page, name):
    pictures = data(page, "picture_source")["pictures"]
    return next(one["id"] for one in pictures if one["name"] == name)


def test_a_number_in_a_picture_is_read_and_shown(page):
    answer = upload(page, ("year.jpg", YEAR))
    assert answer["answers"][0]["text"] == "2026" and len(answer["digits"]) == 4
    assert len(page.image) == 1 and listed(page) == ([("year.jpg", "2026")], "year.jpg")


def test_several_files_are_read_and_the_first_is_shown(page):
    files = [("3.png", png(3)), ("bad.png", b"hello"), ("year.jpg", YEAR)]
    assert upload(page, *files)["answers"][0]["digit"] == 3
    texts = [("3.png", "3"), ("bad.png", ""), ("year.jpg", "2026")]
    assert listed(page) == (texts, "3.png")
    ask(page, choose=id_of(page, "bad.png"))
    assert reply(page)["error"].startswith("bad.png: This is not a picture")
    assert not page.image
    ask(page, choose=id_of(page, "year.jpg"))
    assert reply(page)["answers"][0]["text"] == "2026" and len(page.image) == 1


def test_a_file_that_comes_later_is_added_and_shown(page):
    upload(page, ("3.png", png(3)))
    assert upload(page, ("4.png", png(4)))["answers"][0]["digit"] == 4
    assert listed(page) == ([("3.png", "3"), ("4.png", "4")], "4.png")
    page.run()
    assert listed(page)[1] == "4.png"


def test_the_pictures_are_there_after_a_visit_to_another_page(page):
    upload(page, ("3.png", png(3)), ("4.png", png(4)))
    ask(page, choose=id_of(page, "4.png"))
    turn_to(page, "data").run()
    assert not page.exception and data(page, "picture_source") is None
    turn_to(page, "").run()
    page.session_state["input"] = "Picture"
    page.run()
    assert reply(page)["answers"][0]["digit"] == 4 and len(page.image) == 1
    assert listed(page) == ([("3.png", "3"), ("4.png", "4")], "4.png")


def test_a_picture_can_be_removed(page):
    upload(page, ("3.png", png(3)), ("4.png", png(4)))
    ask(page, remove=id_of(page, "3.png"))
    assert listed(page) == ([("4.png", "4")], "4.png")
    assert reply(page)["answers"][0]["digit"] == 4
    ask(page, remove=id_of(page, "4.png"))
    assert listed(page) == ([], None) and reply(page) == {"answers": []} and not page.image
    page.run()
    assert listed(page) == ([], None)


@pytest.mark.parametrize("words", picture_source.SAMPLES)
def test_a_sample_can_be_tried(page, words):
    samples = data(page, "picture_source")["samples"]
    assert [sample["words"] for sample in samples] == list(picture_source.SAMPLES)
    ask(page, sample=words)
    ((name, text),), shown = listed(page)
    assert name == shown == words and text
    assert data(page, "picture_source")["samples"] == []


@pytest.mark.parametrize(
    "odd", [None, 7, "x", [], {}, {"sample": []}, {"choose": {}}, {"remove": 1}, {"sample": "../x"}]
)
def test_a_browser_may_ask_for_anything(page, odd):
    upload(page, ("3.png", png(3)))
    tell(page, "picture_source", "asked", odd, fragment_of="pictures")
    assert not page.exception and listed(page) == ([("3.png", "3")], "3.png")


def test_what_finds_no_room_is_named(page, monkeypatch):
    monkeypatch.setattr(tray, "MOST", 2)
    upload(page, *((f"{digit}.png", png(digit)) for digit in range(7)))
    assert listed(page) == ([("0.png", "0"), ("1.png", "1")], "0.png")
    assert page.warning[0].value == (
        "At most 2 pictures are kept: remove some first. "
        "Left out: `2.png`, `3.png`, `4.png` and 2 more."
    )
    ask(page, sample=next(iter(picture_source.SAMPLES)))  # a press that the list has overtaken
    assert page.warning[0].value == "At most 2 pictures are kept: remove some first."
    ask(page, remove=id_of(page, "0.png"))
    assert not page.warning


def test_a_picture_is_read_once_by_each_choice_of_networks(page, monkeypatch):
    read, asked = Recognizer.read_number_image, []

    def note(recognizer, picture):
        asked.append(recognizer)
        return read(recognizer, picture)

    monkeypatch.setattr(Recognizer, "read_number_image", note)
    upload(page, ("3.png", png(3)), ("year.jpg", YEAR))
    assert len(asked) == 2
    page.toggle(key="logits").set_value(True).run()
    ask(page, choose=id_of(page, "year.jpg"))
    page.run()
    assert len(asked) == 2
    page.segmented_control(key="model").set_value("mlp").run()
    assert len(asked) == 4 and asked[0] is not asked[2]


def test_streamlit_keeps_no_file_that_was_taken(page, monkeypatch):
    removed = []
    remove = MemoryUploadedFileManager.remove_file

    def note(manager, session_id, file_id):
        removed.append(file_id)
        remove(manager, session_id, file_id)

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", note)
    upload(page, ("3.png", png(3)), ("bad.png", b"hello"))
    assert len(set(removed)) == 2
    assert page.file_uploader(key="picture").value
    page.run()
    assert len(set(removed)) == 2 and listed(page)[1] == "3.png"


def test_a_photo_is_taken_and_the_camera_closed(page):
    assert not page.camera_input
    page.button(key="camera").click().run()
    assert page.button(key="camera").label == "Close the camera"
    page.camera_input(key="shot").set_value(("shot.jpg", YEAR, "image/jpeg")).run()
    assert not page.exception and not page.camera_input
    assert listed(page) == ([("Photo 1", "2026")], "Photo 1")
    page.button(key="camera").click().run()
    assert reply(page) == {"answers": []} and not page.image
    page.button(key="camera").click().run()
    assert not page.camera_input and reply(page)["answers"][0]["text"] == "2026"


def test_a_wide_canvas_does_not_bind_the_pictures(page):
    page.toggle(key="wide").set_value(True)
    page.toggle(key="centred").set_value(False).run()
    assert not page.toggle(key="centred").disabled
    assert "digit" in upload(page, ("year.jpg", YEAR))["answers"][0]


def test_a_file_s_name_is_one_line(page, monkeypatch):
    monkeypatch.setattr(tray, "MOST", 1)
    upload(page, ("a\n# b.png", png(3)), ("c\n\n# `d`.png", png(4)))
    assert listed(page)[1] == "a # b.png"
    assert page.warning[0].value.endswith("Left out: `c # d.png`.")


def test_a_picture_that_is_chosen_or_comes_closes_the_camera(page):
    upload(page, ("3.png", png(3)), ("4.png", png(4)))
    page.button(key="camera").click().run()
    ask(page, choose=id_of(page, "4.png"))
    assert not page.camera_input and reply(page)["answers"][0]["digit"] == 4
    page.button(key="camera").click().run()
    assert upload(page, ("5.png", png(5)))["answers"][0]["digit"] == 5
    assert not page.camera_input


def test_the_camera_closes_with_its_tab(page):
    page.button(key="camera").click().run()
    assert page.camera_input
    page.session_state["input"] = "Canvas"
    assert not page.run().camera_input
    page.session_state["input"] = "Picture"
    assert not page.run().camera_input


def test_pictures_are_the_session_s_own(page):
    upload(page, ("3.png", png(3)))
    other = open_session().run()
    other.session_state["input"] = "Picture"
    other.run()
    assert listed(other) == ([], None)
