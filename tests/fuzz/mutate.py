"""Seeded damage to bytes and to JSON."""

import copy
import random
from typing import Any

ODD = (
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "![x](https://example.org/x.png)",
    "\ud800",
    [],
    {},
    [[[]]],
    "x" * 10_000,
)


def damaged(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """The content with up to eight changes: bits, bytes, cuts, repeats and pieces of another."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.choice((0, 1, 127, 128, 255))
            case 2:
                del data[at : at + rng.randint(1, 64)]
            case 3:
                data[at:at] = data[at : at + rng.randint(1, 64)] * rng.randint(1, 20)
            case 4:
                start = rng.randrange(len(other) + 1)
                data[at : at + rng.randint(0, 64)] = other[start : start + rng.randint(1, 256)]
    return bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data)


def scratched(content: bytes, rng: random.Random) -> bytes:
    """The content with one to four bytes changed behind its head, where a picture's pixels are."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data) // 8, len(data))] = rng.randrange(256)
    return bytes(data)


def changed(value: Any, rng: random.Random) -> Any:
    """A copy of JSON with one to three places replaced, removed or repeated."""
    value = copy.deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        value = _changed_once(value, rng)
    return value


def _changed_once(value: Any, rng: random.Random) -> Any:
    if not isinstance(value, dict | list) or not value or rng.random() < 0.1:
        return copy.deepcopy(rng.choice(ODD))
    key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
    match rng.randrange(8):
        case 0:
            del value[key]
        case 1 if isinstance(value, list):
            value.extend([value[key]] * rng.randint(1, 300))
        case _:
            value[key] = _changed_once(value[key], rng)
    return value
