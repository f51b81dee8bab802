"""The HTTP API: a program sends a drawing or a picture, and gets what is read of it as JSON.

It reads as the page does, with the same models in memory. Nothing that is sent is kept, so a page
of another site that posts a picture here does no harm; without CORS headers it cannot read the
answer, nor send JSON.
"""

import json
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, NoReturn, TypeVar

import anyio
import streamlit as st
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from digitcanvas.app import api_document, metrics
from digitcanvas.app.parts import shared_models
from digitcanvas.drawing.pictures import KINDS, read_picture
from digitcanvas.drawing.strokes import MAX_COORDINATE, Stroke, check_strokes
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

Fields = dict[str, Any]
"""What a request holds, by the names above."""

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


class _Refusal(Exception):
    """A request that gets an error instead of an answer."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.headers = status, headers


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
        except _Refusal as refusal:
            error = {"error": str(refusal)}
            response = JSONResponse(error, refusal.status, refusal.headers)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _refuse(self, request: Request) -> NoReturn:
        allowed = ", ".join(self._handlers)
        raise _Refusal(405, f"Use {allowed} here.", {"Allow": allowed})


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
            read, limit = partial(_read_json, way.options), MAX_DRAWING
        elif kind == b"multipart/form-data":
            read = partial(_read_form, way.options, options.get(b"boundary"))
            frame = MAX_FRAME
        elif kind.startswith(b"image/"):
            read = _read_bare_picture
        else:
            raise _Refusal(415, WRONG_TYPE)
        query = _read_query(way.options, request)

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
                raise _Refusal(408, "The request took too long to arrive: try again.") from error
            raise
        return b"".join(chunks)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._readers)


def _busy() -> _Refusal:
    return _Refusal(503, "Too many requests are under way: try again in a second.", RETRY)


def _too_large(limit: int) -> _Refusal:
    return _Refusal(413, f"Send at most {api_document.size(limit)}.")


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
        raise _Refusal(400, str(error)) from error


def _prediction(recognizer: Recognizer, fields: Fields) -> dict[str, Any]:
    centred = fields.get("centred", True)
    if not isinstance(centred, bool):
        raise ValueError("The field 'centred' is true or false.")
    if "strokes" in fields:
        strokes, widths = _drawing(fields)
        prediction = recognizer.predict_strokes(strokes, centred, widths)
    else:
        prediction = recognizer.predict_image(read_picture(fields["picture"]), centred)
    return answers.of_prediction(prediction)


def _number(recognizer: Recognizer, fields: Fields) -> dict[str, Any]:
    if "strokes" in fields:
        number = recognizer.read_number(*_drawing(fields))
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
    raise _Refusal(503, "No model can be used. Restore models/.")


def _recognizer(name: object) -> Recognizer:
    """The one of this name. Unlike `Recognizer.load`, this opens no other directory."""
    names = registry.model_names()
    if name not in names:
        raise _Refusal(404, f"There is no model {name!r:.60}. Choose one of {', '.join(names)}.")
    try:
        directory = registry.find(str(name))
        return shared_models.load_recognizer(directory, registry.version(directory))
    except registry.ModelError as error:
        raise _Refusal(503, str(error)) from error


def _strokes(values: Any) -> list[Stroke]:
    """Raises ValueError as `check_strokes` does, and for truth values, to NumPy 0 and 1."""
    strokes = check_strokes(values)
    if bool in set(map(type, chain.from_iterable(chain.from_iterable(values)))):
        raise ValueError("A coordinate is true or false, which is not a number.")
    return strokes


def _drawing(fields: Fields) -> tuple[list[Stroke], list[float] | None]:
    """The strokes, and the widths that they were drawn with if the pen's is known."""
    strokes = _strokes(fields["strokes"])
    return strokes, [_width(fields["width"])] * len(strokes) if "width" in fields else None


def _width(width: object) -> float:
    if not isinstance(width, float) or not 0 < width <= MAX_COORDINATE:
        raise ValueError("The pen's width is not a positive number of pixels.")
    return width


def _read_bare_picture(body: bytes) -> Fields:
    return {"picture": body}


def _read_json(options: tuple[str, ...], body: bytes) -> Fields:
    """The numbers become floats: those have no limit of digits, and are infinite if too large."""
    try:
        fields = json.loads(body.decode(), parse_int=float, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Refusal(400, f"This is not JSON in UTF-8: {error}.") from error
    if not isinstance(fields, dict) or "strokes" not in fields:
        raise _Refusal(400, 'Send a JSON object: {"strokes": [[[x, y], ...], ...]}.')
    _check_names(fields, ("strokes", "width", *options))
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _read_form(options: tuple[str, ...], boundary: bytes | None, body: bytes) -> Fields:
    fields: Fields = {}

    def add(raw_name: bytes | None, value: object) -> None:
        name = (raw_name or b"").decode(errors="replace")
        _check_names([name], ("picture", *options))
        if name in fields:
            raise _Refusal(400, f"The field {name!r} is there twice.")
        fields[name] = value

    def add_text(field: Field) -> None:
        add(field.field_name, (field.value or b"").decode(errors="replace"))

    def add_file(file: File) -> None:
        file.file_object.seek(0)
        add(file.field_name, file.file_object.read())

    try:
        parser = FormParser(
            "multipart/form-data",
            add_text,
            add_file,
            boundary=boundary,
            config={"MAX_MEMORY_FILE_SIZE": math.inf},
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise _Refusal(400, f"The form cannot be read: {error}.") from error
    if not isinstance(fields.get("picture"), bytes):
        raise _Refusal(400, "There is no file 'picture': curl -F picture=@photo.jpg sends one.")
    return _typed(fields)


def _read_query(options: tuple[str, ...], request: Request) -> Fields:
    _check_names(request.query_params, options)
    return _typed(dict(request.query_params))


def _typed(texts: Fields) -> Fields:
    """The fields, whose values are texts, with a truth value for "centred"."""
    truths = {"true": True, "false": False}
    return {
        name: truths.get(value, value) if name == "centred" else value
        for name, value in texts.items()
    }


def _check_names(fields: Iterable[str], known: tuple[str, ...]) -> None:
    for name in fields:
        if name not in known:
            raise _Refusal(400, f"There is no field {name!r:.60}: use {', '.join(known)}.")
