"""The HTTP API described: as an OpenAPI document, and from that as a page for people."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from string import Template
from typing import Any

import digitcanvas
from digitcanvas.drawing.pictures import KINDS
from digitcanvas.drawing.strokes import MAX_COORDINATE, MAX_STROKES

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --text: #1f2937; --paper: #fff; --box: #f3f4f6; --link: #4338ca }
@media (prefers-color-scheme: dark) {
  :root { --text: #e5e7eb; --paper: #0e1117; --box: #1f2430; --link: #a5b4fc }
}
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 }
body { color: var(--text); background: var(--paper) }
main { max-width: 52rem; margin: auto; padding: 1rem }
h2 { margin-top: 3rem }
a { color: var(--link) }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9rem; background: var(--box) }
pre { overflow-x: auto; padding: 0.75rem; border-radius: 0.5rem }
table { border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0 }
thead { border-bottom: 1px solid }
</style>
</head>
<body><main>
$content
</main></body>
</html>
""")

SEVEN = [[[80, 70], [200, 70], [150, 150], [125, 225]]]
"""The strokes of a 7."""

READ_AS = {
    "model": "cnn",
    "digit": 7,
    "certainty": "99.7 %",
    "probabilities": [
        7.571349103230318e-10,
        0.0023787592072039843,
        1.3777733329334296e-05,
        1.2885074283985887e-05,
        9.52045047597494e-06,
        3.6561660365919124e-09,
        2.7823839232610226e-08,
        0.9970770478248596,
        3.242080026666372e-07,
        0.0005077251116745174,
    ],
    "is_digit": 0.9952207803726196,
    "rejected": False,
    "turned": 0,
}

SEVENTY_SEVEN = [*SEVEN, [[240, 70], [360, 70], [310, 150], [285, 225]]]
"""The strokes of 77."""

MODEL_OPTION: dict[str, dict[str, Any]] = {
    "model": {
        "type": "string",
        "description": "The name of the model that reads. Without it, the first of the list reads.",
        "examples": ["mlp"],
    }
}

OPTIONS = MODEL_OPTION | {
    "centred": {
        "type": "boolean",
        "default": True,
        "description": "Whether the digit is moved and scaled as MNIST's digits are. If not, its "
        "position and size matter.",
    },
}

READER = {"model": {"type": "string", "description": "The model that read."}}

DIGITS = {
    "seven": {"summary": "A 7", "value": {"strokes": SEVEN}},
    "options": {
        "summary": "A 7 drawn with a pen of 16 pixels, read by another model",
        "value": {"strokes": SEVEN, "width": 16, "model": "mlp"},
    },
}

NUMBERS = {"number": {"summary": "77", "value": {"strokes": SEVENTY_SEVEN, "width": 16}}}

SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}

READING = {
    "digit": {
        "type": "integer",
        "minimum": 0,
        "maximum": 9,
        "description": "The most probable digit.",
    },
    "certainty": {"type": "string", "description": "Its probability in words."},
    "probabilities": {
        "type": "array",
        "items": SHARE,
        "minItems": 10,
        "maxItems": 10,
        "description": "The probability of each digit from 0 to 9. They sum to 1.",
    },
    "is_digit": SHARE | {"description": "How much this looks like a single digit."},
    "rejected": {
        "type": "boolean",
        "description": "Whether it is judged not to be a digit: is_digit is below 0.5.",
    },
    "turned": {
        "type": "integer",
        "enum": [0, 90, 180, 270],
        "description": "By how many degrees, clockwise, a picture was turned to be read.",
    },
}

BOX = {
    "box": {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 4,
        "maxItems": 4,
        "description": "Where it stands: left, top, right and bottom, in the unit of the strokes, "
        "or in pixels of the picture once its long side is reduced to 1,000.",
    }
}

NUMBER = {
    "text": {
        "type": "string",
        "description": "The digits, with a space between numbers that stand apart.",
    },
    "text_with_signs": {
        "type": "string",
        "description": "The same with minus signs and points, as it was written.",
    },
    "certainty": {"type": "string", "description": "The confidence in words."},
    "confidence": SHARE | {"description": "How probable it is that all of this is right."},
    "rejected": {
        "type": "boolean",
        "description": "Whether any of it is judged not to be a digit.",
    },
    "digits": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Digit"},
        "minItems": 1,
        "description": "What is read of each digit, from left to right.",
    },
    "signs": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Sign"},
        "description": "What was found beside the digits in a drawing.",
    },
}

SIGN = {
    "text": {"type": "string", "enum": ["-", "."], "description": "The sign itself."},
    "name": {"type": "string", "description": "What it is called."},
    "place": {
        "type": "integer",
        "minimum": 0,
        "description": "The number of digits to the left of it.",
    },
}

MODEL = {
    "name": {"type": "string", "description": "What to send as model."},
    "parameters": {"type": "integer", "description": "How many numbers the network holds."},
    "accuracy": SHARE | {"description": "The share of a test set that it reads correctly."},
    "measured_on": {"type": "string", "description": "That test set."},
    "trained_on": {"type": "string", "format": "date", "description": "The day of its training."},
    "shipped": {
        "type": "boolean",
        "description": "Whether it came with digitcanvas. The others were trained here.",
    },
}

ERRORS = {
    "400": "The request, the drawing or the picture cannot be read; the error says why.",
    "404": "There is no such model.",
    "408": "The request took too long to arrive.",
    "413": "The drawing or the picture is too large.",
    "415": "The content type is not one of those above.",
}

TOO_MANY = "Too many requests are under way: try again after the seconds in Retry-After."

UNAVAILABLE = f"{TOO_MANY} Without that header, the model is damaged; the error says what to do."

WAIT = {"headers": {"Retry-After": {"schema": {"type": "integer"}}}}


def document(site: str, base: str, max_drawing: int, max_picture: int) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API below this path of a site, with its limits in bytes."""
    predict, number, models = (
        f"{site}{base}/api/{name}" for name in ("predict", "read_number", "models")
    )
    of_a_digit = [
        f"""curl {predict} -H "Content-Type: application/json" \\
  -d '{{"strokes": {SEVEN}}}'""",
        f"curl {predict} -F picture=@photo.jpg -F model=mlp",
        f"""curl "{predict}?model=mlp" -H "Content-Type: image/jpeg" --data-binary @photo.jpg""",
    ]
    of_a_number = [
        f"""curl {number} -H "Content-Type: application/json" \\
  -d '{{"strokes": {SEVENTY_SEVEN}}}'""",
        f"curl {number} -F picture=@photo.jpg -F model=mlp",
    ]
    limits = max_drawing, max_picture
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "digitcanvas",
            "version": digitcanvas.__version__,
            "summary": "Reads handwritten digits, drawn as strokes or shown in a picture.",
            "description": "What you send is read and forgotten. Pages of other sites cannot "
            "read the answers in a browser: there are no CORS headers.",
        },
        "servers": [{"url": base or "/"}],
        "paths": {
            "/api/predict": {
                "post": {
                    "operationId": "predict",
                    "summary": "Read a digit",
                    "description": "Send strokes as JSON, or a picture as a form or bare.",
                    "x-codeSamples": [_shell(sample) for sample in of_a_digit],
                    "parameters": _parameters(OPTIONS),
                    "requestBody": _request_body("one digit", "Drawing", OPTIONS, DIGITS, *limits),
                    "responses": _responses("The prediction.", "Prediction", READ_AS),
                }
            },
            "/api/read_number": {
                "post": {
                    "operationId": "read_number",
                    "summary": "Read a number",
                    "description": "Send one digit or several side by side: strokes as JSON, drawn "
                    "in any order, or a picture as a form or bare.",
                    "x-codeSamples": [_shell(sample) for sample in of_a_number],
                    "parameters": _parameters(MODEL_OPTION),
                    "requestBody": _request_body(
                        "one digit or several in a row", "Row", MODEL_OPTION, NUMBERS, *limits
                    ),
                    "responses": _responses("The number.", "Number"),
                }
            },
            "/api/models": {
                "get": {
                    "operationId": "models",
                    "summary": "List the models",
                    "description": "The models that can be used, the shipped ones first.",
                    "x-codeSamples": [_shell(f"curl {models}")],
                    "responses": {
                        "200": _json("The models.", "Models"),
                        "503": _json(TOO_MANY, "Error") | WAIT,
                    },
                }
            },
        },
        "components": {
            "schemas": {
                "Drawing": _drawing(OPTIONS),
                "Row": _drawing(MODEL_OPTION),
                "Prediction": _object(READER | READING),
                "Number": _object(READER | NUMBER),
                "Digit": _object(READING | BOX),
                "Sign": _object(SIGN | BOX),
                "Models": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}},
                "Model": _object(MODEL),
                "Error": _object(
                    {"error": {"type": "string", "description": "What is wrong and what to do."}}
                ),
            }
        },
    }


def _parameters(options: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "description": f"{schema['description']} A field of the body with this name has "
            "precedence.",
            "schema": {k: v for k, v in schema.items() if k != "description"},
        }
        for name, schema in options.items()
    ]


def _responses(words: str, schema: str, example: object = None) -> dict[str, Any]:
    return {
        "200": _json(words, schema, example),
        **{code: _json(wrong, "Error") for code, wrong in ERRORS.items()},
        "503": _json(UNAVAILABLE, "Error") | WAIT,
    }


def _request_body(
    shown: str,
    drawing: str,
    options: Mapping[str, Any],
    examples: Mapping[str, Any],
    max_drawing: int,
    max_picture: int,
) -> dict[str, Any]:
    """What is sent: a drawing by the schema of this name, or a picture, of what is `shown`."""
    largest, large = (f"at most {size(limit)}" for limit in (max_drawing, max_picture))
    file = {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": f"A {KINDS} file of {large}.",
    }
    return {
        "required": True,
        "description": f"A drawing of {largest}, or a picture of {large} of {shown}, dark on "
        "light or light on dark.",
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{drawing}"},
                "examples": examples,
            },
            "multipart/form-data": {"schema": _object({"picture": file, **options}, ["picture"])},
            "image/*": {"schema": {}},
        },
    }


def _drawing(options: Mapping[str, Any]) -> dict[str, Any]:
    return _object({"strokes": _strokes(), "width": _width(), **options}, ["strokes"])


def _strokes() -> dict[str, Any]:
    number = {"type": "number", "minimum": -MAX_COORDINATE, "maximum": MAX_COORDINATE}
    point = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    return {
        "type": "array",
        "items": {"type": "array", "items": point, "minItems": 1},
        "minItems": 1,
        "maxItems": MAX_STROKES,
        "description": "The paths of the pen, each a list of points [x, y] in pixels of a canvas "
        f"of 280 x 280, x to the right and y down. At most {MAX_STROKES} strokes.",
    }


def _width() -> dict[str, Any]:
    return {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": MAX_COORDINATE,
        "description": "The pen's width in pixels of the canvas, so that strokes whose ink "
        "touches there are joined. Without it, strokes are lines without a width.",
    }


def size(limit: int) -> str:
    """A number of bytes in words."""
    return f"{limit / 2**20:g} MB" if limit >= 2**20 else f"{limit / 2**10:g} kB"


def _shell(source: str) -> dict[str, str]:
    return {"lang": "Shell", "source": source}


def _object(properties: Mapping[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    """The schema of an object with these properties and no others; all required by default."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required or properties),
        "additionalProperties": False,
    }


def _json(description: str, schema: str, example: object = None) -> dict[str, Any]:
    """A response of JSON."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    if example is not None:
        content["example"] = example
    return {"description": description, "content": {"application/json": content}}


def page(document: Mapping[str, Any]) -> str:
    """The document as an HTML page, which fetches nothing."""
    info = document["info"]
    title = f"{info['title']} {info['version']}: HTTP API"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(info['summary'])} {escape(info['description'])}</p>",
        '<p>For tools: <a href="api/openapi.json">openapi.json</a></p>',
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<h2>{escape(operation['summary'])}</h2>")
            parts.append(f"<p><code>{method.upper()} {escape(path)}</code></p>")
            parts.append(f"<p>{escape(operation['description'])}</p>")
            parts.extend(_operation(operation, document["components"]["schemas"]))
    return PAGE.substitute(title=escape(title), content="\n".join(parts))


def _operation(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    for sample in operation["x-codeSamples"]:
        yield _block(sample["source"])
    if body := operation.get("requestBody"):
        yield f"<h3>What to send</h3><p>{escape(body['description'])}</p>"
        for kind, content in body["content"].items():
            yield f"<h4><code>{escape(kind)}</code></h4>"
            yield from _content(content, schemas)
    if parameters := operation.get("parameters"):
        yield "<h3>In the query</h3>"
        rows = [(p["name"], p["description"]) for p in parameters]
        yield _table(("parameter", "meaning"), rows)
    yield "<h3>What comes back</h3>"
    answers = operation["responses"].items()
    yield _table(("status", "meaning"), [(code, answer["description"]) for code, answer in answers])
    good, bad, *_ = (answer["content"]["application/json"] for _, answer in answers)
    yield "<h4>With status 200</h4>"
    yield from _content(good, schemas)
    yield "<h4>With any other status</h4>"
    yield from _content(bad, schemas)


def _content(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    """A body: its fields and its examples."""
    schema = _resolve(content["schema"], schemas)
    if schema.get("type") == "array":
        yield "<p>A list. Each item holds:</p>"
        schema = _resolve(schema["items"], schemas)
    if not schema:
        yield "<p>The file itself.</p>"
        return
    optional = schema["properties"].keys() - schema["required"]
    rows = [
        (name, value["description"] + (" Optional." if name in optional else ""))
        for name, value in schema["properties"].items()
    ]
    yield _table(("field", "meaning"), rows)
    for name, value in schema["properties"].items():
        if "$ref" in value.get("items", {}):
            yield f"<p>Each of the <code>{escape(name)}</code> holds:</p>"
            yield from _content({"schema": value["items"]}, schemas)
    for example in content.get("examples", {}).values():
        yield f"<p>{escape(example['summary'])}:</p>{_block(json.dumps(example['value']))}"
    if "example" in content:
        yield f"<p>For example:</p>{_block(json.dumps(content['example'], indent=1))}"


def _resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    resolved: Mapping[str, Any] = (
        schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    )
    return resolved


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and their meanings."""
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    body = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(meaning)}</td></tr>'
        for name, meaning in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _block(code: str) -> str:
    """Code that scrolls sideways; in the tab order, so that the keyboard can scroll it too."""
    return f'<pre tabindex="0"><code>{escape(code)}</code></pre>'
