"""A class that trains: python -m tests.benchmarks.queue [LEARNERS] [--drawing PEOPLE] [--within S]

LEARNERS (30) press Retrain, each within `--within` seconds (60) of the first, for the recipe
`quick` on the bundled sample; PEOPLE (20) draw meanwhile, as in the crowd benchmark. Ends when all
have their network, or after an hour. Prints a JSON object:

- trained: how many got it; minutes: from the first press to the last network;
- wait_s: from a press to its network (median and 95th percentile);
- lift_to_answer_ms, digits: of those who drew;
- worker_mb: the largest process of a run; server_mb: the server's memory at the end;
- errors, misread: what went wrong.

Exits with 1 if there are any of these two, or somebody was not served.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

from digitcanvas.reading import registry
from tests.benchmarks.crowd import Crowd, summary
from tests.benchmarks.people import PATIENCE, Notes, Person
from tests.browser import driver

LINK = "recipe=quick&data=sample"
HOUR = 3600.0


class Learner(Person):
    """Somebody who presses Retrain once, and waits for the network without drawing."""

    button = fragment = ""
    pressed = 0.0

    async def learn(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await self.open_page()
        stream = self.socket("_stcore/stream", ["streamlit"])
        async with stream as page, asyncio.TaskGroup() as self.tasks:
            self.page, ran = page, asyncio.Event()
            self.tasks.create_task(self.watch(page, ran))
            await self.send(ClientState(query_string=LINK))
            async with asyncio.timeout(PATIENCE):
                await ran.wait()
            await self.connect()
            state = ClientState(query_string=LINK, fragment_id=self.fragment)
            state.widget_states.widgets.add(id=self.button, trigger_value=True)
            self.pressed = time.time()
            await self.send(state)
            await asyncio.sleep(HOUR)

    async def send(self, state: ClientState) -> None:
        await self.page.send(BackMsg(rerun_script=state).SerializeToString())

    async def watch(self, page: ClientConnection, ran: asyncio.Event) -> None:
        """As everybody, and see where the button is."""

        async def noting():
            async for payload in page:
                delta = ForwardMsg.FromString(payload).delta
                if delta.new_element.button.id.endswith("-retrain"):
                    self.button, self.fragment = delta.new_element.button.id, delta.fragment_id
                yield payload

        await super().watch(noting(), ran)


def trained(home: Path) -> dict[str, float]:
    """When each network was published."""
    found = {}
    for name in registry.model_names()[len(registry.SHIPPED_NAMES) :]:
        with suppress(OSError):
            found[name] = (home / name / registry.CARD).stat().st_mtime
    return found


async def learn(app: driver.App, options: argparse.Namespace, notes: Notes) -> dict:
    learners = [Learner(app.url, number, notes) for number in range(options.learners)]
    tasks = [
        asyncio.create_task(learner.learn(options.within * random.random())) for learner in learners
    ]
    largest, began = 0.0, time.monotonic()
    while len(trained(app.home)) < len(learners) and time.monotonic() - began < HOUR:
        await asyncio.sleep(1)
        for worker in app.workers():
            with suppress(psutil.Error):
                largest = max(largest, worker.memory_info().rss / 1e6)
        for failed in (task for task in tasks if task.done() and task.exception()):
            notes.errors.append(f"learner: {failed.exception()!r:.200}")
            tasks.remove(failed)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    presses = sorted(learner.pressed for learner in learners if learner.pressed)
    ends = sorted(trained(app.home).values())
    return {
        "trained": len(ends),
        "minutes": round((ends[-1] - presses[0]) / 60, 1) if ends else None,
        "wait_s": summary([end - press for press, end in zip(presses, ends, strict=False)]),
        "worker_mb": round(largest),
        "server_mb": round(app.memory()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("learners", type=int, nargs="?", default=30)
    parser.add_argument("--drawing", type=int, default=20, metavar="PEOPLE")
    parser.add_argument("--within", type=float, default=60, metavar="S")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, driver.serve(Path(home)) as app:
        os.environ["DIGITCANVAS_HOME"] = home
        crowd = Crowd(app.url, options.drawing)
        crowd.wait()
        own = Notes()
        figures = asyncio.run(learn(app, options, own))
        notes = crowd.end()
        digits = [digit.waited for digit in notes.digits]
        figures |= {
            "digits": len(digits),
            "lift_to_answer_ms": summary(digits),
            "errors": own.errors + notes.errors,
            "misread": notes.misread,
        }
    print(json.dumps(figures, indent=1))
    served = figures["trained"] == options.learners
    sys.exit(bool(figures["errors"] or figures["misread"] or not served))


if __name__ == "__main__":
    main()
