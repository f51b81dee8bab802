"""digitcanvas: draw a digit and see it read."""

import platform
import sys

if not (3, 11) <= sys.version_info < (3, 14):  # TensorFlow has no wheels for others
    raise ImportError(
        "digitcanvas runs on Python 3.11, 3.12 and 3.13, and this is Python "
        f"{sys.version_info.major}.{sys.version_info.minor}: "
        "make a virtual environment with one of those."
    )

if (platform.system(), platform.machine()) == ("Darwin", "x86_64"):
    raise ImportError("digitcanvas does not run on Intel Macs: LiteRT has no wheels for them.")

from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.reading.recognizer import Prediction, Recognizer

__version__ = "0.2.0"

__all__ = ["Prediction", "Recognizer", "strokes_from_canvas"]
