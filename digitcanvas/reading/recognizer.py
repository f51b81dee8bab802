"""A trained network that reads digits: drawings or pictures in, probabilities out."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digitcanvas.drawing.arrays import ByteArray, Float32Array
from digitcanvas.drawing.ink import LEAST_SCENE, Ink, find_inks
from digitcanvas.drawing.ink_images import image_from_ink
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import Stroke
from digitcanvas.reading import registry
from digitcanvas.reading.cards import Card
from digitcanvas.reading.last_layer import Hand, LastLayer
from digitcanvas.reading.network import Network
from digitcanvas.reading.once import once
from digitcanvas.reading.words import certainty

if TYPE_CHECKING:
    from digitcanvas.reading.numbers import Number

BATCH = 256
"""Images that the interpreter reads at once."""

ACCEPTED = 0.5
"""The least `is_digit` of a digit: calibration puts 99 % of the validation digits or more above."""


MOST_INKS = 8
"""So many places in a picture are looked at."""

SURE = 0.95
"""The least trust in a digit that is not where it is looked for first in a picture."""

SURE_TURNED = {90: 0.995, 180: 0.9995, 270: 0.995}
"""The least trust in what is read in a turned picture. Of letters, one in six looks like a digit at
0.98, and one in twenty at 0.995, where nine in ten turned digits are read. Few pictures are upside
down, and an E then is a 3.
"""


@dataclass(frozen=True)
class Prediction:
    """What a network predicts for one image.

    `probabilities` is float32 (10,), each digit's given that the image is a digit, and sums to 1.
    `image` is float32 (28, 28) in [0, 1], what the network saw, ink 1 on paper 0. `is_digit`, in
    [0, 1], is how much the image looks like a single digit; below 0.5 it is `rejected`.

    Of a picture, `ink` is where the digit was found, and `turned` by how many degrees, clockwise,
    the picture was turned to be read.
    """

    probabilities: Float32Array
    image: Float32Array
    is_digit: float
    ink: Ink | None = None
    turned: int = 0

    @property
    def digit(self) -> int:
        """The most probable digit, 0 to 9."""
        return int(self.probabilities.argmax())

    @property
    def trust(self) -> float:
        """How probable it is, in [0, 1], that this is a digit, and this one."""
        return float(self.probabilities.max()) * self.is_digit

    @property
    def certainty(self) -> str:
        """The top probability in words."""
        return certainty(float(self.probabilities.max()))

    @property
    def logits(self) -> Float32Array:
        """The softmax's inputs, float32 (10,), shifted so that the largest is 0.

        A softmax is the same for logits that all differ by one constant, so the network's own
        constant cannot be recovered. The logit of a probability too small for float32 is an upper
        bound.
        """
        logits: Float32Array = np.log(np.maximum(self.probabilities, np.finfo(np.float32).tiny))
        logits -= logits.max()
        return logits

    @property
    def rejected(self) -> bool:
        """Whether the image is judged not to be a digit."""
        return self.is_digit < ACCEPTED

    def _repr_html_(self) -> str:
        from digitcanvas.reading.notebook import prediction_html

        return prediction_html(self)


class Recognizer:
    """A served model. Every method can be called from many threads at once."""

    def __init__(self, model: bytes) -> None:
        """Takes a LiteRT model: float32 images (N, 28, 28) in [0, 1] to softmax (N, 10 or 11).

        The 11th class is "not a digit". Without it, the top probability serves as `is_digit`.
        """
        self._network = Network(model)
        self._last_layer = once(lambda: LastLayer(model))
        self._hand: Hand | None = None
        self._origin: tuple[str, Card] | None = None

    @property
    def can_reject(self) -> bool:
        """Whether the network has a class for "not a digit"."""
        return self._network.classes > 10

    @property
    def last_layer(self) -> LastLayer:
        """The network's last layer as it came, found when it is first asked for.

        Raises ValueError for a network that does not end in a dense layer with a softmax.
        """
        return self._last_layer()

    def with_hand(self, hand: Hand) -> "Recognizer":
        """A recognizer that reads everything by this hand, made at once.

        It shares the network, which the hand does not change. With a hand that was told nothing,
        it reads as the network came.

        Raises ValueError for a hand that was fitted for another network.
        """
        came = self.last_layer.served
        if hand.network != came.network:
            raise ValueError(
                "This hand was fitted for another network: fit it for this one, from the drawings "
                "that it was told."
            )
        reader = copy(self)
        is_as_it_came = np.array_equal(hand.kernel, came.kernel) and np.array_equal(
            hand.bias, came.bias
        )
        reader._hand = None if is_as_it_came else hand
        return reader

    @classmethod
    def load(cls, model: str | Path) -> "Recognizer":
        """Load "mlp", "cnn", a retrained model by its name, or a model directory.

        Raises ModelError, a ValueError, for a model that is missing or damaged.
        """
        directory = registry.find(model)
        content = registry.read_served(directory)
        try:
            recognizer = cls(content)
        except (ValueError, RuntimeError) as error:
            raise registry.damaged(directory, f"its network cannot be loaded ({error})") from error
        recognizer._origin = directory.name, registry.read_card(directory)
        return recognizer

    def predict_strokes(
        self,
        strokes: Sequence[Stroke],
        centred: bool = True,
        widths: Sequence[float] | None = None,
    ) -> Prediction:
        """Read a drawing: arrays (n, 2) of canvas pixels, x to the right and y down.

        If it is not `centred`, its position and size on a canvas of 280 pixels matter. If the
        `widths` that the strokes were drawn with are given, one for each in canvas pixels, ink
        that touched on the canvas is joined.

        Raises ValueError for an empty drawing and for what `image_from_strokes` rejects.
        """
        return self._predict(image_from_strokes(strokes, centred=centred, widths=widths))

    def read_number(
        self,
        strokes: Sequence[Stroke],
        widths: Sequence[float] | None = None,
        before: "Number | None" = None,
    ) -> "Number":
        """Read a drawing of one digit or more, as `digitcanvas.reading.numbers` does.

        Raises ValueError as `predict_strokes` does.
        """
        from digitcanvas.reading.numbers import read_number

        return read_number(self, strokes, widths, before)

    def predict_image(self, image: ByteArray, centred: bool = True) -> Prediction:
        """Read a picture: uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, dark on light or reverse.

        If it is not `centred`, the digit's position and size in the picture matter. Where what was
        found first is rejected, other ink in the picture is tried, and then what was found first,
        turned.

        Raises ValueError for another type or shape, and NoDigit, which is one, for a picture in
        which nothing stands out from the paper.
        """
        looks = islice(find_inks(image), MOST_INKS)
        first = self.predict_ink(next(looks), centred)
        if not first.rejected:
            return first
        others = (self.predict_ink(ink, centred) for ink in looks)
        sure = next((other for other in others if other.trust >= SURE), None)
        return sure or (self._turned(first) if max(image.shape) >= LEAST_SCENE else None) or first

    def read_number_image(self, image: ByteArray) -> "Number":
        """Read a picture of one digit or several in a row: uint8 (H, W), (H, W, 3) or (H, W, 4).

        The boxes are in the picture's pixels. Raises ValueError as `predict_image` does.
        """
        from digitcanvas.reading.number_pictures import read_number_image

        return read_number_image(self, image)

    def predict_batch(self, images: Float32Array) -> Float32Array:
        """Read images as networks see them: float32 (N, 28, 28) in [0, 1] -> float32 (N, 10).

        Raises ValueError for another shape and for values outside [0, 1].
        """
        return self.classify_batch(images)[0]

    def classify_batch(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """The result of `predict_batch`, and each image's `is_digit`, float32 (N,) in [0, 1].

        Raises ValueError as `predict_batch` does.
        """
        images = np.asarray(images, np.float32)
        if images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"The images' shape must be (N, 28, 28), not {images.shape}.")
        if not ((images >= 0) & (images <= 1)).all():
            raise ValueError("The images' values must be in [0, 1]: divide greys of 0-255 by 255.")
        batches = [self._run(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        return split_softmax(np.concatenate(batches) if batches else np.empty((0, 10), np.float32))

    def _repr_html_(self) -> str | None:
        """For a notebook; None, which shows the plain repr, for a network without a card."""
        from digitcanvas.reading.notebook import recognizer_html

        return recognizer_html(*self._origin) if self._origin else None

    def _predict(self, image: Float32Array) -> Prediction:
        probabilities, is_digit = split_softmax(self._run(image[np.newaxis]))
        return Prediction(probabilities[0], image, float(is_digit[0]))

    def predict_ink(self, ink: Ink, centred: bool = True) -> Prediction:
        """Read ink that was found in a picture."""
        return replace(self._predict(image_from_ink(ink, centred)), ink=ink)

    def _turned(self, upright: Prediction) -> Prediction | None:
        """The digit that is read if its picture is turned; None if it is none in any position."""
        ways = {90 * turns: np.rot90(upright.image, -turns) for turns in (1, 2, 3)}
        read = [
            replace(self._predict(np.ascontiguousarray(image)), ink=upright.ink, turned=angle)
            for angle, image in ways.items()
        ]
        sure = [each for each in read if each.trust >= SURE_TURNED[each.turned]]
        return max(sure, key=lambda each: each.trust, default=None)

    def _run(self, images: Float32Array) -> Float32Array:
        if self._hand:
            return self._hand.probabilities(self.last_layer.features(images))
        softmax: Float32Array = self._network.run(images)[0]
        return softmax


def split_softmax(softmax: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Split a softmax (N, 10 or 11) into the digits' probabilities (N, 10) and `is_digit` (N,).

    The probabilities are each digit's given that the image is a digit, and sum to 1.
    """
    if softmax.shape[1] == 10:
        return softmax, softmax.max(axis=1, initial=0)
    is_digit = softmax[:, :10].sum(axis=1)
    # If all ten are 0, the digits come out equally likely instead of as 0 / 0
    shares = np.maximum(softmax[:, :10], np.finfo(np.float32).tiny)
    return shares / shares.sum(axis=1, keepdims=True), np.minimum(is_digit, 1)
