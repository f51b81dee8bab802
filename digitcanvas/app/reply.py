"""What the page paints of an answer, in plain JSON: the same by the socket and by a rerun."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from digitcanvas.drawing.png import png_in_base64
from digitcanvas.reading.recognizer import Prediction

Reply = dict[str, Any]


def reply_to(predictions: Mapping[str, Prediction], with_logits: bool = False) -> Reply:
    """The answers of networks by their labels, and what the first network saw.

    {"answers": [{"label", "digit", "certainty", "rejected", "percent": ten of them, "logits"?}],
    "view": a PNG in base64}; no answers and no view for an empty drawing.
    """
    reply: Reply = {"answers": [_answer(*item, with_logits) for item in predictions.items()]}
    for prediction in list(predictions.values())[:1]:
        reply["view"] = png_in_base64(prediction.image)
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
