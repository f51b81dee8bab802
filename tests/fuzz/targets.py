"""What is fuzzed: for each target, how an input is made (bytes) and how it is taken."""

import io
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from digitcanvas.app import api, live_drawing
from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.files import Drawing, read_drawings, write_drawings
from digitcanvas.drawing.hand_files import HandFile, ToldDrawing, pack_hand, unpack_hand
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.registry import SHIPPED
from digitcanvas.runs.recipes import Recipe
from tests.fuzz.mutate import changed, damaged

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
    "pictures": Target(_files(_pictures), refusing(read_picture)),
    "models": Target(_make_model, refusing(_load_model)),
    "drawings": Target(_files(_drawing_files), refusing(_read_drawings)),
    "hands": Target(_files(_hands), refusing(unpack_hand)),
    "api": Target(_make_call, _call),
    "recipes": Target(_json(RECIPE), refusing(_make_recipe)),
}
