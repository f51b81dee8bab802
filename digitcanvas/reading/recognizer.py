"""A trained network that reads digits: drawings or pictures in, probabilities out."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from digitcanvas.drawing.arrays import ByteArray, Float32Array
from digitcanvas.drawing.pictures import image_from_picture
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import Stroke
from digitcanvas.reading import registry

BATCH = 256

ACCEPTED = 0.5
"""From here on `is_digit` is a yes: 99 % of the validation digits or more lie above."""


@dataclass(frozen=True)
class Prediction:
    """What a network makes of one image.

    `probabilities` is float32 (10,), the softmax given that it is a digit, and sums to 1; `image`
    is float32 (28, 28) in [0, 1], what the network saw, ink 1 on paper 0; `is_digit`, in [0, 1], is
    how much it looks like one digit at all. Under one half it is `rejected`.
    """

    probabilities: Float32Array
    image: Float32Array
    is_digit: float

    @property
    def digit(self) -> int:
        """The most probable digit, 0 to 9."""
        return int(self.probabilities.argmax())

    @property
    def certainty(self) -> str:
        """The top probability as a person reads it: no network is 100.0 % sure."""
        top = self.probabilities.max()
        return "over 99.9 %" if top > 0.999 else f"{top * 100:.1f} %"

    @property
    def logits(self) -> Float32Array:
        """What the softmax makes the probabilities of, float32 (10,), counted from the largest.

        A softmax takes no notice of a number added to all ten, so what the network adds is lost. Of
        a probability too small for a float32, the logit is only known to be as low as is told.
        """
        logits: Float32Array = np.log(np.maximum(self.probabilities, np.finfo(np.float32).tiny))
        logits -= logits.max()
        return logits

    @property
    def rejected(self) -> bool:
        return self.is_digit < ACCEPTED


class Recognizer:
    """A served model. Every method can be called from many threads at once."""

    def __init__(self, model: bytes) -> None:
        """Takes a LiteRT model: float32 images (N, 28, 28) in [0, 1] to softmax (N, 10 or 11).

        The 11th class is "not a digit". A network without it has only its doubts to tell by.
        """
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        output = self._interpreter.get_output_details()[0]
        self._output = output["index"]
        self._can_reject = bool(output["shape"][-1] > 10)
        self._batch = 1
        self._lock = threading.Lock()  # an Interpreter is not thread-safe

    @property
    def can_reject(self) -> bool:
        """Whether the network has an output for what is no digit."""
        return self._can_reject

    @classmethod
    def load(cls, model: str | Path) -> "Recognizer":
        """Load "mlp", "cnn", a retrained model by its name, or a model directory.

        Raises ModelError, a ValueError, where it is missing or damaged.
        """
        directory = registry.find(model)
        content = registry.read_served(directory)
        try:
            return cls(content)
        except (ValueError, RuntimeError) as error:
            raise registry.damaged(directory, f"its network cannot be loaded ({error})") from error

    def predict_strokes(self, strokes: Sequence[Stroke], centred: bool = True) -> Prediction:
        """Read a drawing: arrays (n, 2) of canvas pixels, x to the right and y down.

        Where it is not to be `centred`, its place and size on a canvas of 280 pixels count.

        Raises ValueError for an empty drawing and for coordinates that are none.
        """
        return self._predict(image_from_strokes(strokes, centred=centred))

    def predict_image(self, image: ByteArray, centred: bool = True) -> Prediction:
        """Read a picture: uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, dark on light or reverse.

        Where it is not to be `centred`, the digit's place and size in it count.

        Raises ValueError for a picture of another form, and for one without a digit's ink.
        """
        return self._predict(image_from_picture(image, centred))

    def predict_batch(self, images: Float32Array) -> Float32Array:
        """Read images as networks see them: float32 (N, 28, 28) in [0, 1] -> float32 (N, 10).

        Raises ValueError for another shape and for other values.
        """
        return self.classify_batch(images)[0]

    def classify_batch(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """What `predict_batch` gives, and each image's `is_digit`, float32 (N,) in [0, 1].

        Raises ValueError as `predict_batch` does.
        """
        images = np.asarray(images, np.float32)
        if images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"The images have the shape {images.shape}, not (N, 28, 28).")
        if not ((images >= 0) & (images <= 1)).all():
            raise ValueError("The images' values lie outside [0, 1]: divide greys of 0-255 by 255.")
        batches = [self._run(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        return split_softmax(np.concatenate(batches) if batches else np.empty((0, 10), np.float32))

    def _predict(self, image: Float32Array) -> Prediction:
        probabilities, is_digit = split_softmax(self._run(image[np.newaxis]))
        return Prediction(probabilities[0], image, float(is_digit[0]))

    def _run(self, images: Float32Array) -> Float32Array:
        with self._lock:
            if len(images) != self._batch:
                self._interpreter.resize_tensor_input(self._input, images.shape)
                self._interpreter.allocate_tensors()
                self._batch = len(images)
            self._interpreter.set_tensor(self._input, images)
            self._interpreter.invoke()
            softmax: Float32Array = self._interpreter.get_tensor(self._output)
            return softmax


def split_softmax(softmax: Float32Array) -> tuple[Float32Array, Float32Array]:
    """What a softmax (N, 10 or 11) says: the digits' probabilities (N, 10), and `is_digit` (N,).

    The probabilities are those of each digit if it is one at all, and sum to 1.
    """
    if softmax.shape[1] == 10:
        return softmax, softmax.max(axis=1, initial=0)
    is_digit = softmax[:, :10].sum(axis=1)
    shares = np.maximum(softmax[:, :10], np.finfo(np.float32).tiny)
    return shares / shares.sum(axis=1, keepdims=True), np.minimum(is_digit, 1)
