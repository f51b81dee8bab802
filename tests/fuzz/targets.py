"""What is fuzzed: for each target, how an input is made (bytes) and how it is taken.

An input of several parts is JSON, with bytes as Latin-1 texts.
"""

import contextlib
import hashlib
import io
import json
import random
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from digitcanvas.__main__ import main
from digitcanvas.app import api, live_drawing
from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.files import Drawing, read_drawings, write_drawings
from digitcanvas.drawing.hand_files import HandFile, ToldDrawing, pack_hand, unpack_hand
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.registry import CARD, SERVED, SHIPPED
from digitcanvas.runs.recipes import Recipe
from tests.apptest import open_session
from tests.digits import DIGITS
from tests.fuzz.mutate import changed, damaged, scratched

LONGEST = 600
"""Characters of a message to people, at most: paths and lists of names are in some."""

STROKES = [[[10.0, 10.0], [40.0, 90.0], [80.0, 20.0]], [[5.0, 50.0], [95.0, 50.0]]]


@dataclass(frozen=True)
class Target:
    make: Callable[[random.Random], bytes]
    take: Callable[[bytes], None]


def _json(*seeds: Any) -> Callable[[random.Random], bytes]:
    return lambda rng: json.dumps(changed(rng.choice(seeds), rng)).encode()


def _files(seeds: Callable[[], list[bytes]]) -> Callable[[random.Random], bytes]:
    return lambda rng: damaged(rng.choice(seeds()), rng.choice(seeds()), rng)


def refusing(take: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Takes a ValueError with a message for a person as a good end."""

    def taken(content: bytes) -> None:
        try:
            take(content)
        except ValueError as error:
            if type(error) is UnicodeEncodeError or not 0 < len(str(error)) <= LONGEST:
                raise AssertionError(f"not a message for people: {str(error)[:300]!r}") from error

    return taken


@cache
def _pictures() -> list[bytes]:
    rng = np.random.default_rng(17)
    image = Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8))
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("BMP", {}), ("GIF", {}),
        ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {}),
    ]  # fmt: skip
    return [_saved(image, kind, options) for kind, options in kinds]


def _saved(image: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _drawings() -> list[Drawing]:
    return [Drawing([np.array(stroke) for stroke in STROKES], 4, 1)]


def _with_pixels(png: bytes, rng: random.Random) -> bytes:
    """A PNG with other pixels, and with the checksums that let a decoder go on to them."""
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start], "big")
    pixels = scratched(zlib.decompress(png[start + 4 : start + 4 + length]), rng)
    chunk = b"IDAT" + zlib.compress(pixels)
    checked = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return png[: start - 4] + checked + png[start + 8 + length :]


def _make_picture(rng: random.Random) -> bytes:
    """Half of them only scratched, so that they reach the decoders."""
    picture = rng.choice(_pictures())
    if picture.startswith(b"\x89PNG") and rng.random() < 0.5:
        return _with_pixels(picture, rng)
    if rng.random() < 0.5:
        return scratched(picture, rng)
    return damaged(picture, rng.choice(_pictures()), rng)


@cache
def _numbers() -> list[bytes]:
    """Small photos of a number, which are read as such."""
    page = np.full((120, 240), 230, np.uint8)
    for left, digit in ((0, 2), (120, 7)):
        for stroke in DIGITS[digit]:
            points = np.add(np.multiply(stroke, 0.4), (left, 0)).astype(np.int32)
            cv2.polylines(page, [points], False, 20, 8)
    return [_saved(Image.fromarray(page), kind, {}) for kind in ("JPEG", "WEBP", "BMP")]


def _read_number(content: bytes) -> None:
    mlp = _mlp()
    mlp.read_number_image(read_picture(content))
    mlp.predict_image(read_picture(content))


@cache
def _mlp() -> Recognizer:
    return Recognizer.load("mlp")


@cache
def _drawing_files() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "drawings.npz")
        write_drawings(path, _drawings())
        packed = path.read_bytes()
    unipen = (
        b'.SEGMENT DIGIT ? ? "4"\n.PEN_DOWN\n10 10\n40 90\n.PEN_UP\n.PEN_DOWN\n5 5\n9 9\n.PEN_UP\n'
    )
    return [packed, unipen]


def _read_drawings(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        read_drawings(file.name)


@cache
def _hands() -> list[bytes]:
    told = ToldDrawing(_drawings()[0].strokes, 4, datetime(2026, 1, 1, tzinfo=UTC))
    return [pack_hand(HandFile("Ada", [told]))]


@cache
def _cards() -> list[bytes]:
    return [(SHIPPED / "mlp" / "card.json").read_bytes()]


def _make_model(rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return damaged(_cards()[0], b"{[]}", rng)
    return json.dumps(changed(json.loads(_cards()[0]), rng)).encode()


def _load_model(card: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SHIPPED / "mlp" / "model.tflite", folder)
        Path(folder, "card.json").write_bytes(card)
        Recognizer.load(folder)


def _make_network(rng: random.Random) -> bytes:
    """A model directory's files, one of them damaged or gone; the checksum may be the right one."""
    card = json.loads(_cards()[0])
    network = (SHIPPED / "mlp" / SERVED).read_bytes()
    match rng.randrange(4):
        case 0:
            network = damaged(network, _pictures()[0], rng)
        case 1:
            network = rng.choice([*_pictures(), b"", b"TFL3" * 9])
        case 2:
            network = network[: rng.randrange(len(network))]
        case 3:
            del card["files"][rng.choice(list(card["files"]))]
    if rng.random() < 0.3:
        card["files"][SERVED] = hashlib.sha256(network).hexdigest()
    files = {CARD: json.dumps(card), SERVED: network.decode("latin-1"), "lost+found": ""}
    del files[rng.choice([*files, "lost+found", "lost+found"])]
    return json.dumps(files).encode()


def _load_network(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in json.loads(content).items():
            Path(folder, name).write_bytes(text.encode("latin-1"))
        Recognizer.load(folder)


MESSAGE = {
    "turn": 1, "from": [0, 0], "points": [[10, 10, 40, 90, 80, 20], [5, 50, 95, 50]],
    "widths": [16, 16], "models": ["mlp"], "centred": True, "logits": False, "numbers": False,
    "down": False, "rest": True, "room": None,
}  # fmt: skip


def _live(content: bytes) -> None:
    reply = live_drawing.answer(live_drawing.LiveDrawing(), json.loads(content))
    if reply.get("error") == live_drawing.UNEXPECTED:
        raise AssertionError("an exception, which the log tells of")


@cache
def _client() -> TestClient:
    return TestClient(Starlette(routes=api.routes("", 1_000_000)))


def _call(content: bytes) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/api/predict", "/api/read_number"):
        status = _client().post(path, content=content, headers=headers).status_code
        if not 200 <= status < 500:
            raise AssertionError(f"HTTP {status}")


def _make_call(rng: random.Random) -> bytes:
    seed = {"strokes": STROKES, "model": "mlp", "width": 16}
    content = json.dumps(changed(seed, rng)).encode()
    return damaged(content, b"[[{", rng) if rng.random() < 0.3 else content


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="picture"; filename="7.png"\r\n'
    b"Content-Type: image/png\r\n\r\n%s\r\n"
    b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nmlp\r\n--x--\r\n'
)


def _make_form(rng: random.Random) -> bytes:
    return damaged(FORM % rng.choice(_pictures()), b"--x\r\n\r\n--x--", rng)


def _send_form(content: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    status = _client().post("/api/predict", content=content, headers=headers).status_code
    if not 200 <= status < 500:
        raise AssertionError(f"HTTP {status}")


LINK = {
    "model": "mlp", "compare": "cnn", "pen_width": "16", "wide": "true", "centred": "false",
    "logits": "true", "room": "ABCDE", "recipe": "tiny", "data": "sample", "epochs": "5",
    "hidden": "128, 64", "dropout": "0.2", "optimizer": "sgd", "learning_rate": "0.01",
    "seed": "1", "augment": "true", "validation_share": "0.1",
}  # fmt: skip


def _make_link(rng: random.Random) -> bytes:
    link = changed(LINK, rng)
    return json.dumps(link if isinstance(link, dict) else LINK).encode()


def _decoded(value: Any) -> str:
    """A text as an address can hold it."""
    return str(value).encode(errors="replace").decode()


def _follow_link(content: bytes) -> None:
    page = open_session()
    for name, value in json.loads(content).items():
        page.query_params[name] = value if isinstance(value, list) else _decoded(value)
    page.run()
    if page.exception:
        raise AssertionError(page.exception[0].message)


ARGUMENTS = (
    ["predict", "picture"], ["predict", "--number", "picture", "--json"],
    ["predict", "picture", "--model", "mlp", "--hand", "drawings"], ["models", "--json"],
    ["drawings", "picture"], ["evaluate", "mlp", "--strokes", "drawings"], ["recipes"],
    ["train", "tiny", "--hidden", "4,4", "--learning-rate", "0,1", "--name", "x", "--mnist", "no"],
    ["tune", "tiny", "--trials", "3", "--vary", "dropout,hidden", "--mnist", "no"],
)  # fmt: skip


def _make_arguments(rng: random.Random) -> bytes:
    words = changed(list(rng.choice(ARGUMENTS)), rng)
    texts = [str(word) for word in words] if isinstance(words, list) else [str(words)]
    files = {"picture": _make_picture(rng), "drawings": damaged(_drawing_files()[1], b"\n.", rng)}
    texts = [text for text in texts if text != "run"]  # which goes on until it is stopped
    return json.dumps([texts, {name: it.decode("latin-1") for name, it in files.items()}]).encode()


def _run_command(content: bytes) -> None:
    words, files = json.loads(content)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, text in files.items():
            Path(name).write_bytes(text.encode("latin-1"))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                status = main(words)
            except SystemExit as end:  # argparse's
                status = end.code
    if status not in (0, 1, 2, None):
        raise AssertionError(f"status {status}")


CANVAS = {
    "objects": [
        {
            "type": "path", "originX": "center", "originY": "center", "left": 40, "top": 40,
            "scaleX": 1, "scaleY": 1, "angle": 0, "skewX": 0, "flipX": False,
            "path": [["M", 10, 10], ["Q", 20, 30, 40, 50], ["L", 60, 70]],
        }
    ]
}  # fmt: skip

RECIPE = asdict(Recipe("cnn", 5, filters=(8,), hidden=(16,)))


def _make_recipe(content: bytes) -> None:
    values = json.loads(content)
    known = RECIPE.keys() & (values.keys() if isinstance(values, dict) else ())
    Recipe(**{**RECIPE, **{name: values[name] for name in known}})


TARGETS = {
    "canvas": Target(_json(CANVAS), refusing(lambda data: strokes_from_canvas(json.loads(data)))),
    "live": Target(_json(MESSAGE), refusing(_live)),
    "pictures": Target(_make_picture, refusing(read_picture)),
    "numbers": Target(lambda rng: scratched(rng.choice(_numbers()), rng), refusing(_read_number)),
    "models": Target(_make_model, refusing(_load_model)),
    "networks": Target(_make_network, refusing(_load_network)),
    "drawings": Target(_files(_drawing_files), refusing(_read_drawings)),
    "hands": Target(_files(_hands), refusing(unpack_hand)),
    "api": Target(_make_call, _call),
    "forms": Target(_make_form, _send_form),
    "links": Target(_make_link, _follow_link),
    "shell": Target(_make_arguments, _run_command),
    "recipes": Target(_json(RECIPE), refusing(_make_recipe)),
}
