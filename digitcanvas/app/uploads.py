"""Middleware that bounds what uploads hold of the memory.

Streamlit keeps an uploaded file for as long as its session lives, which may be half an hour after
the browser has left. Our page takes files at once and lets them go (parts/picture_source.py), so
more is held by who uploads and never attaches.
"""

from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

MEGABYTE = 2**20

OWN, ALL = 100 * MEGABYTE, 1000 * MEGABYTE
"""Bytes that one session's uploads hold at most, and those of all: twenty photos of a phone."""

PATH = "/_stcore/upload_file/"

Held = Callable[[], Mapping[str, int]]


def held() -> dict[str, int]:
    """The bytes that each session's uploads hold."""
    files = runtime.get_instance().uploaded_file_mgr
    if not isinstance(files, MemoryUploadedFileManager):
        return {}
    stored = {session: list(own.values()) for session, own in files.file_storage.copy().items()}
    return {session: sum(len(file.data) for file in own) for session, own in stored.items()}


class Uploads:
    """Refuses an upload for which there is no room."""

    def __init__(self, app: ASGIApp, base: str = "", held: Held = held) -> None:
        """`base` is the path that the app is served below, "" for none."""
        self._app, self._path, self._held = app, f"{base}{PATH}", held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("PUT", "POST"):
            path = scope["path"]
            if path.startswith(self._path):
                session = path.removeprefix(self._path).partition("/")[0]
                if refused := self._refusal(session, Headers(scope=scope).get("content-length")):
                    await PlainTextResponse(*refused)(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    def _refusal(self, session: str, length: str | None) -> tuple[str, int] | None:
        if length is None or not length.isdecimal():
            return "Say how long the file is.", 411
        held = self._held()
        if held.get(session, 0) + int(length) > OWN:
            return "Your uploads take too much memory: remove some, or reload the page.", 413
        if sum(held.values()) + int(length) > ALL:
            return "The uploads of all take too much memory: try again in some minutes.", 413
        return None
