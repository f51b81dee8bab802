"""How figures are written."""

import pytest

from digitcanvas.reading.words import percent


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [
        (0, 1, "0.0 %"),
        (0.993, 1, "99.3 %"),
        (0.99591, 2, "99.59 %"),
        (0.05, 0, "5 %"),
        (1, 1, "100.0 %"),
    ],
)
def test_a_share_is_written_in_percent(share, digits, words):
    assert percent(share, digits) == words
