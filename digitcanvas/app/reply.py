"""What the page paints of an answer, in plain JSON: the same by the socket and by a rerun."""

import base64
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from digitcanvas.drawing.arrays import Float32Array
from digitcanvas.reading.recognizer import Prediction

Reply = dict[str, Any]


def reply_to(predictions: Mapping[str, Prediction], with_logits: bool = False) -> Reply:
    """The answers of networks by their labels, and what the first network saw.

    {"answers": [{"label", "digit", "certainty", "rejected", "percent": ten of them, "logits"?}],
    "view": a PNG in base64}; no answers and no view for an empty drawing.
    """
    reply: Reply = {"answers": [_answer(*item, with_logits) for item in predictions.items()]}
    for prediction in list(predictions.values())[:1]:
        reply["view"] = _png(prediction.image)
    return reply


def _answer(label: str, prediction: Prediction, with_logits: bool) -> dict[str, Any]:
    answer = {
        "label": label,
        "digit": prediction.digit,
        "certainty": prediction.certainty,
        "rejected": prediction.rejected,
        "percent": np.round(prediction.probabilities.astype(float) * 100, 2).tolist(),
    }
    if with_logits:
        answer["logits"] = np.round(prediction.logits.astype(float), 2).tolist()
    return answer


def _png(image: Float32Array) -> str:
    """An image (28, 28) in [0, 1] as a PNG in base64."""
    small = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    _, png = cv2.imencode(".png", np.rint(image * 255).astype(np.uint8), small)
    return base64.b64encode(png.tobytes()).decode()
