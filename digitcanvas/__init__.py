"""digitcanvas: draw a digit and see it read."""

import platform
import sys
from pathlib import Path


def _refuse(reason: str) -> None:
    """Raise ImportError, or end our own command with this one line."""
    # While Python looks for the module of `python -m`, the program's name is "-m"
    if Path(sys.argv[0]).stem in ("-m", "digitcanvas"):
        sys.exit(reason)
    raise ImportError(reason)


if not (3, 11) <= sys.version_info < (3, 14):  # TensorFlow has no packages for others
    _refuse(
        "digitcanvas runs on Python 3.11, 3.12 and 3.13, and this is Python "
        f"{sys.version_info.major}.{sys.version_info.minor}: "
        "make a virtual environment with one of those."
    )

if (platform.system(), platform.machine()) == ("Darwin", "x86_64"):
    _refuse(
        "digitcanvas does not run on Intel Macs, for which LiteRT has no packages: "
        "use a Mac with an Apple chip, Linux or Windows."
    )

from digitcanvas.drawing.fabric import strokes_from_canvas  # noqa: E402
from digitcanvas.reading.hand import fit_hand  # noqa: E402
from digitcanvas.reading.last_layer import Hand  # noqa: E402
from digitcanvas.reading.recognizer import Prediction, Recognizer  # noqa: E402

__version__ = "0.2.0"

__all__ = ["Hand", "Prediction", "Recognizer", "fit_hand", "strokes_from_canvas"]
