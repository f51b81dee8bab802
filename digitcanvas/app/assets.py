"""The files that the browser loads: small on the wire, and fetched once.

Our own (our JavaScript, and Plotly's from its Python package) have a hash of their content in their
address, so that a browser keeps them for a year. Streamlit's server sends its own files and the
canvas' plain, or compresses them anew at each request; `Compressed` sends them from memory instead.
Each is compressed once, in a thread, and kept as compressed bytes alone.
"""

import asyncio
import hashlib
import re
import zlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import streamlit as st
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_routes import _set_cors_headers

APP = Path(__file__).parent
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
FOR_A_YEAR = "public, immutable, max-age=31536000"
ASK_FIRST = "public, no-cache"
"""For a file whose name stays when its content changes: the browser asks whether it has."""

MOST = 4 * 2**20
"""Compressed bytes kept at most. A first visit takes 2.3 MB, and all files of Streamlit's 7 MB."""
PIECE = 2**16
"""Bytes sent at a time: the server holds no more than that of a file for each slow client."""

CANVAS = "streamlit_drawable_canvas"
CANVAS_ADDRESS = f"_stcore/bidi-components/streamlit-drawable-canvas.{CANVAS}"


class Asset:
    """A file that the browser loads, compressed on first use."""

    def __init__(self, file: Path, cache_control: str = FOR_A_YEAR) -> None:
        self.file = file
        self._headers = {
            "Content-Type": TYPES[file.suffix],
            "Cache-Control": cache_control,
            "Vary": "Accept-Encoding",
        }
        self._packed: Future[Packed | None] | None = None
        self._lock = Lock()

    def pack(self) -> "Future[Packed | None]":
        """Have the file compressed, once. Gives None if it is gone, or there is no room for it."""
        with self._lock:
            if self._packed is None:
                self._packed = SHELF.put(self.file)
        return self._packed

    async def packed_answer(self, request: Request) -> Response | None:
        """The file compressed; None if the client does not take gzip, or we do not have it so."""
        if not takes_gzip(request.headers):
            return None
        # Shielded: a client that hangs up must not cancel the work that others wait for.
        packed = await asyncio.shield(asyncio.wrap_future(self.pack()))
        if packed is None:
            return None
        headers = self._headers | {"ETag": packed.tag}
        if packed.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(packed.content))}
        if request.method == "HEAD":
            return Response(headers=headers)
        return StreamingResponse(_pieces(packed.content), headers=headers)

    def plain_answer(self) -> Response:
        """The file as it is."""
        return FileResponse(self.file, headers=self._headers)


class Packed(NamedTuple):
    """A file in gzip's format, and its ETag."""

    content: bytes
    tag: str


class Shelf:
    """Compressed files in memory, up to `room` bytes.

    Two threads compress, so that a visitor's next small file does not wait for Plotly's script.
    """

    def __init__(self, room: int, threads: int = 2) -> None:
        self._room = room
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(threads, "compress")

    def put(self, file: Path) -> "Future[Packed | None]":
        return self._threads.submit(self._compress, file)

    def _compress(self, file: Path) -> Packed | None:
        packer = zlib.compressobj(zlib.Z_BEST_COMPRESSION, wbits=31)  # 31: in gzip's format
        try:
            with file.open("rb") as plain:
                pieces = [packer.compress(piece) for piece in iter(lambda: plain.read(PIECE), b"")]
        except OSError:
            return None
        content = b"".join(pieces) + packer.flush()
        with self._lock:
            if len(content) > self._room:
                return None
            self._room -= len(content)
        return Packed(content, f'"{hashlib.blake2b(content, digest_size=8).hexdigest()}"')


SHELF = Shelf(MOST)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


def takes_gzip(headers: Headers) -> bool:
    """Whether the Accept-Encoding of these request headers allows gzip."""
    for coding in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";")
        if name == "gzip":
            return not re.fullmatch(r"q=0(\.0*)?", weight)
    return False


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


STREAMLIT = _package("streamlit") / "static"
PLOTLY = _package("plotly") / "package_data" / "plotly.min.js"
"""Plotly's script. Its Python package is not imported for it: that takes 31 ms and 4 MB."""


def own_assets(folder: Path, plotly: Path) -> dict[str, Asset]:
    """Our files by their addresses below digitcanvas/.

    The modules in the folder share one hash and keep their paths, so that they find one another.
    """
    modules = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*.js"))}
    common = hashlib.blake2b(digest_size=8)
    for name, file in modules.items():
        common.update(f"{name} {_hash(file)}".encode())
    assets = {f"{common.hexdigest()}/{name}": Asset(file) for name, file in modules.items()}
    return assets | {f"{_hash(plotly)}/{plotly.name}": Asset(plotly)}


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def other_assets(static: Path, canvas: Path) -> dict[str, Asset]:
    """Streamlit's and the canvas' JavaScript and CSS, by their addresses below the app's root."""
    assets = {
        file.relative_to(static).as_posix(): Asset(file)
        for file in (static / "static").rglob("*")
        if file.suffix in TYPES
    }
    for file in canvas.glob("*"):
        if file.suffix in TYPES:
            kept = FOR_A_YEAR if has_hash(file.name) else ASK_FIRST
            assets[f"{CANVAS_ADDRESS}/{file.name}"] = Asset(file, kept)
    return assets


def has_hash(name: str) -> bool:
    """Whether a built file has its content's hash in its name, as in index-ynYgWHmM.js."""
    ending = re.search(r"-([\w-]{8})\.\w+$", name)
    return ending is not None and re.search("[A-Z0-9]", ending[1]) is not None


OURS = own_assets(APP, PLOTLY)
OTHERS = other_assets(STREAMLIT, _package(CANVAS) / "frontend" / "build")


def url(file: Path) -> str:
    """The address of a file of ours, relative to the app's root.

    A page resolves it by `new URL(address, document.baseURI)`: all its pages lie in the root, which
    a proxy may have moved. Raises ValueError for a file that is not ours.
    """
    for address, asset in OURS.items():
        if asset.file == file:
            return f"digitcanvas/{address}"
    raise ValueError(f"{file} is not served. Only JavaScript below {APP} and Plotly's script are.")


def routes(base: str) -> list[BaseRoute]:
    """What serves our files, and nothing else, below `base`, the path that the server has."""

    async def answer(request: Request) -> Response:
        asset = OURS.get(request.path_params["address"])
        if asset is None:
            raise HTTPException(404)
        return await asset.packed_answer(request) or asset.plain_answer()

    return [Route(f"{_root(base)}digitcanvas/{{address:path}}", answer)]


class Compressed:
    """Middleware that sends Streamlit's and the canvas' JavaScript and CSS from memory, compressed.

    `base` is the path that the server has. All other requests go on to Streamlit, and those for a
    part of a file (Range) too.
    """

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app = app
        self._root = _root(base)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        address = scope["path"].removeprefix(self._root)
        asset = OTHERS.get(address)
        request = Request(scope)
        if asset is None or request.method not in {"GET", "HEAD"} or "range" in request.headers:
            return None
        answer = await asset.packed_answer(request)
        if answer and address.startswith(CANVAS_ADDRESS):
            await _set_cors_headers(request, answer)  # as Streamlit does, for components alone
            answer.headers.add_vary_header("Origin")
        return answer


def warm() -> None:
    """Begin to compress what a first visit loads. It takes 0.3 s, in the background."""
    page = (STREAMLIT / "index.html").read_text()
    at_once = set(re.findall(r"static/(?:js|css)/[\w.-]+", page))
    for address, asset in OTHERS.items():
        if address in at_once or address.startswith(CANVAS_ADDRESS):
            asset.pack()
    for asset in OURS.values():
        asset.pack()


def component(name: str, module: Path, **options: Any) -> Callable[..., Any]:
    """A component of Streamlit's whose script is a module of ours, free to import others of ours.

    Streamlit sends a component's script again with each run; this one's is a short stub (stub.js).
    `options` are those of `st.components.v2.component` other than `js`.
    """
    stub = (APP / "stub.js").read_text().replace("ADDRESS", url(module))
    return st.components.v2.component(name, js=stub, **options)


def _root(base: str) -> str:
    base = base.strip("/")
    return f"/{base}/" if base else "/"
