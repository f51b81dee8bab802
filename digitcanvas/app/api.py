"""The HTTP API: a program sends a drawing or a picture, and gets what is read of it as JSON.

It reads as the page does, with the same models in memory. Nothing that is sent is kept, so a page
of another site that posts a picture here does no harm; without CORS headers it cannot read the
answer, nor send JSON.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeVar

import anyio
import streamlit as st
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from digitcanvas.app import api_document, metrics
from digitcanvas.app.api_fields import (
    Fields,
    Refusal,
    drawing,
    read_bare_picture,
    read_form,
    read_json,
    read_query,
)
from digitcanvas.app.parts import shared_models
from digitcanvas.drawing.pictures import KINDS, read_picture
from digitcanvas.reading import answers, registry
from digitcanvas.reading.recognizer import Recognizer

MEGABYTE = 2**20

MAX_DRAWING = MEGABYTE // 4
"""Bytes of JSON: some 6,000 points of 16 digits. While it is parsed, the whole server waits."""

MAX_FRAME = MEGABYTE // 16
"""Bytes that a form may hold around its picture."""

READERS = 1
"""Requests that are read at once, in threads.

Two read photos no faster, as OpenCV has threads of its own, and leave the pages less: beside 8
clients with photos the rest of the server answered in 0.10 s instead of 0.06 (95th percentile).
"""

UNDER_WAY = 32
"""Requests under way, those that arrive or wait included: the next one is refused."""

PICTURES_HELD = 2
"""What all requests hold together is at most this many pictures of the largest size, and 1 MB."""

ARRIVAL, STALL = 30.0, 4.0
"""Seconds in which a body arrives, and between two pieces of it.

The server ends only when no request is under way, so STALL is how long a dead one may delay that.
"""

RETRY = {"Retry-After": "1"}
"""A second is enough for 200 drawings, or for 20 photos of 12 megapixels."""

WRONG_TYPE = (
    "Send strokes as application/json, or a picture as multipart/form-data or with its own "
    f"type, such as image/png. A picture is a {KINDS} file."
)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

Handler = Callable[[Request], Awaitable[Response]]

T = TypeVar("T")


def routes(base: str, max_picture: int | None = None) -> list[BaseRoute]:
    """The API below this path: "" for none, else as in "/digits".

    `max_picture` is the largest picture's file in bytes: by default, what the page takes.
    """
    if max_picture is None:
        max_picture = st.get_option("server.maxUploadSize") * MEGABYTE
    api = _Api(base, max_picture)
    handlers: dict[str, dict[str, Handler]] = {
        "": {"GET": api.page},
        "/predict": {"POST": partial(api.read, PREDICTION)},
        "/read_number": {"POST": partial(api.read, NUMBER)},
        "/models": {"GET": api.models},
        "/openapi.json": {"GET": api.document},
    }
    return [
        *(Route(f"{base}/api{path}", _Endpoint(methods)) for path, methods in handlers.items()),
        Route(f"{base}/api/{{rest:path}}", _missing, methods=METHODS),
    ]


class _Endpoint:
    """One path as an ASGI application: its handlers by method. All its errors are JSON.

    It answers every method itself: otherwise Streamlit's own routes would take the others.
    """

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers | {"HEAD": handlers["GET"]} if "GET" in handlers else handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._handlers.get(request.method, self._refuse)(request)
        except Refusal as refusal:
            error = {"error": str(refusal)}
            response = JSONResponse(error, refusal.status, refusal.headers)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _refuse(self, request: Request) -> NoReturn:
        allowed = ", ".join(self._handlers)
        raise Refusal(405, f"Use {allowed} here.", {"Allow": allowed})


async def _missing(request: Request) -> Response:
    """Any other path below: a program should get an error there, not Streamlit's page."""
    if not request.path_params["rest"]:
        return RedirectResponse("../api")
    return JSONResponse({"error": "There is nothing here. See what there is at /api."}, 404)


class _Api:
    """The handlers, and what all requests together use."""

    def __init__(self, base: str, max_picture: int) -> None:
        self._base = base
        self._max_picture = max_picture
        self._readers = anyio.CapacityLimiter(READERS)
        self._under_way = 0
        self._held = 0
        self._room = PICTURES_HELD * max_picture + MEGABYTE

    async def page(self, request: Request) -> Response:
        html = api_document.page(self._document(request))
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    async def document(self, request: Request) -> Response:
        return JSONResponse(self._document(request))

    def _document(self, request: Request) -> dict[str, Any]:
        site = f"{request.base_url.scheme}://{request.base_url.netloc}"
        return api_document.document(site, self._base, MAX_DRAWING, self._max_picture)

    async def models(self, request: Request) -> Response:
        with self._admitted():
            return JSONResponse(await self._in_thread(_models))

    async def read(self, way: "_Way", request: Request) -> Response:
        """Read a drawing or a picture."""
        kind, options = parse_options_header(request.headers.get("content-type"))
        read: Callable[[bytes], Fields]
        limit, frame = self._max_picture, 0
        if kind == b"application/json":
            read, limit = partial(read_json, way.options), MAX_DRAWING
        elif kind == b"multipart/form-data":
            read = partial(read_form, way.options, options.get(b"boundary"))
            frame = MAX_FRAME
        elif kind.startswith(b"image/"):
            read = read_bare_picture
        else:
            raise Refusal(415, WRONG_TYPE)
        query = read_query(way.options, request)

        def answer(body: bytes) -> dict[str, Any]:
            fields = query | read(body)
            if len(fields.get("picture", b"")) > limit:
                raise _too_large(limit)
            return _answer(way, fields)

        with self._admitted():
            body = await self._receive(request, limit, frame)
            try:
                came = time.monotonic()
                content = await self._in_thread(partial(answer, body))
                answered = "number" if way is NUMBER else "digit"
                metrics.answered("api", answered, time.monotonic() - came)
                return JSONResponse(content)
            finally:
                self._held -= len(body)

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        """Count a request as under way, or refuse it."""
        if self._under_way >= UNDER_WAY:
            raise _busy()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _receive(self, request: Request, limit: int, frame: int) -> bytes:
        """The body, counted as held from now on, and read no further than it may be long."""
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and float(declared) > limit + frame:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        end = anyio.current_time() + ARRIVAL
        try:
            with anyio.fail_after(STALL) as patience:
                async for chunk in request.stream():
                    patience.deadline = min(anyio.current_time() + STALL, end)
                    size += len(chunk)
                    self._held += len(chunk)
                    if size > limit + frame:
                        raise _too_large(limit)
                    if self._held > self._room:
                        raise _busy()
                    chunks.append(chunk)
        except BaseException as error:
            self._held -= size
            if isinstance(error, TimeoutError):
                raise Refusal(408, "The request took too long to arrive: try again.") from error
            raise
        return b"".join(chunks)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._readers)


def _busy() -> Refusal:
    return Refusal(503, "Too many requests are under way: try again in a second.", RETRY)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"Send at most {api_document.size(limit)}.")


def _models() -> list[dict[str, Any]]:
    """The models that can be used, as JSON."""
    cards, _ = shared_models.read_cards()
    return [
        {
            "name": name,
            "parameters": card.parameters,
            "accuracy": card.test["accuracy"],
            "measured_on": card.test["data"],
            "trained_on": card.trained_on.isoformat(),
            "shipped": name in registry.SHIPPED_NAMES,
        }
        for name, card in cards.items()
    ]


def _answer(way: "_Way", fields: Fields) -> dict[str, Any]:
    """Read what the fields hold, and give what was read as JSON."""
    name = fields["model"] if "model" in fields else _first_model()
    recognizer = _recognizer(name)
    try:
        return {"model": name, **way.read(recognizer, fields)}
    except ValueError as error:
        raise Refusal(400, str(error)) from error


def _prediction(recognizer: Recognizer, fields: Fields) -> dict[str, Any]:
    centred = fields.get("centred", True)
    if not isinstance(centred, bool):
        raise ValueError("The field 'centred' is true or false.")
    if "strokes" in fields:
        strokes, widths = drawing(fields)
        prediction = recognizer.predict_strokes(strokes, centred, widths)
    else:
        prediction = recognizer.predict_image(read_picture(fields["picture"]), centred)
    return answers.of_prediction(prediction)


def _number(recognizer: Recognizer, fields: Fields) -> dict[str, Any]:
    if "strokes" in fields:
        number = recognizer.read_number(*drawing(fields))
    else:
        number = recognizer.read_number_image(read_picture(fields["picture"]))
    return answers.of_number(number)


@dataclass(frozen=True)
class _Way:
    """A way to read: its fields besides the drawing or the picture, and what they are read as."""

    options: tuple[str, ...]
    read: Callable[[Recognizer, Fields], dict[str, Any]]


PREDICTION = _Way(("model", "centred"), _prediction)
NUMBER = _Way(("model",), _number)


def _first_model() -> str:
    """The one that the page begins with."""
    for name in shared_models.read_cards()[0]:
        return name
    raise Refusal(503, "No model can be used. Restore models/.")


def _recognizer(name: object) -> Recognizer:
    """The one of this name. Unlike `Recognizer.load`, this opens no other directory."""
    names = registry.model_names()
    if name not in names:
        raise Refusal(404, f"There is no model {name!r:.60}. Choose one of {', '.join(names)}.")
    try:
        directory = registry.find(str(name))
        return shared_models.load_recognizer(directory, registry.version(directory))
    except registry.ModelError as error:
        raise Refusal(503, str(error)) from error
