"""What was measured, for a person or for a program."""

import json
from typing import Any

from digitcanvas.reading.words import percent


def show(measured: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(measured))
        return
    print(measured["model"])
    for metrics in measured["metrics"].values():
        print(table(metrics))


def rounded(value: Any) -> Any:
    """What goes into JSON, with six digits after the point: probabilities have no more to say."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def with_turn(sentence: str, turned: int) -> str:
    """What was read of a picture, and that it was turned, in degrees, if it was."""
    return f"{sentence}, turned by {turned} degrees" if turned else sentence


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
