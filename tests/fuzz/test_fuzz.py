"""A few seconds of the fuzz suite, in one process for each target; longer where CI runs."""

import os
import random
import subprocess
import sys
import zipfile

import pytest

from digitcanvas.drawing.files import read_drawings
from digitcanvas.drawing.hand_files import unpack_hand
from digitcanvas.reading.registry import ModelError, read_card
from tests.fuzz.mutate import damaged
from tests.fuzz.targets import LONGEST, TARGETS

SECONDS = "60" if os.environ.get("CI") else "16"


def test_nothing_ends_otherwise_than_it_may(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", SECONDS, "--folder", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(name in done.stdout for name in TARGETS)
    assert "Warning" not in done.stderr


def test_a_seed_gives_the_same_damage_again():
    first, again = (damaged(b"one" * 50, b"other", random.Random(3)) for _ in range(2))
    assert first == again != b"one" * 50


def _misnamed(path):
    """An archive whose directory names a file otherwise than its header, which is long."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("points.npy" + "x" * 2000, b"")
    content = path.read_bytes()
    end = content.rindex(b"points.npy")
    path.write_bytes(content[:end] + content[end:].replace(b"points.npyx", b"points.npyy"))
    return path


def test_what_a_damaged_file_contains_makes_no_long_message(tmp_path):
    (tmp_path / "card.json").write_text('{"' + "x" * 2000 + '": 1}')
    with pytest.raises(ModelError) as card:
        read_card(tmp_path)
    path = _misnamed(tmp_path / "drawings.npz")
    with pytest.raises(ValueError) as drawings:
        read_drawings(path)
    with pytest.raises(ValueError) as hand:
        unpack_hand(path.read_bytes())
    for error in (card, drawings, hand):
        assert len(str(error.value)) <= LONGEST
