"""The files that the browser loads, asked for as a server would."""

import asyncio
import gzip
import re
import threading
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from streamlit.web.server.starlette.starlette_routes import create_bidi_component_routes
from streamlit.web.server.starlette.starlette_static_routes import (
    create_streamlit_static_assets_routes,
)

from digitcanvas.app import assets

PLOT = assets.APP / "parts" / "plot.js"
GZIP = {"accept-encoding": "gzip, deflate, br"}
SCRIPT, STYLE, FONT = (
    next(file.relative_to(assets.STREAMLIT) for file in assets.STREAMLIT.glob(pattern)).as_posix()
    for pattern in ("static/js/react-dom.*.js", "static/css/index.*.css", "static/media/*.woff2")
)


class Answer:
    """What an app sends: its status, its headers and the pieces of its body."""

    def __init__(self, messages):
        start, *bodies = messages
        self.status = start["status"]
        self.headers = Headers(raw=start["headers"])
        self.pieces = [body.get("body", b"") for body in bodies]
        self.body = b"".join(self.pieces)


async def ask(app, path, headers=GZIP, method="GET"):
    """Send the app a request, as a server would, and gather the answer."""
    sent, ended = [], asyncio.Event()

    async def receive():
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return Answer(sent)


def get(app, path, headers=GZIP, method="GET"):
    return asyncio.run(ask(app, path, headers, method))


@pytest.fixture
def ours():
    return Starlette(routes=assets.routes(""))


def streamlits(base=""):
    """Streamlit's own server of its files and the canvas', and the same behind the middleware."""
    folder = assets._package(assets.CANVAS)
    registry = SimpleNamespace(
        get=lambda name: name in assets.CANVAS_ADDRESS,
        get_component_path=lambda name: str(folder / "frontend" / "build"),
    )
    routes = create_bidi_component_routes(registry, base)
    routes += create_streamlit_static_assets_routes(base)
    middleware = [Middleware(assets.Compressed, base=base)]
    return Starlette(routes=routes), Starlette(routes=routes, middleware=middleware)


class TestOurs:
    @pytest.mark.parametrize("file", [PLOT, assets.PLOTLY])
    def test_are_sent_compressed_and_kept_for_a_year(self, ours, file):
        answer = get(ours, f"/{assets.url(file)}")
        assert answer.status == 200
        assert gzip.decompress(answer.body) == file.read_bytes()
        assert dict(answer.headers) == {
            "content-type": "text/javascript; charset=utf-8",
            "cache-control": "public, immutable, max-age=31536000",
            "content-encoding": "gzip",
            "content-length": str(len(answer.body)),
            "vary": "Accept-Encoding",
            "etag": answer.headers["etag"],
        }

    def test_are_sent_in_small_pieces_for_slow_clients(self, ours):
        pieces = get(ours, f"/{assets.url(assets.PLOTLY)}").pieces
        assert len(pieces) > 20
        assert max(map(len, pieces)) <= 2**16

    @pytest.mark.parametrize("headers", [{}, {"accept-encoding": "br, gzip;q=0"}])
    def test_are_sent_plain_to_a_client_without_gzip(self, ours, headers):
        answer = get(ours, f"/{assets.url(PLOT)}", headers)
        assert answer.body == PLOT.read_bytes()
        assert "content-encoding" not in answer.headers
        assert answer.headers["cache-control"] == "public, immutable, max-age=31536000"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["vary"] == "Accept-Encoding"

    @pytest.mark.parametrize("headers", [GZIP, {}])
    def test_are_described_without_their_content(self, ours, headers):
        address = f"/{assets.url(PLOT)}"
        described, whole = (get(ours, address, headers, method) for method in ("HEAD", "GET"))
        assert described.status == 200
        assert not described.body
        assert dict(described.headers) == dict(whole.headers)

    def test_are_not_sent_again_to_who_has_them(self, ours):
        address = f"/{assets.url(PLOT)}"
        tag = get(ours, address).headers["etag"]
        again = get(ours, address, GZIP | {"if-none-match": f'"other", W/{tag}'})
        assert (again.status, again.body) == (304, b"")
        assert get(ours, address, GZIP | {"if-none-match": '"other"'}).status == 200

    @pytest.mark.parametrize(
        "path",
        [
            "/digitcanvas/",
            "/digitcanvas/parts/plot.js",
            "/digitcanvas/0123456789abcdef/parts/plot.js",
            "/digitcanvas/HASH/parts/plot.py",
            "/digitcanvas/HASH/parts/missing.js",
            "/digitcanvas/HASH/parts",
            "/digitcanvas/HASH/parts/../parts/plot.js",
            "/digitcanvas/HASH/parts//plot.js",
            "/digitcanvas/HASH/../../assets.py",
            "/digitcanvas//etc/passwd",
            "/digitcanvas/HASH/..\\main.py",
        ],
    )
    def test_are_all_that_is_served(self, ours, path):
        known = assets.url(PLOT).split("/")[1]
        answer = get(ours, path.replace("HASH", known))
        assert answer.status == 404
        assert "cache-control" not in answer.headers

    def test_are_only_read(self, ours):
        assert get(ours, f"/{assets.url(PLOT)}", method="POST").status == 405

    @pytest.mark.parametrize("base", ["app", "/app", "/app/", "a/b"])
    def test_lie_below_the_servers_path(self, base):
        app = Starlette(routes=assets.routes(base))
        address = assets.url(PLOT)
        assert get(app, f"/{base.strip('/')}/{address}").status == 200
        assert get(app, f"/{address}").status == 404

    def test_find_one_another(self):
        for module in assets.APP.rglob("*.js"):
            address = assets.url(module)
            for name in re.findall(r'(?:from|import) "(\.[^"]+)"', module.read_text()):
                imported = (module.parent / name).resolve()
                start = len(address.removesuffix(module.relative_to(assets.APP).as_posix()))
                assert assets.url(imported)[:start] == address[:start]

    def test_have_an_address_only_if_they_are_served(self):
        with pytest.raises(ValueError, match="is not served"):
            assets.url(Path(assets.__file__))


class TestHash:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "parts").mkdir()
        (tmp_path / "a.js").write_text("one")
        (tmp_path / "parts" / "b.js").write_text("two")
        (tmp_path / "plotly.min.js").write_text("three")
        return tmp_path

    @staticmethod
    def addresses(folder):
        found = assets.own_assets(folder / "parts", folder / "plotly.min.js")
        return [address.split("/", 1) for address in found]

    def test_stays_with_the_content(self, folder):
        assert self.addresses(folder) == self.addresses(folder)
        (own, name), (plotlys, script) = self.addresses(folder)
        assert (name, script) == ("b.js", "plotly.min.js")
        assert re.fullmatch("[0-9a-f]{16}", own)
        assert re.fullmatch("[0-9a-f]{16}", plotlys)

    def test_is_one_for_all_modules_and_changes_with_each(self, folder):
        (folder / "parts" / "c").mkdir()
        (folder / "parts" / "c" / "d.js").write_text("four")
        before = self.addresses(folder)
        assert before[0][0] == before[1][0] != before[2][0]
        assert before[1][1] == "c/d.js"
        (folder / "parts" / "b.js").write_text("five")
        after = self.addresses(folder)
        assert after[0][0] == after[1][0] != before[0][0]
        assert after[2] == before[2]

    def test_changes_with_a_modules_name(self, folder):
        (before, _), _ = self.addresses(folder)
        (folder / "parts" / "b.js").rename(folder / "parts" / "c.js")
        (after, _), _ = self.addresses(folder)
        assert before != after

    def test_is_plotlys_own(self, folder):
        before = self.addresses(folder)
        (folder / "plotly.min.js").write_text("another")
        after = self.addresses(folder)
        assert after[0] == before[0]
        assert after[1] != before[1]

    @pytest.mark.parametrize(
        ("name", "has_one"),
        [
            ("index-ynYgWHmM.js", True),
            ("index-0abc_d-e.css", True),
            ("index-style.css", False),
            ("index-settings.js", False),
            ("index.js", False),
        ],
    )
    def test_is_told_in_a_built_files_name(self, name, has_one):
        assert assets.has_hash(name) is has_one


class SlowShelf(assets.Shelf):
    """A shelf that compresses when it is allowed to, one after another, and counts."""

    def __init__(self):
        super().__init__(10**6, threads=1)
        self.allowed, self.files = threading.Event(), []

    def _compress(self, file):
        assert self.allowed.wait(10)
        self.files.append(file.name)
        return super()._compress(file)


class TestShelf:
    @pytest.fixture
    def shelf(self, monkeypatch):
        shelf = SlowShelf()
        monkeypatch.setattr(assets, "SHELF", shelf)
        yield shelf
        shelf.allowed.set()
        shelf._threads.shutdown()

    @pytest.fixture
    def app(self, tmp_path, shelf, monkeypatch):
        for name in "ab":
            (tmp_path / f"{name}.js").write_text(name * 1000)
        own = {file.name: assets.Asset(file) for file in tmp_path.glob("*.js")}
        monkeypatch.setattr(assets, "OURS", own)
        return Starlette(routes=assets.routes(""))

    def test_compresses_once_for_two_first_requests(self, app, shelf):
        async def both():
            first, second = (asyncio.create_task(ask(app, "/digitcanvas/a.js")) for _ in "12")
            await asyncio.sleep(0.05)
            assert not first.done() and not second.done()
            shelf.allowed.set()
            return [await first, await second, await ask(app, "/digitcanvas/a.js")]

        answers = asyncio.run(both())
        assert [gzip.decompress(answer.body) for answer in answers] == [b"a" * 1000] * 3
        assert shelf.files == ["a.js"]

    def test_goes_on_when_the_first_to_ask_hangs_up(self, app, shelf):
        async def one_hangs_up():
            blocking = asyncio.create_task(ask(app, "/digitcanvas/b.js"))
            first, second = (asyncio.create_task(ask(app, "/digitcanvas/a.js")) for _ in "12")
            await asyncio.sleep(0.05)
            first.cancel()
            await asyncio.sleep(0.05)
            shelf.allowed.set()
            await blocking
            return await second

        answer = asyncio.run(one_hangs_up())
        assert gzip.decompress(answer.body) == b"a" * 1000
        assert shelf.files == ["b.js", "a.js"]

    def test_leaves_plain_what_it_has_no_room_for(self, app, shelf):
        shelf._room = 40
        shelf.allowed.set()
        assert get(app, "/digitcanvas/a.js").headers["content-encoding"] == "gzip"
        for _ in "12":
            answer = get(app, "/digitcanvas/b.js")
            assert answer.body == b"b" * 1000
            assert "content-encoding" not in answer.headers
        assert shelf.files == ["a.js", "b.js"]
        assert shelf._room >= 0

    def test_gives_nothing_of_a_file_that_is_gone(self, tmp_path, shelf):
        shelf.allowed.set()
        assert assets.Asset(tmp_path / "gone.js").pack().result() is None

    def test_is_warm_with_what_a_first_visit_loads(self, monkeypatch):
        shelf = assets.Shelf(assets.MOST)
        monkeypatch.setattr(assets, "SHELF", shelf)
        canvas = assets._package(assets.CANVAS) / "frontend" / "build"
        others = assets.other_assets(assets.STREAMLIT, canvas)
        own = assets.own_assets(assets.APP, assets.PLOTLY)
        monkeypatch.setattr(assets, "OTHERS", others)
        monkeypatch.setattr(assets, "OURS", own)
        assets.warm()
        shelf._threads.shutdown()
        ready = {
            address
            for address, asset in (others | own).items()
            if asset._packed and asset._packed.result()
        }
        assert ready > {*own, SCRIPT, STYLE}
        assert sum(address.startswith(assets.CANVAS_ADDRESS) for address in ready) == 2
        assert len(ready) < 100


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br, GZip ; q=0.5", True),
        ("gzip;q=1.000", True),
        ("gzip;q=0", False),
        ("gzip; q=0.00", False),
        ("br", False),
        ("x-gzip-like", False),
        ("", False),
    ],
)
def test_gzip_is_sent_only_to_who_takes_it(accepted, taken):
    assert assets.takes_gzip(Headers({"accept-encoding": accepted})) is taken


class TestCompressed:
    @pytest.mark.parametrize("base", ["", "app"])
    @pytest.mark.parametrize("address", [SCRIPT, STYLE])
    def test_streamlits_files_are_what_streamlit_sends(self, base, address):
        plain, compressed = (
            get(app, f"/{base}/{address}".replace("//", "/")) for app in streamlits(base)
        )
        assert len(compressed.body) < len(plain.body) / 2
        assert gzip.decompress(compressed.body) == plain.body
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.headers["content-length"] == str(len(compressed.body))
        assert compressed.headers["vary"] == "Accept-Encoding"
        for name in ("content-type", "cache-control"):
            assert compressed.headers[name] == plain.headers[name]

    def test_the_canvas_files_are_sent_once(self):
        plain, app = streamlits()
        canvas = [address for address in assets.OTHERS if address.startswith("_stcore/")]
        script, style = sorted(canvas, key=lambda address: address.endswith(".css"))
        for address, kept in ((script, assets.FOR_A_YEAR), (style, assets.ASK_FIRST)):
            answer = get(app, f"/{address}")
            assert gzip.decompress(answer.body) == get(plain, f"/{address}").body
            assert answer.headers["cache-control"] == kept
            again = get(app, f"/{address}", GZIP | {"if-none-match": answer.headers["etag"]})
            assert (again.status, again.body) == (304, b"")
            assert again.headers["cache-control"] == kept

    def test_the_canvas_has_the_address_that_streamlit_gives_it(self):
        project = tomllib.loads((assets._package(assets.CANVAS) / "pyproject.toml").read_text())
        (own,) = project["tool"]["streamlit"]["component"]["components"]
        assert f"{project['project']['name']}.{own['name']}" == Path(assets.CANVAS_ADDRESS).name
        assert own["asset_dir"] == "frontend/build"

    @pytest.mark.parametrize("origin", ["http://friend.example", "http://stranger.example"])
    def test_streamlit_decides_who_may_read_the_canvas_from_elsewhere(self, origin, monkeypatch):
        decision = "streamlit.web.server.starlette.starlette_routes.is_allowed_origin"
        monkeypatch.setattr(decision, lambda origin: "friend" in origin)
        address = next(address for address in assets.OTHERS if address.startswith("_stcore/"))
        answer = get(streamlits()[1], f"/{address}", GZIP | {"origin": origin})
        allowed = origin if "friend" in origin else None
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding, Origin"

    @pytest.mark.parametrize(
        ("address", "headers", "method"),
        [
            (SCRIPT, {}, "GET"),
            (SCRIPT, {}, "HEAD"),
            (SCRIPT, {"accept-encoding": "br"}, "GET"),
            (SCRIPT, GZIP | {"range": "bytes=0-9"}, "GET"),
            (SCRIPT, GZIP, "POST"),
            (FONT, GZIP, "GET"),
            ("static/js/missing.js", GZIP, "GET"),
            ("static/../static/js/missing.js", GZIP, "GET"),
            ("", GZIP, "GET"),
            ("favicon.png", GZIP, "GET"),
        ],
    )
    def test_the_rest_is_left_to_streamlit(self, address, headers, method):
        plain, passed_on = (get(app, f"/{address}", headers, method) for app in streamlits())
        assert passed_on.status == plain.status
        assert passed_on.body == plain.body
        assert dict(passed_on.headers) == dict(plain.headers)

    def test_a_file_is_described_without_its_content(self):
        _, app = streamlits()
        described, whole = (get(app, f"/{SCRIPT}", method=method) for method in ("HEAD", "GET"))
        assert not described.body
        assert dict(described.headers) == dict(whole.headers)

    def test_sockets_and_the_lifespan_are_left_to_streamlit(self):
        seen = []

        async def inner(scope, receive, send):
            seen.append(scope["type"])

        app = assets.Compressed(inner, "")
        for kind in ("websocket", "lifespan"):
            asyncio.run(app({"type": kind, "path": f"/{SCRIPT}"}, None, None))
        assert seen == ["websocket", "lifespan"]


def test_a_components_stub_has_its_modules_address(monkeypatch):
    made = []
    monkeypatch.setattr(
        st.components.v2, "component", lambda name, **options: made.append((name, options))
    )
    assets.component("digitcanvas.test", PLOT, html="<p></p>")
    ((name, options),) = made
    script = options.pop("js")
    assert (name, options) == ("digitcanvas.test", {"html": "<p></p>"})
    assert f'new URL("{assets.url(PLOT)}", document.baseURI)' in script
    assert "ADDRESS" not in script
