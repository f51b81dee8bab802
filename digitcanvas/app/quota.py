"""How much a public server keeps: drawings of one browser and of all, and hands of one."""

import threading
import time

from digitcanvas.app import leaders
from digitcanvas.data.store import Selection, Store, StoreError

OWN, ALL = 1000, 200_000
"""A hand learns from far fewer. All of them take some 300 MB: 1.5 kB a drawing."""

HANDS = 20
"""Hands of one browser: a family's, on one tablet. Each is looked at whenever their owner draws."""

FRESH = 30.0
"""Seconds for which the number of all drawings is not counted anew: that reads an index of all."""

_lock = threading.Lock()
_all: dict[Store, tuple[float, int]] = {}
"""When the drawings in a store were counted, and how many there are with those let in since."""


def check(store: Store, visitor: str, more: int = 1) -> None:
    """Raises StoreError if a public server has no room for so many more drawings of this browser.

    They count as kept from now on.
    """
    if not leaders.is_public():
        return
    if store.drawings.count(Selection(session=visitor)) + more > OWN:
        raise StoreError(f"This server keeps {OWN} of your drawings, and no more: delete some.")
    with _lock:
        counted, number = _all.get(store, (-FRESH, 0))
        if time.monotonic() - counted >= FRESH:
            counted, number = time.monotonic(), store.drawings.count(Selection())
        is_full = number + more > ALL
        _all[store] = counted, number if is_full else number + more
    if is_full:
        raise StoreError("This server keeps as many drawings as it may: ask whoever runs it.")


def check_hand(store: Store, owner: str) -> None:
    """Raises StoreError if a public server has no room for another hand of this browser."""
    if leaders.is_public() and len(store.hands.of(owner)) >= HANDS:
        raise StoreError(f"This server keeps {HANDS} of your hands, and no more: remove one.")
