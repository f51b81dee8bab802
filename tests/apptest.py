"""The page without a browser: Streamlit's AppTest, and what it shows."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner
from streamlit.util import calc_hash

from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import RateSearch, Run, Training
from tests.digits import DIGITS

APP = Path(__file__).parent.parent / "streamlit_app.py"
GAINED = {"untrained": {"accuracy": 0.0951, "loss": 2.3456}, "seconds": 600.4}


def open_session(path: str = "") -> AppTest:
    """A session of its own before its first run, on the page of this path: Draw has none."""
    return turn_to(AppTest.from_file(str(APP), default_timeout=60), path)


def turn_to(page: AppTest, path: str) -> AppTest:
    """Have the next run be of the page of this path: AppTest itself knows only pages in files."""
    page._page_hash = calc_hash(path)
    return page


def objects(strokes):
    """The canvas' objects after these strokes."""
    return [
        {"type": "Path", "path": [["M", *stroke[0]], *(["L", *point] for point in stroke[1:])]}
        for stroke in (stroke.tolist() for stroke in strokes)
    ]


def shown(page):
    """All text of the page's drawing part."""
    elements = [*page.main.markdown, *page.main.error, *page.main.get("html")]
    return " ".join(getattr(element, "value", None) or element.proto.body for element in elements)


def html(page, key):
    """The HTML in the page's container of this key."""
    return " ".join(element.proto.body for element in page.get_by_key(key).get("html"))


def plots(page):
    """The figures on the page, dicts of plain JSON, by the keys that they are shown under."""
    shown = [
        json.loads(element.proto.json, parse_constant=_refuse)
        for element in page.get("bidi_component")
        if element.proto.component_name == "digitcanvas.plot"
    ]
    return {plot["name"]: plot["figure"] for plot in shown}


def _refuse(constant):
    raise ValueError(f"A browser cannot read {constant} in JSON.")


def bars(page):
    """The answer's bar chart."""
    return plots(page)["probabilities"]


def press_in(page, key, place):
    """Press a point of the plot of this key, and run the page.

    The place is what the script tells of: an image's number, or a heatmap's [row, column].
    """
    (plot,) = [
        element.proto
        for element in page.get("bidi_component")
        if json.loads(element.proto.json or "{}").get("name") == key
    ]
    states = page._tree.get_widget_states()
    told = json.dumps([{"event": "pressed", "value": place}])
    states.widgets.add(id=_make_trigger_id(plot.id, "events"), json_trigger_value=told)
    return page._run(states)


def run_parts(page):
    """Run each part of the page that runs by itself, as the panel does every few seconds."""
    whole = page._tree
    for part in list(page._fragment_storage._fragments):
        rerun = partial(RerunData, fragment_id=part)
        with patch.object(local_script_runner, "RerunData", rerun):
            page._run(whole.get_widget_states())
        page._tree = whole


def words(panel):
    """All text of the panel that shows a run."""
    elements = (*panel.markdown, *panel.caption, *panel.error)
    return " ".join(dict.fromkeys(element.value for element in elements))


def keys(panel):
    return [button.key for button in panel.button]


class FakeJobs:
    """Stands in for the training process: `run` is the latest, and `asked` what was asked."""

    def __init__(self):
        self.run, self.asked, self.refusal, self.results = None, [], "", {}

    def latest(self):
        return self.run

    def busy(self):
        return self.run.task if self.run and self.run.is_running else None

    def start(self, task):
        if isinstance(task, Training):
            registry.check_name(task.name)
        if self.refusal:
            raise JobError(self.refusal)
        self.asked.append(task.kind)
        self.run = Run.of(task)
        return self.run

    def result(self, run_id):
        published = self.run.result if self.run.result in registry.model_names() else None
        return self.results.get(run_id) or published

    def cancel(self, run_id):
        assert run_id == self.run.id
        self.asked.append("cancel")
        self.run = replace(self.run, state="cancelled")

    def publish_again(self, run_id):
        assert run_id == self.run.id
        self.asked.append("publish_again")
        self.run = replace(self.run, problem="")

    def finish(self, home, name=None):
        """Publish the model, as a process does at the end."""
        name = name or self.run.task.name
        publish(home, name)
        self.run = replace(self.run, state="done", result=name)
        self.results[self.run.id] = name


def publish(home, name, of="mlp", **changes):
    """A model as training leaves it, or one anew under its name, its card changed."""
    shutil.rmtree(home / name, ignore_errors=True)
    directory = shutil.copytree(registry.SHIPPED / of, home / name)
    card = json.loads((directory / registry.CARD).read_text())
    (directory / registry.CARD).write_text(json.dumps(card | GAINED | changes))


def a_run(**fields):
    result = "mine" if fields.get("state") == "done" else ""
    return Run.of(Training(RECIPES["quick"], "mine"), result=result, **fields)


def a_search(**fields):
    return Run.of(RateSearch(RECIPES["quick"]), **fields)


def png(digit):
    """A picture of a digit as a file's content."""
    picture = cv2.resize(255 - image_from_strokes(DIGITS[digit]) * 255, (200, 200))
    return cv2.imencode(".png", picture.astype(np.uint8))[1].tobytes()
