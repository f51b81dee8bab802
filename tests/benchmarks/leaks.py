"""What stays when people have left: python -m tests.benchmarks.leaks

Opens and closes 300 sessions of the page, then draws 5,000 digits in one. Prints a JSON object: the
server's memory in MB, its threads and its open files before, after the sessions (and after as many
again, as what a first crowd needed is kept for the next), and after the drawings.
"""

import asyncio
import json
import tempfile
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.browser.driver import App, serve
from tests.digits import DIGITS

SESSIONS, TOGETHER, DRAWINGS = 300, 20, 5000
TTL = 1
"""Second for which the server keeps a session whose browser has left."""


def main() -> None:
    with tempfile.TemporaryDirectory() as home, serve(Path(home), ttl=TTL) as app:
        url = app.url.replace("http", "ws", 1)
        asyncio.run(come_and_go(url, TOGETHER))
        asyncio.run(draw(url, 100))
        figures = {"before": state(app)}
        for name in ("after_300_sessions", "after_600_sessions"):
            asyncio.run(come_and_go(url, SESSIONS))
            figures[name] = state(app)
        asyncio.run(draw(url, DRAWINGS))
        figures["after_5000_drawings"] = state(app)
    print(json.dumps(figures, indent=1))


async def come_and_go(url: str, count: int) -> None:
    """Open so many sessions, some at a time, and close each when its page has run.

    A last one comes when the others are forgotten: the server does that when somebody leaves.
    """
    places = asyncio.Semaphore(TOGETHER)

    async def visit() -> None:
        async with (
            places,
            connect(
                f"{url}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], max_size=None
            ) as page,
            connect(f"{url}/live"),
        ):
            await page.send(BackMsg(rerun_script=ClientState()).SerializeToString())
            async for payload in page:
                if ForwardMsg.FromString(payload).HasField("script_finished"):
                    break

    await asyncio.gather(*(visit() for _ in range(count)))
    await asyncio.sleep(2 * TTL)
    await visit()


async def draw(url: str, count: int) -> None:
    """Draw so many digits by one live socket, one after the other."""
    async with connect(f"{url}/live") as live:
        for turn in range(count):
            strokes = [stroke.ravel().tolist() for stroke in DIGITS[turn % 10]]
            message = {"turn": turn, "from": [0, 0], "points": strokes}
            widths = {"widths": [16] * len(strokes), "models": ["cnn"]}
            await live.send(json.dumps(message | widths))
            while json.loads(await live.recv()).get("turn") != turn:
                pass  # news


def state(app: App) -> dict[str, int]:
    process = psutil.Process(app.process.pid)
    return {
        "memory_mb": round(app.memory()),
        "threads": process.num_threads(),
        "files": process.num_fds(),
    }


if __name__ == "__main__":
    main()
