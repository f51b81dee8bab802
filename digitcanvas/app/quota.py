"""How many drawings a public server keeps: of one browser, and of all."""

import time

from digitcanvas.app import leaders
from digitcanvas.data.store import Selection, Store, StoreError

OWN, ALL = 1000, 200_000
"""A hand learns from far fewer. All of them take some 300 MB: 1.5 kB a drawing."""

FRESH = 30.0
"""Seconds for which the number of all drawings is not counted anew: that reads an index of all."""

_all: dict[Store, tuple[float, int]] = {}


def check(store: Store, visitor: str) -> None:
    """Raises StoreError if a public server keeps no more drawings of this browser, or of any."""
    if not leaders.is_public():
        return
    if store.drawings.count(Selection(session=visitor)) >= OWN:
        raise StoreError(f"This server keeps {OWN} of your drawings, and no more: delete some.")
    counted, number = _all.get(store, (-FRESH, 0))
    if time.monotonic() - counted >= FRESH:
        number = store.drawings.count(Selection())
        _all[store] = time.monotonic(), number
    if number >= ALL:
        raise StoreError("This server keeps as many drawings as it may: ask whoever runs it.")
