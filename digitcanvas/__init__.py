"""digitcanvas: draw a digit and see it read."""

from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.reading.recognizer import Prediction, Recognizer

__all__ = ["Prediction", "Recognizer", "strokes_from_canvas"]
