"""Progress on standard error, for a person who watches: a pipe or a file gets none."""

from tqdm import tqdm

PATIENCE = 2.0
"""Seconds that something may take without a bar."""


def bar(what: str, total: float, hidden: bool = False) -> tqdm:
    """A bar that appears when its `update` has been called for some time, unless it is hidden."""
    return tqdm(
        desc=what,
        total=total,
        bar_format="{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]",
        delay=PATIENCE,
        disable=hidden or None,  # None hides it too, unless standard error is a terminal
        leave=False,
    )
