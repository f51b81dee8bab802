"""Models for the commands that read."""

from digitcanvas.quiet import native_messages_hidden
from digitcanvas.reading.recognizer import Recognizer


def load(model: str) -> Recognizer:
    """Raises ModelError if there is no such model, or it is damaged."""
    with native_messages_hidden():
        return Recognizer.load(model)
