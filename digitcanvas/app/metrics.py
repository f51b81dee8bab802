"""What a monitoring system may ask: how many people, answers and runs, in Prometheus' text form.

`/metrics` answers only who sends the token of DIGITCANVAS_METRICS, as in `Authorization: Bearer
TOKEN`. To anybody else, and where no token is set, the path is not there: an address would be no
proof, as all that comes by a proxy seems to come from there. Each server counts for itself.
"""

import hmac
import os

import anyio.to_thread
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from digitcanvas.app.parts import shared_runs

TOKEN = "DIGITCANVAS_METRICS"
"""The variable that sets the token."""

SHORTEST = 16
"""Characters of a token: fewer could be guessed."""

registry = CollectorRegistry()
ProcessCollector(registry=registry)  # process_resident_memory_bytes, process_open_fds, ...

SOCKETS = Gauge("digitcanvas_live_sockets", "Tabs with a live socket", registry=registry)
PEOPLE = Gauge("digitcanvas_people", "Browsers with a live socket", registry=registry)
PAGES = Gauge("digitcanvas_pages", "Tabs with a session", registry=registry)
RUNS = Gauge("digitcanvas_runs", "Runs in the queue of all servers", ["state"], registry=registry)
ANSWERS = Counter(
    "digitcanvas_answers", "Answers to drawings and pictures", ["way", "kind"], registry=registry
)
SECONDS = Histogram(
    "digitcanvas_answer_seconds",
    "From a message's arrival to its answer",
    ["way"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 15),
    registry=registry,
)
REFUSED = Counter(
    "digitcanvas_refused_sockets", "Live sockets refused", ["reason"], registry=registry
)
TURNED_AWAY = Counter("digitcanvas_turned_away", "Pages put off", registry=registry)


def problem() -> str:
    """What is wrong with the token, and what to do; "" for nothing."""
    if 0 < len(_token()) < SHORTEST:
        return f"{TOKEN} is too short: give it {SHORTEST} characters or more."
    return ""


def _token() -> str:
    return os.environ.get(TOKEN, "").strip()


def answered(way: str, kind: str, seconds: float) -> None:
    """Count an answer. `way` is live or api; `kind` digit, number, told, empty or error."""
    ANSWERS.labels(way, kind).inc()
    SECONDS.labels(way).observe(seconds)


def text() -> bytes:
    """All figures. It asks the store for the runs."""
    for state, count in shared_runs.by_state().items():
        RUNS.labels(state).set(count)
    return generate_latest(registry)


async def _metrics(request: Request) -> Response:
    given = request.headers.get("authorization", "").encode()
    if not _token() or not hmac.compare_digest(given, f"Bearer {_token()}".encode()):
        return Response("There is nothing here.", 404, media_type="text/plain")
    content = await anyio.to_thread.run_sync(text)
    return Response(content, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def routes(base: str) -> list[BaseRoute]:
    """`base` is the path that the app is served below, "" for none."""
    return [Route(f"{base}/metrics", _metrics)]
