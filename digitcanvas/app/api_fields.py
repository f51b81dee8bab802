"""What a request to the API holds: a drawing or a picture, and the fields beside it.

Each reader raises Refusal for what it cannot read.
"""

import json
import math
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, NoReturn

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser
from starlette.requests import Request

from digitcanvas.drawing.strokes import MAX_COORDINATE, Stroke, check_strokes

Fields = dict[str, Any]
"""What a request holds, by the names of its fields."""


class Refusal(Exception):
    """A request that gets an error instead of an answer."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.headers = status, headers


def _strokes(values: Any) -> list[Stroke]:
    """Raises ValueError as `check_strokes` does, and for truth values, to NumPy 0 and 1."""
    strokes = check_strokes(values)
    if bool in set(map(type, chain.from_iterable(chain.from_iterable(values)))):
        raise ValueError("A coordinate is true or false, which is not a number.")
    return strokes


def drawing(fields: Fields) -> tuple[list[Stroke], list[float] | None]:
    """The strokes, and the widths that they were drawn with if the pen's is known."""
    strokes = _strokes(fields["strokes"])
    return strokes, [_width(fields["width"])] * len(strokes) if "width" in fields else None


def _width(width: object) -> float:
    if not isinstance(width, float) or not 0 < width <= MAX_COORDINATE:
        raise ValueError("The pen's width is not a positive number of pixels.")
    return width


def read_bare_picture(body: bytes) -> Fields:
    """A picture sent with its own type."""
    return {"picture": body}


def read_json(options: tuple[str, ...], body: bytes) -> Fields:
    """A drawing sent as JSON.

    The numbers become floats: those have no limit of digits, and are infinite if too large.
    """
    try:
        fields = json.loads(body.decode(), parse_int=float, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"This is not JSON in UTF-8: {error}.") from error
    if not isinstance(fields, dict) or "strokes" not in fields:
        raise Refusal(400, 'Send a JSON object: {"strokes": [[[x, y], ...], ...]}.')
    _check_names(fields, ("strokes", "width", *options))
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def read_form(options: tuple[str, ...], boundary: bytes | None, body: bytes) -> Fields:
    """A picture sent as a form."""
    fields: Fields = {}

    def add(raw_name: bytes | None, value: object) -> None:
        name = (raw_name or b"").decode(errors="replace")
        _check_names([name], ("picture", *options))
        if name in fields:
            raise Refusal(400, f"The field {name!r} is there twice.")
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
        raise Refusal(400, f"The form cannot be read: {error}.") from error
    if not isinstance(fields.get("picture"), bytes):
        raise Refusal(400, "There is no file 'picture': curl -F picture=@photo.jpg sends one.")
    return _typed(fields)


def read_query(options: tuple[str, ...], request: Request) -> Fields:
    """The fields in the address."""
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
            raise Refusal(400, f"There is no field {name!r:.60}: use {', '.join(known)}.")
