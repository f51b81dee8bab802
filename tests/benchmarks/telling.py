"""Many people teach their hands while others draw: python -m tests.benchmarks.telling [--training]

50 people (`--tellers`) tell a server what their drawings are, each something else: the fifth says
that a 7 is a 5. After each telling, the digit must be read as that person said, and by nobody else.
50 others (`--drawers`) draw meanwhile, whom nothing told may change. With `--training`, a network
learns beside them. Prints a JSON object: how many drawings were told; told_ms, from telling to the
answer of the hand that has learnt it, and answer_ms, from a message of those who draw to its
answer (medians and 95th percentiles); mixed_up, answers that were another's; errors. Exits with 1
if there are any of these two.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from digitcanvas.app.visitor import COOKIE
from digitcanvas.data.store import new_session
from digitcanvas.runs.recipes import TITLES
from tests.browser import driver
from tests.digits import DIGITS

FRAME = 1 / 20
"""Seconds between two messages of those who draw."""

LOOK = 2.0
"""Seconds for which a person looks at an answer before drawing the next digit."""

TAUGHT = 7
"""The digit about which everybody has another opinion."""

PATIENCE = 20.0


class Person:
    """A browser with its own cookie and live socket."""

    def __init__(self, address: str) -> None:
        self._address, self._visitor, self._turns = address, new_session(), count(1)

    async def __aenter__(self) -> "Person":
        headers = {"Cookie": f"{COOKIE}={self._visitor}"}
        self._socket = await connect(self._address, additional_headers=headers)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._socket.close()

    async def ask(self, **fields: object) -> dict:
        turn = next(self._turns)
        await self._socket.send(json.dumps({"turn": turn, **fields}))
        async with asyncio.timeout(PATIENCE):
            while (reply := json.loads(await self._socket.recv())).get("turn") != turn:
                pass
        return reply

    async def show(self, digit: int, points: int | None = None, **fields: object) -> dict:
        """Have a digit read, or the first points of each stroke."""
        rows = [stroke[:points].ravel().tolist() for stroke in DIGITS[digit]]
        whole = {"from": [0, 0], "points": rows, "widths": [16] * len(rows), "models": ["cnn"]}
        return await self.ask(**whole, **fields)


class Notes:
    def __init__(self) -> None:
        self.told: list[float] = []
        self.answers: list[float] = []
        self.mixed_up: list[str] = []
        self.errors: list[str] = []

    def report(self) -> dict:
        return {
            "told": len(self.told),
            "told_ms": summary(self.told),
            "answers": len(self.answers),
            "answer_ms": summary(self.answers),
            "mixed_up": self.mixed_up[:10],
            "errors": self.errors[:10],
        }


def summary(seconds: list[float]) -> list[int]:
    """The median and the 95th percentile, in milliseconds."""
    if len(seconds) < 2:
        return []
    parts = statistics.quantiles(seconds, n=20)
    return [round(1000 * parts[9]), round(1000 * parts[18])]


async def teach(number: int, address: str, until: float, notes: Notes) -> None:
    """Tell that a 7 is this person's own digit, and see it read so; tell the others right."""
    own = number % 10
    await asyncio.sleep(LOOK * (number % 25) / 25)
    async with Person(address) as person:
        for digit in [TAUGHT, *range(10)] * 100:
            if time.monotonic() > until:
                return
            said = own if digit == TAUGHT else digit
            if digit == own and own != TAUGHT:
                continue  # two kinds of drawings under one name: nothing to be sure of
            await person.show(digit)
            began = time.monotonic()
            nothing = {"from": [len(DIGITS[digit]), 0], "points": [], "widths": []}
            reply = await person.ask(told=said, **nothing)
            notes.told.append(time.monotonic() - began)
            if error := reply.get("error") or reply["told"].get("error"):
                notes.errors.append(error)
            elif reply["answers"][0]["digit"] != said:
                notes.mixed_up.append(
                    f"person {number} told {said}: {reply['answers'][0]['digit']}"
                )
            await asyncio.sleep(LOOK)


async def draw(number: int, address: str, until: float, notes: Notes) -> None:
    await asyncio.sleep(LOOK * (number % 25) / 25)
    async with Person(address) as person:
        for digit in [(number + step) % 10 for step in range(1000)]:
            if time.monotonic() > until:
                return
            for points in range(2, 20, 3):
                began = time.monotonic()
                await person.show(digit, points)
                notes.answers.append(time.monotonic() - began)
                await asyncio.sleep(FRAME)
            reply = await person.show(digit)
            read = reply["answers"][0]["digit"] if "answers" in reply else reply.get("error")
            if read != digit:
                notes.mixed_up.append(f"person {number} drew {digit}: {read}")
            await asyncio.sleep(LOOK)


async def everybody(address: str, tellers: int, drawers: int, seconds: float) -> Notes:
    notes, until = Notes(), time.monotonic() + seconds

    async def noted(work: object) -> None:
        try:
            await work
        except (OSError, TimeoutError, WebSocketException, KeyError) as error:
            notes.errors.append(repr(error))

    people = [teach(number, address, until, notes) for number in range(tellers)]
    people += [draw(number, address, until, notes) for number in range(drawers)]
    await asyncio.gather(*map(noted, people))
    return notes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tellers", type=int, default=50)
    parser.add_argument("--drawers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--training", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, driver.serve(Path(home)) as app:
        if options.training:
            with driver.chromium() as browser:
                page = driver.open_page(browser, app)
                driver.choose(page, "recipe", TITLES["cnn"])
                driver.press(page, "retrain")
                page.get_by_text("Epoch 1 of").wait_for(timeout=120_000)
        address = f"{app.url.replace('http', 'ws', 1)}/live"
        notes = asyncio.run(everybody(address, options.tellers, options.drawers, options.seconds))
    print(json.dumps(notes.report(), indent=1))
    sys.exit(bool(notes.mixed_up or notes.errors))


if __name__ == "__main__":
    main()
