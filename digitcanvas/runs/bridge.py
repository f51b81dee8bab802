"""The way to a Ray cluster: python -m digitcanvas.runs.bridge ADDRESS, as `cluster` starts it.

Ray ends a process that loses its cluster, so this is not the server's own. Its standard input is
lines of JSON that each name a "run" and what to do: to "begin" a task, to publish "again", or to
"kill" it. At the input's end the server is gone, and the runs end with this process. Its standard
output is lines of JSON: each "event" of a run, as `learning.worker` has them, and at last how it
"ended"; how many runs there are "slots" for; and why it was "lost" before it ends by itself.
"""

import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError

import digitcanvas
from digitcanvas.data.mnist import MnistMissing
from digitcanvas.reading import registry
from digitcanvas.runs import node
from digitcanvas.runs.capacity import MEMORY
from digitcanvas.runs.luggage import Item, Luggage, pack
from digitcanvas.runs.publishing import publish_patiently
from digitcanvas.runs.run import Training, task_from_json

CPUS = 1
"""What a run takes of a node. With two cores it is not done sooner: `quick` on the sample takes
7.9 s instead of 8.3 s, two epochs of `cnn` 12.4 s instead of 11.2 s."""

ATTEMPTS = 2
"""How often a run is begun, if its node stops."""

REACH, CONNECT = 5.0, 60.0
"""Seconds that the address may take to answer at all, and the cluster to let us in: by itself, Ray
tries for two minutes."""

WAIT = 5.0
"""Seconds after which a run says that it waits for a node, and between two looks at the nodes."""

FAREWELL = 3.0
"""Seconds that a node has to clear away a run, and Ray to end, before they are killed."""

NO_PLACE = "Waiting for a place on the cluster"
AGAIN = "Its node stopped, so it begins again"

Event = dict[str, Any]


class Killed(BaseException):
    """The run is not wanted any more."""


class Bridge:
    """Does runs on a cluster, each in a thread that follows it."""

    def __init__(self, output: TextIO) -> None:
        self._output, self._writing = output, threading.Lock()
        self._sent: dict[str, Any] = {}
        """Ray's references to the items that the cluster has, by their keys."""
        self._sending = threading.Lock()
        self._runs: dict[str, Following] = {}
        self.is_connected = threading.Event()

    def say(self, **message: Any) -> None:
        with self._writing:
            self._output.write(json.dumps(message) + "\n")
            self._output.flush()

    def lose(self, why: str) -> None:
        """Say why this process ends, and end it."""
        self.say(lost=why)
        os._exit(1)

    def listen(self) -> None:
        """Do what the server asks for, until it is gone."""
        for line in sys.stdin:
            message = json.loads(line)
            run_id = message["run"]
            if begin := message.get("begin"):
                run = self._runs[run_id] = Following(self, run_id, begin)
                threading.Thread(target=self._follow, args=[run], daemon=True).start()
            elif following := self._runs.get(run_id):
                following.kill() if "kill" in message else following.publish_again()
        threading.Timer(FAREWELL, os._exit, [0]).start()
        ray.shutdown()
        os._exit(0)

    def reach(self, address: str) -> None:
        """Connect with the cluster, and from then on say how many runs it carries."""
        overdue = threading.Timer(CONNECT, self.lose, [f"it let nobody in for {CONNECT:.0f} s"])
        overdue.daemon = True
        overdue.start()
        try:
            _check_answers(address)
            ray.init(address, log_to_driver=False, logging_level="ERROR")
            overdue.cancel()
            said = None
            while True:
                if (slots := _slots()) != said:
                    said = slots
                    self.say(slots=slots)
                self.is_connected.set()
                time.sleep(WAIT)
        except (Exception, SystemExit) as error:  # Ray raises almost anything
            self.lose(_reason(error))

    def reference(self, item: Item) -> Any:
        """The item in the cluster, where it comes once."""
        with self._sending:
            if item.key not in self._sent:
                self._sent[item.key] = ray.put(item.read())
            return self._sent[item.key]

    def _follow(self, run: "Following") -> None:
        status = run.do()
        del self._runs[run.id]
        self.say(run=run.id, ended=status)


class Following:
    """A run on the cluster, as this process follows it."""

    def __init__(self, bridge: Bridge, run_id: str, begin: dict[str, Any]) -> None:
        """`begin` has the run's "task", its "scratch" here, its "sources" and the "command"."""
        self.id = run_id
        self._bridge, self._begin = bridge, begin
        self._task = task_from_json(begin["task"])
        self._actor: Any = None
        self._has_begun = self._is_killed = False
        self._again = threading.Event()

    def kill(self) -> None:
        self._is_killed = True
        self._again.set()
        threading.Thread(target=self._end_actor, daemon=True).start()

    def publish_again(self) -> None:
        """Here or on the node, wherever the problem is."""
        self._again.set()
        if self._has_begun:
            self._actor.publish_again.remote()

    def do(self) -> int:
        """Do the run to its end. Gives the status of its process."""
        try:
            while not self._bridge.is_connected.wait(0.1):
                self._check_wanted()
            self._send({"stage": "Sending the run to the cluster"})
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return self._attempt()
                except RayTaskError as error:  # the node lives, and cannot
                    self._send({"failed": _impossible(error)})
                    return 1
                except RayError as error:
                    self._check_wanted()
                    self._send(_given_up(error) if attempt == ATTEMPTS else {"again": AGAIN})
                finally:
                    self._end_actor()
        except Killed:
            pass
        except MnistMissing as error:
            self._send({"failed": str(error), "offline": True})
        except ConnectionError as error:  # by Ray's client
            self._bridge.lose(_reason(error))
        except Exception as error:
            self._send({"failed": str(error) or repr(error)})
        return 1

    @cached_property
    def _luggage(self) -> Luggage:
        return pack(self._begin["task"], self._begin["sources"], registry.home())

    def _attempt(self) -> int:
        items = {path: self._bridge.reference(item) for path, item in self._luggage.items.items()}
        self._has_begun = False
        self._actor = _actor_class().remote()
        began = self._actor.begin.remote(
            {"id": self.id, "task": self._luggage.task},
            self._luggage.variables,
            self._begin["command"],
            CPUS,
            digitcanvas.__version__,
            list(items),
            *items.values(),
        )
        self._check_wanted()
        if not ray.wait([began], timeout=WAIT)[0]:
            self._send({"stage": NO_PLACE})
        if why := ray.get(began):
            self._send({"failed": why})
            return 1
        self._has_begun = True
        while True:
            for line in ray.get(self._actor.hear.remote()):
                if isinstance(line, int):
                    return line
                with suppress(json.JSONDecodeError):  # its death cut the line short
                    event = json.loads(line)
                    self._pass_on(event)
                    if "done" in event:  # should its node die from now on, it is done all the same
                        return 0

    def _pass_on(self, event: dict[str, Any]) -> None:
        if event.get("done") and isinstance(self._task, Training):
            event = {"done": self._publish(self._task, event["done"])}
        self._send(event)

    def _publish(self, task: Training, name: str) -> str:
        """Publish here what the run has published in its own home."""
        files = ray.get(self._actor.model.remote(name))
        files[registry.CARD] = _with_start(files[registry.CARD], task.recipe.start)
        scratch = None if task.output else Path(self._begin["scratch"])

        def publish(target: Path) -> None:
            self._check_wanted()
            with registry.publishing(target, scratch) as directory:
                for file, content in files.items():
                    (directory / file).write_bytes(content)
                self._check_wanted()

        return publish_patiently(task, publish, self._send, self._again)

    def _send(self, event: dict[str, Any]) -> None:
        self._bridge.say(run=self.id, event=event)

    def _check_wanted(self) -> None:
        if self._is_killed:
            raise Killed

    def _end_actor(self) -> None:
        if self._actor is None:
            return
        with suppress(RayError, ConnectionError):
            if self._has_begun:
                ray.get(self._actor.leave.remote(), timeout=FAREWELL)
        with suppress(RayError, ConnectionError):
            ray.kill(self._actor)


def _actor_class() -> Any:
    cloudpickle.register_pickle_by_value(node)
    return ray.remote(num_cpus=CPUS, memory=MEMORY, max_concurrency=4)(node.Node)


def _slots() -> int:
    """How many runs the nodes carry; 1 at least, which makes a cluster that grows begin to."""
    nodes = [each["Resources"] for each in ray.nodes() if each["Alive"]]
    return max(
        1,
        sum(int(min(n.get("CPU", 0) // CPUS, n.get("memory", 0) // MEMORY)) for n in nodes),
    )


def _check_answers(address: str) -> None:
    """Raises OSError if nobody listens at this address of a host and a port."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), REACH).close()


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if "mismatch" in text or "versions differ" in text:
        return f"it has another Ray or Python ({text:.300}): install the same on both"
    return f"it does not answer ({text:.300})"


def _impossible(error: RayTaskError) -> str:
    return (
        f"The cluster's node could not do the run ({error.cause!s:.200}). No model was changed. "
        "See that its disk has room and can be written to, then start the run again."
    )


def _given_up(error: RayError) -> dict[str, Any]:
    why = " ".join(str(error).split())
    return {
        "failed": "The cluster's node that did the run stopped, and so did the next one "
        f"({why:.200}). No model was changed. See what ray status tells, then start the run again."
    }


def _with_start(card: bytes, start: str) -> bytes:
    """The card of a network that started from this model, which has another name on a node."""
    if not start:
        return card
    values = json.loads(card)
    values["recipe"]["start"] = start
    with suppress(KeyError):
        values["data"]["start"]["name"] = start
    return json.dumps(values, indent=1).encode() + b"\n"


def main() -> None:
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Ray prints is no event
    bridge = Bridge(events)
    threading.Thread(target=bridge.listen, daemon=True).start()
    bridge.reach(sys.argv[1])


if __name__ == "__main__":
    main()
