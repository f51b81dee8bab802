"""The page without a browser: Streamlit's AppTest, and what it shows."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
from streamlit.testing.v1 import AppTest

from digitcanvas.preprocess import image_from_strokes
from tests.digits import DIGITS

APP = Path(__file__).parent.parent / "streamlit_app.py"


def open_session() -> AppTest:
    """A session of its own, before its first run."""
    return AppTest.from_file(str(APP), default_timeout=60)


def objects(strokes):
    """The canvas' objects after these strokes."""
    return [
        {"type": "Path", "path": [["M", *stroke[0]], *(["L", *point] for point in stroke[1:])]}
        for stroke in (stroke.tolist() for stroke in strokes)
    ]


def shown(page):
    """All text of the page's drawing part."""
    elements = [*page.main.markdown, *page.main.error, *page.main.get("html")]
    return " ".join(getattr(element, "value", None) or element.proto.body for element in elements)


def html(page, key):
    """The HTML in the page's container of this key."""
    return " ".join(element.proto.body for element in page.get_by_key(key).get("html"))


def bars(page):
    """The answer's bar chart: Plotly's figure as a dict."""
    (plot,) = [
        element.proto
        for element in page.get("bidi_component")
        if element.proto.component_name == "digitcanvas.plot"
    ]
    return json.loads(plot.json)["figure"]


def charts(page):
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def numbers(array):
    """Plotly sends an array as its bytes."""
    return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])


def png(digit):
    """A picture of a digit as a file's content."""
    picture = cv2.resize(255 - image_from_strokes(DIGITS[digit]) * 255, (200, 200))
    return cv2.imencode(".png", picture.astype(np.uint8))[1].tobytes()
