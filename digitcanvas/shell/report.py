"""What was measured, for a person or for a program."""

import json
from typing import Any

from digitcanvas.reading.recognizer import Prediction
from digitcanvas.reading.words import percent


def show(measured: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(measured))
        return
    print(measured["model"])
    for metrics in measured["metrics"].values():
        print(table(metrics))


def prediction(prediction: Prediction) -> dict[str, Any]:
    """What a network predicts, for JSON."""
    return {
        "digit": prediction.digit,
        "certainty": prediction.certainty,
        "is_digit": round(prediction.is_digit, 6),
        "rejected": prediction.rejected,
        "probabilities": [round(float(p), 6) for p in prediction.probabilities],
    }


def table(metrics: dict[str, Any]) -> str:
    """The metrics of one set, as text."""
    low, high = (percent(limit, 2) for limit in metrics["interval"])
    unsure = metrics["confidence_when_wrong"]
    lines = [
        f"\n{metrics['data']}: {metrics['count']:,} digits",
        f"  accuracy {percent(metrics['accuracy'], 2)} (95 % interval {low} to {high}), "
        f"loss {metrics['loss']:.4f}",
        f"  expected calibration error {percent(metrics['expected_calibration_error'], 2)}, "
        "mean confidence when wrong "
        + ("(never wrong)" if unsure is None else f"{unsure:.2f}")
        + f", rejected as not a digit {percent(metrics['rejected'], 2)}",
        "  true  accuracy   read as" + "".join(f"{digit:6}" for digit in range(10)),
    ]
    for digit, row in enumerate(metrics["confusion"]):
        share = metrics["accuracy_by_digit"][digit]
        lines.append(
            f"  {digit:4}  {'' if share is None else percent(share, 2):>8}          "
            + "".join(f"{count or '.':>6}" for count in row)
        )
    return "\n".join(lines)
