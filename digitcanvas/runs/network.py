"""What a network consists of, layer by layer, as its .keras file tells it: without TensorFlow."""

import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A layer: its `kind` as Keras names it, what there is to say of it, and what it gives.

    `shape` is that of its output for one image: (28, 28), (14, 14, 32), (128,).
    """

    kind: str
    detail: str
    shape: Shape
    parameters: int


def read_layers(file: Path) -> list[Layer]:
    """The layers of a .keras file of a Sequential network, from the first that follows the input.

    Raises ValueError where the file is missing, damaged, or holds layers that `architectures` does
    not use.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            configs = json.loads(archive.read("config.json"))["config"]["layers"]
        first, *rest = configs
        shape = tuple(first["config"]["batch_shape"][1:])
        if not rest:
            raise ValueError("there are none")
        layers = []
        for config in rest:
            layer = _layer(config["class_name"], config["config"], shape)
            layers.append(layer)
            shape = layer.shape
    except Exception as error:  # damaged archives and odd JSON raise all sorts
        raise ValueError(f"The layers of {file} cannot be read ({error}).") from error
    return layers


def _layer(kind: str, config: dict, shape: Shape) -> Layer:
    match kind:
        case "Dense":
            (ins,), outs = shape, config["units"]
            parameters = (ins + config["use_bias"]) * outs
            return Layer(kind, _activation(f"{outs:,} neurons", config), (outs,), parameters)
        case "Conv2D":
            filters, (high, wide), (stride, _) = (
                config[name] for name in ("filters", "kernel_size", "strides")
            )
            detail = f"{filters} filters of {high}x{wide}" + (f", step {stride}" * (stride > 1))
            parameters = (high * wide * shape[2] + config["use_bias"]) * filters
            sides = _slide(shape, (high, wide), stride, config["padding"])
            return Layer(kind, _activation(detail, config), (*sides, filters), parameters)
        case "MaxPooling2D":
            size, (stride, _) = config["pool_size"], config["strides"]
            sides = _slide(shape, size, stride, config["padding"])
            detail = "the largest of {}x{}".format(*size)
            return Layer(kind, detail, (*sides, shape[2]), 0)
        case "BatchNormalization":
            return Layer(kind, "", shape, 4 * shape[-1])
        case "Dropout":
            return Layer(kind, f"{config['rate'] * 100:g} % left out in training", shape, 0)
        case "Rescaling":
            return Layer(kind, f"times {config['scale']:g}", shape, 0)
        case "Reshape":
            return Layer(kind, "", tuple(config["target_shape"]), 0)
        case "Flatten":
            return Layer(kind, "", (math.prod(shape),), 0)
        case "ReLU":
            return Layer(kind, "", shape, 0)
    raise ValueError(f"there is a layer {kind!r}")


def _slide(shape: Shape, window: Shape, stride: int, padding: str) -> Shape:
    """How often a window goes along each side, in steps."""
    reach = [0, 0] if padding == "same" else [size - 1 for size in window]
    return tuple(math.ceil((side - r) / stride) for side, r in zip(shape, reach, strict=False))


def _activation(detail: str, config: dict) -> str:
    activation = config["activation"]
    return detail if activation == "linear" else f"{detail}, {activation}"
