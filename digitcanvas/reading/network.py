"""A network as LiteRT runs it."""

import threading
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from ai_edge_litert.interpreter import Interpreter

from digitcanvas.drawing.arrays import Float32Array
from digitcanvas.quiet import native_messages_hidden


class Network:
    """A LiteRT model: float32 images (N, 28, 28) in [0, 1] to a softmax (N, 10 or 11).

    Every method can be called from many threads at once.
    """

    def __init__(self, model: bytes, keeps_tensors: bool = False) -> None:
        """A network that `keeps_tensors` can be asked for any of them, and takes as long."""
        self._interpreter = _interpreter(model, keeps_tensors)
        self._input = self._interpreter.get_input_details()[0]["index"]
        output = self._interpreter.get_output_details()[0]
        self.classes = int(output["shape"][-1])
        self.output: int = output["index"]
        self._batch = 1
        self._lock = threading.Lock()  # an Interpreter is not thread-safe

    def run(self, images: Float32Array, tensors: Sequence[int] = ()) -> list[Any]:
        """The values of these tensors for the images, each an array; of the softmax, if none.

        Raises ValueError for a tensor that has no value.
        """
        with self._lock:
            if len(images) != self._batch:
                self._interpreter.resize_tensor_input(self._input, images.shape)
                self._interpreter.allocate_tensors()
                self._batch = len(images)
            self._interpreter.set_tensor(self._input, images)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in tensors or [self.output]]

    def tensors(self) -> list[int]:
        """The indices of all tensors of floats."""
        with self._lock:
            details = self._interpreter.get_tensor_details()
        return [detail["index"] for detail in details if detail["dtype"].__name__ == "float32"]


_starting = threading.Lock()
_has_started = False


def _interpreter(model: bytes, keeps_tensors: bool) -> Interpreter:
    """An interpreter that is ready. LiteRT announces a process' first on standard error."""
    global _has_started
    hidden = nullcontext() if _has_started else native_messages_hidden()
    with _starting, hidden, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Warning: Enabling `experimental_preserve_all")
        interpreter = Interpreter(
            model_content=model,
            num_threads=1,
            experimental_preserve_all_tensors=keeps_tensors,
        )
        interpreter.allocate_tensors()
        _has_started = True
    return interpreter
