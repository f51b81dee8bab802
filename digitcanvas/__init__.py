"""digitcanvas: draw a digit and see it read."""

from digitcanvas.recognizer import Prediction, Recognizer
from digitcanvas.strokes import strokes_from_canvas

__all__ = ["Prediction", "Recognizer", "strokes_from_canvas"]
