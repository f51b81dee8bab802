"""Where pictures come from, on Draw: files, the clipboard, a camera, samples; and what is read.

Streamlit's widgets take files and photos, and picture_source.js gives the first what is pasted, or
dropped beside it. All go to the session's tray, which outlives the widgets and holds less.
"""

import base64
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from digitcanvas.app import assets, picture_reading, state
from digitcanvas.app.reply import Reply, reply_to
from digitcanvas.app.state import Key
from digitcanvas.app.tray import THUMBNAIL, Full, Kept, Reading, as_jpeg, named
from digitcanvas.drawing import pictures
from digitcanvas.drawing.marked import scaled
from digitcanvas.reading.recognizer import Recognizer

SAMPLES = {
    words: Path(__file__).parent / "samples" / f"{name}.jpg"
    for name, words in {
        "five": "A digit in bad light",
        "year": "A number on squared paper",
        "turned": "A digit on its side",
    }.items()
}
"""Made of our own strokes by `python -m tests.sample_pictures`."""

LABEL = "Photos or scans of digits and numbers"

READING = "Reading the pictures …"

NAMED = 3
"""So many of the files that found no room are named."""

_source = assets.component(
    "digitcanvas.picture_source",
    Path(__file__).with_name("picture_source.js"),
    html=f"""
    <div class="st-key-{Key.SAMPLE_PICTURES}" role="group" aria-label="Samples to try" hidden>
      <span>or try</span>
    </div>
    <div class="pictures" hidden>
      <table aria-label="Pictures">
        <thead><tr><th scope="col">picture</th><th scope="col">read as</th>
          <th scope="col">how sure</th><td></td></tr></thead>
        <tbody></tbody>
      </table>
    </div>
    """,
    css=Path(__file__).with_name("picture_source.css").read_text(),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Places:
    """Where the picture is shown, and below it the ways to bring one, and the list of all."""

    frame: DeltaGenerator
    ways: DeltaGenerator


def take(is_open: bool) -> Places:
    """Take the pictures that are brought. Gives the places that `show` fills.

    The camera closes where the tab is not `is_open`.
    """
    session = state.session()
    session.uses_camera &= is_open
    frame, ways = st.container(key=Key.FRAME), st.container(key=Key.WAYS)
    files = ways.file_uploader(
        LABEL, pictures.SUFFIXES, accept_multiple_files=True, key=Key.PICTURE
    )
    new = [(file.name, file) for file in files if file.file_id not in session.taken]
    if new:
        with frame, st.spinner("Opening the pictures …") if len(new) > 1 else nullcontext():
            _keep(new)
    if session.uses_camera:
        frame.camera_input(
            LABEL,
            key=Key.SHOT,
            on_change=_take_photo,
            label_visibility="collapsed",
            resolution="1080p",
        )
    with ways:
        st.button(
            "Close the camera" if session.uses_camera else "Camera",
            icon=":material/photo_camera:",
            key=Key.CAMERA,
            on_click=_switch_camera,
        )
    return Places(frame, ways)


def show(places: Places, recognizers: Mapping[str, Recognizer], centred: bool) -> Reply:
    """Show the picture that is looked at. Gives what the first recognizer reads."""
    session = state.session()
    warning = places.ways.empty()
    if session.left_out:
        warning.warning(session.left_out, icon=":material/warning:")
    shown = session.tray.shown
    if session.uses_camera or not shown:
        return reply_to({})
    if shown.problem:
        return {"error": f"{shown.name}: {shown.problem}"}
    reading = _read(shown, recognizers, centred)
    places.frame.image(reading.shown, width="stretch", alt=f"The picture {shown.name}")
    if reading.note:
        places.frame.caption(reading.note)
    return reading.reply | {"picture": shown.id}


def show_list(places: Places, recognizers: Mapping[str, Recognizer], centred: bool) -> None:
    """List all pictures and what is read of each; without any, samples to begin with.

    What is looked at is shown before, as the others may take seconds.
    """
    tray = state.session().tray
    with places.ways:
        bar = st.empty()
        waiting = [one for one in tray.pictures if one.waits(_way(recognizers, centred))]
        if len(waiting) > 1:
            bar.progress(0.0, READING)
            for place, one in enumerate(waiting, 1):
                _read(one, recognizers, centred)
                bar.progress(place / len(waiting), READING)  # where a newer press is heard
            bar.empty()
        items = [_item(one, recognizers, centred) for one in tray.pictures]
        _source(
            data={
                "samples": [] if items else _samples(),
                "pictures": items,
                "chosen": tray.chosen,
            },
            key=Key.PICTURES,
            on_asked_change=_obey,
        )


def _way(recognizers: Mapping[str, Recognizer], centred: bool) -> object:
    """What a reading depends on."""
    return tuple(recognizers.items()), centred


def _read(kept: Kept, recognizers: Mapping[str, Recognizer], centred: bool) -> Reading:
    """What is read of a picture, once for these recognizers."""
    return kept.reading(
        _way(recognizers, centred),
        lambda picture: picture_reading.read(picture, recognizers, centred),
    )


def _item(kept: Kept, recognizers: Mapping[str, Recognizer], centred: bool) -> dict[str, str]:
    """A picture in the list."""
    reading = None if kept.problem else _read(kept, recognizers, centred)
    return {
        "id": kept.id,
        "name": kept.name,
        "view": kept.thumbnail,
        "text": reading.text if reading else "",
        "certainty": reading.certainty if reading else "",
    }


@st.cache_data(show_spinner=False)
def _samples() -> list[dict[str, str]]:
    """The sample pictures as the script shows them."""
    return [
        {
            "words": words,
            "view": base64.b64encode(
                as_jpeg(scaled(pictures.read_picture(path), THUMBNAIL), 75)
            ).decode(),
        }
        for words, path in SAMPLES.items()
    ]


def _switch_camera() -> None:
    session = state.session()
    session.uses_camera = not session.uses_camera


def _take_photo() -> None:
    photo: UploadedFile | None = st.session_state[Key.SHOT]
    if photo:
        session = state.session()
        session.uses_camera = False
        session.photos += 1
        _keep([(f"Photo {session.photos}", photo)])


def _obey() -> None:
    """Do what the script was asked for. A browser may say anything."""
    values: Any = st.session_state[Key.PICTURES]
    asked = values["asked"]
    if not isinstance(asked, dict):
        return
    session = state.session()
    session.left_out = ""
    session.tray.remove(asked.get("remove"))
    if session.tray.find(asked.get("choose")):
        _look_at(asked["choose"])
    for words, path in SAMPLES.items():
        if words == asked.get("sample"):
            try:
                _look_at(session.tray.add(words, path.read_bytes()).id)
            except Full as full:
                session.left_out = f"{full}: remove some first."


def _look_at(id: str) -> None:
    """Show this picture of the tray, and no camera."""
    session = state.session()
    session.tray.choose(id)
    session.uses_camera = False


def _keep(files: Sequence[tuple[str, UploadedFile]]) -> None:
    """Put files into the tray under these names, and look at the first that is new."""
    session = state.session()
    kept, left_out, why = [], [], ""
    for name, file in files:
        try:
            kept.append(session.tray.add(name, file.getvalue()))
        except Full as full:
            left_out.append(name)
            why = str(full)
        session.taken.add(file.file_id)
        _release(file)
    if kept:
        _look_at(kept[0].id)
    session.left_out = ""
    if left_out:
        names = ", ".join(f"`{named(name).replace('`', '')}`" for name in left_out[:NAMED])
        others = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        session.left_out = f"{why}: remove some first. Left out: {names}{others}."


def _release(file: UploadedFile) -> None:
    """Free what Streamlit keeps of the file until the session ends: 25 MB may be too much."""
    context = get_script_run_ctx()
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
