"""The page without a browser: Streamlit's AppTest, and what it shows."""

import json
import shutil
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, script_runner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner
from streamlit.testing.v1.element_tree import parse_tree_from_messages
from streamlit.util import calc_hash

from digitcanvas.app import odd_states
from digitcanvas.app.news import watcher
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import RateSearch, Run, Training, Trial
from tests.digits import DIGITS

APP = Path(__file__).parent.parent / "digitcanvas/app/main.py"
NAMES = {"canvas": "streamlit-drawable-canvas.streamlit_drawable_canvas"}
odd_states.pass_over()  # as server.py does
scan = cache(manifest_scanner.scan_component_manifests)
"""Finds the installed components once: for each session, it would take a quarter of a second."""

SCRIPTS = ScriptCache()
"""The compiled scripts, as a server keeps them: AppTest compiles them anew for each run."""

GAINED = {"untrained": {"accuracy": 0.0951, "loss": 2.3456}, "seconds": 600.4}


class Session(AppTest):
    """A session without a browser, whose fragments can also be run alone, as a browser has it."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.turn = 0
        """The number of the last message that this browser sent about its drawing."""
        self.runs = 0
        """How often the whole page has run."""
        self.cookies = {}
        """What the browser sends with its requests; it has none at first."""
        self.clocks = 0
        """How many of its parts rerun by the clock, as far as the last run has said."""
        self._messages = []
        """What the browser has been sent of what it shows now."""

    def _run(self, widget_state=None, timeout=None, fragment=None):
        def parse(messages):
            self.clocks = sum(message.HasField("auto_rerun") for message in messages)
            deltas = [message for message in messages if message.HasField("delta")]
            if all(message.delta.fragment_id for message in deltas) and fragment:
                deltas = [*self._without(fragment), *deltas]
            else:
                self.runs += 1
            self._messages = deltas
            return parse_tree_from_messages(deltas)

        rerun = partial(RerunData, fragment_id=fragment)
        PagesManager.uses_pages_directory = False  # as server.py does
        with (
            patch.object(app_test, "PagesManager", type("Pages", (PagesManager,), {})),
            patch.object(local_script_runner, "RerunData", rerun),
            patch.object(local_script_runner, "parse_tree_from_messages", parse),
            # Where another test has loaded Keras, it would take 0.4 s after each run to clear that
            patch.object(script_runner, "_clean_problem_modules", lambda: None),
            patch.object(manifest_scanner, "scan_component_manifests", scan),
            patch.object(local_script_runner, "ScriptCache", lambda: SCRIPTS),
            patch.object(ContextProxy, "cookies", self.cookies),
        ):
            return super()._run(widget_state, timeout)

    def _without(self, fragment):
        """The messages but those of a fragment, and of the fragments inside it."""
        has_ancestor = self._fragment_storage.has_ancestor_in
        return [
            message
            for message in self._messages
            if message.delta.fragment_id != fragment
            and not has_ancestor(message.delta.fragment_id, {fragment})
        ]

    def run_fragment_of(self, key, states=None):
        """Run the fragment that an element of this key is in, with the widgets as they were set."""
        (fragment,) = {
            message.delta.fragment_id
            for message in self._messages
            if _key_of(message.delta.new_element) == key
        }
        return self._run(states or self._tree.get_widget_states(), fragment=fragment)

    def run_fragments(self):
        """Run each fragment by itself."""
        for fragment in list(self._fragment_storage._fragments):
            if self._fragment_storage.contains(fragment):
                self._run(self._tree.get_widget_states(), fragment=fragment)

    def bring_news(self):
        """Look for news, and run the fragments that there is some for, as follower.js does.

        Gives the keys of their followers.
        """
        watcher.look()
        behind = {key for key, known in self._known().items() if _is_behind(known)}
        for key in behind:
            if _is_behind(self._known().get(key, {})):
                self.run_fragment_of(key)
        return behind

    def _known(self):
        """The versions that each fragment shows, by its follower's key."""
        elements = [message.delta.new_element for message in self._messages]
        return {
            _key_of(element): json.loads(element.bidi_component.json)["known"]
            for element in elements
            if element.bidi_component.component_name == "digitcanvas.follower"
        }


def _key_of(element):
    """An element's key, at the end of its id; "" if it has none."""
    kind = element.WhichOneof("type")
    return getattr(getattr(element, kind), "id", "").rsplit("-", 1)[-1] if kind else ""


def _is_behind(known):
    return any(watcher.versions[kind] > version for kind, version in known.items())


def open_session(path: str = "") -> Session:
    """A session of its own before its first run, on the page of this path: Draw has none."""
    return turn_to(Session(APP, default_timeout=60), path)


def turn_to(page: Session, path: str) -> Session:
    """Have the next run be of the page of this path: AppTest itself knows only pages in files."""
    page._page_hash = calc_hash(path)
    return page


def data(page, name):
    """What the page gives its component of this name, such as "canvas"; None if it has none."""
    found = [
        json.loads(element.proto.json or "{}", parse_constant=_refuse)
        for element in page.get("bidi_component")
        if element.proto.component_name == NAMES.get(name, f"digitcanvas.{name}")
    ]
    assert len(found) < 2
    return found[0] if found else None


def draw(page, strokes, width=16, **changes):
    """Draw in a browser that has no live socket, and give the answer; `changes` are to its message.

    The page's part with the canvas' companion reruns, as it does for all of the drawing each time.
    """
    page.turn += 1
    rows = [np.ravel(stroke).tolist() for stroke in strokes]
    whole = {"from": [0, 0], "points": rows, "widths": [width] * len(rows)}
    message = {"turn": page.turn} | data(page, "companion")["options"] | whole | changes
    reply = send(page, message)
    assert reply["turn"] == page.turn
    return reply


def send(page, message):
    """Bring a message by a rerun, and give the reply."""
    (companion,) = (
        element.proto.id
        for element in page.get("bidi_component")
        if element.proto.component_name == "digitcanvas.companion"
    )
    states = page._tree.get_widget_states()
    states.widgets.add(id=companion, json_value=json.dumps({"drawing": message}))
    page.run_fragment_of("companion", states)
    return data(page, "companion")["reply"]


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
    return _tell(page, plot.id, "pressed", place)


def link(page):
    """What the page's link says, by parameter."""
    *_, newest = sorted(_links(page), key=lambda link: link[1]["turn"])
    return {key: value for key, value in newest[1]["query"].items() if value is not None}


def tell_of_run(page, run_id):
    """Tell a new session, as its tab does after a reload, which run it waits for."""
    ((link_id, _),) = (link for link in _links(page) if link[1].get("isNew"))
    return _tell(page, link_id, "run", run_id)


def _links(page):
    """The id and the data of each component that writes the link."""
    protos = (element.proto for element in page.get("bidi_component"))
    return [
        (proto.id, json.loads(proto.json))
        for proto in protos
        if proto.component_name == "digitcanvas.link"
    ]


def tell(page, name, event, value, fragment_of=None):
    """Send what the page's component of this name tells, and run the page.

    Or run the fragment that the element with the key `fragment_of` is in, as a browser does.
    """
    (component_id,) = (
        element.proto.id
        for element in page.get("bidi_component")
        if element.proto.component_name == f"digitcanvas.{name}"
    )
    return _tell(page, component_id, event, value, fragment_of)


def _tell(page, component_id, event, value, fragment_of=None):
    """Send what a component tells, and run the page, or a fragment of it."""
    states = page._tree.get_widget_states()
    told = json.dumps([{"event": event, "value": value}])
    states.widgets.add(id=_make_trigger_id(component_id, "events"), json_trigger_value=told)
    if not fragment_of:
        return page._run(states)
    states.widgets.add(id=component_id, json_value="{}")  # its lasting state, which has no value
    return page.run_fragment_of(fragment_of, states)


def progress(panel):
    """The words and the percentage of a run's bar."""
    (bar,) = (
        json.loads(element.proto.json)["run"]
        for element in panel.get("bidi_component")
        if element.proto.component_name == "digitcanvas.progress"
    )
    return bar["words"], int(100 * bar["share"])


def words(panel):
    """All text of the panel that shows a run."""
    elements = (*panel.markdown, *panel.caption, *panel.error)
    return " ".join(dict.fromkeys(element.value for element in elements))


def keys(panel):
    return [button.key for button in panel.button]


class FakeJobs:
    """Stands in for the queue: `run` is the one that everybody sees, `others` come behind it.

    `asked` is what was asked.
    """

    def __init__(self):
        self.run, self.others, self.asked, self.refusal, self.results = None, [], [], "", {}

    def runs(self):
        return [self.run, *self.others] if self.run else self.others

    def get(self, run_id):
        return next((run for run in self.runs() if run.id == run_id), None)

    def slots(self):
        return 1

    def owner(self, run_id):
        run = self.get(run_id)
        return run.owner if run else ""

    def count_of(self, owner, run_ids):
        return sum(self.owner(run_id) == owner for run_id in run_ids)

    def start(self, task, owner=""):
        if isinstance(task, Training):
            registry.check_name(task.name)
        if self.refusal:
            raise JobError(self.refusal)
        self.asked.append(task.kind)
        run = Run.of(task, owner=owner, seconds=60.0)
        if self.run and self.run.is_running:
            self.others.append(replace(run, state="waiting", stage=""))
            return self.others[-1]
        self.run = run
        return self.run

    def start_all(self, trials, owner=""):
        if self.refusal:
            raise JobError(self.refusal)
        self.asked.append("study")
        waiting = [Run.of(trial, owner=owner, state="waiting", stage="") for trial in trials]
        self.others += waiting
        return waiting

    def studies(self, most):
        firsts = {run.task.study: run for run in reversed(self._trials())}
        return list(firsts.values())[:most]

    def trials(self, study):
        return [run for run in self._trials() if run.task.study == study]

    def _trials(self):
        return [run for run in self.runs() if isinstance(run.task, Trial)]

    def cancel_study(self, study, waiting_only=False):
        self.asked.append("cancel waiting" if waiting_only else "cancel study")
        self.others = [run for run in self.others if run.state != "waiting"]

    def result(self, run_id):
        run = self.get(run_id)
        published = run.result if run and run.result in registry.model_names() else None
        return self.results.get(run_id) or published

    def cancel(self, run_id):
        self.asked.append("cancel")
        if run_id == self.run.id:
            self.run = replace(self.run, state="cancelled")
        self.others = [run for run in self.others if run.id != run_id]

    def put_first(self, run_id):
        self.asked.append("first")
        self.others.sort(key=lambda run: run.id != run_id)

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
