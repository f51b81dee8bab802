"""A (28, 28) image as a picture that a page can show."""

import base64

import cv2
import numpy as np

from digitcanvas.drawing.arrays import Float32Array


def png_in_base64(image: Float32Array) -> str:
    """An image (28, 28) in [0, 1] as a grey PNG, white ink on black, in base64."""
    small = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    _, png = cv2.imencode(".png", np.rint(image * 255).astype(np.uint8), small)
    return base64.b64encode(png.tobytes()).decode()
