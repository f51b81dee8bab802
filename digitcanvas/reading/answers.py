"""What was read, in plain JSON for programs: the same by the HTTP API and in a shell."""

from typing import Any

from digitcanvas.reading.numbers import Box, Number
from digitcanvas.reading.recognizer import Prediction


def of_prediction(prediction: Prediction) -> dict[str, Any]:
    return {
        "digit": prediction.digit,
        "certainty": prediction.certainty,
        "is_digit": prediction.is_digit,
        "rejected": prediction.rejected,
        "turned": prediction.turned,
        "probabilities": prediction.probabilities.tolist(),
    }


def of_number(number: Number) -> dict[str, Any]:
    """Boxes are in hundredths of a pixel."""
    return {
        "text": number.text,
        "text_with_signs": number.text_with_signs,
        "certainty": number.certainty,
        "confidence": number.confidence,
        "rejected": number.rejected,
        "digits": [
            {**of_prediction(digit), "box": _sides(box)}
            for digit, box in zip(number.digits, number.boxes, strict=True)
        ],
        "signs": [
            {"text": sign.text, "name": sign.name, "place": sign.place, "box": _sides(sign.box)}
            for sign in number.signs
        ],
    }


def _sides(box: Box) -> list[float]:
    return [round(side, 2) for side in box]
