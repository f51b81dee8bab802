"""What the page paints of an answer, in plain JSON: the same by the socket and by a rerun."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from digitcanvas.drawing.png import png_in_base64
from digitcanvas.reading.numbers import Number
from digitcanvas.reading.recognizer import Prediction, Recognizer
from digitcanvas.reading.words import certainty

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


def reply_to_number(
    number: Number, recognizers: Mapping[str, Recognizer], with_logits: bool = False
) -> Reply:
    """The answers of networks by their labels to what the first of them has read as this number.

    The others read the same ink digit by digit. One digit is answered as by `reply_to`, several by
    {"answers": [{"label", "text", "certainty", "rejected"}], "digits": [what `reply_to` gives, and
    "box": left, top, right, bottom, "pieces": [stroke, first point, last point] of each], from left
    to right, and "doubtful": the place of the one that the first network trusts least}. Either has
    "signs", what else was found, in words, if there is any.
    """
    first, *others = recognizers
    columns = {first: number.digits}
    images = np.stack([digit.image for digit in number.digits])
    for label in others:
        judged = zip(images, *recognizers[label].classify_batch(images), strict=True)
        columns[label] = [
            Prediction(probabilities, image, float(is_digit))
            for image, probabilities, is_digit in judged
        ]
    digits = [
        reply_to(dict(zip(columns, row, strict=True)), with_logits)
        for row in zip(*columns.values(), strict=True)
    ]
    signs: Reply = {"signs": [sign.name for sign in number.signs]} if number.signs else {}
    if len(digits) == 1:
        return digits[0] | signs
    for digit, box, pieces in zip(digits, number.boxes, number.pieces, strict=True):
        digit["box"] = [round(edge, 1) for edge in box]
        digit["pieces"] = [[piece.stroke, piece.first, piece.last] for piece in pieces]
    answers = [_number_answer(label, number.text, column) for label, column in columns.items()]
    answers[0]["certainty"] = number.certainty
    doubtful = int(np.argmin([digit.trust for digit in number.digits]))
    return {"answers": answers, "digits": digits, "doubtful": doubtful} | signs


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


def _number_answer(label: str, text: str, digits: list[Prediction]) -> dict[str, Any]:
    """What one network says of a number, with spaces where the `text` has them."""
    own = iter(digits)
    return {
        "label": label,
        "text": "".join(" " if each == " " else str(next(own).digit) for each in text),
        "certainty": certainty(float(np.prod([digit.trust for digit in digits]))),
        "rejected": any(digit.rejected for digit in digits),
    }
