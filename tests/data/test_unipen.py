import numpy as np
import pytest

from digitcanvas.data.mnist import sha256
from digitcanvas.data.unipen import DIGITS, FOLDS, OTHERS, TWINS, load_unipen
from digitcanvas.drawing.files import read_drawings, write_drawings
from digitcanvas.drawing.strokes import Drawing

STROKE = np.array([[0.0, 0.0], [10.0, 20.0]])


def drawing(label, writer):
    return Drawing([STROKE], label, writer)


@pytest.fixture
def folder(tmp_path):
    write_drawings(tmp_path / DIGITS, [drawing(writer % 10, writer) for writer in range(1, 21)])
    others = [drawing(ord(sign), writer) for sign in "AO+" for writer in range(1, 11)]
    write_drawings(tmp_path / OTHERS, others)
    return tmp_path


@pytest.mark.parametrize("fold", range(FOLDS))
def test_no_writer_is_on_both_sides(folder, fold):
    unipen = load_unipen(folder, fold)
    train = {d.writer for d in unipen.digits.train + unipen.others.train}
    kept = {d.writer for d in unipen.digits.validation + unipen.others.validation}
    assert train | kept == set(range(1, 21)) and not train & kept
    assert len(unipen.digits.validation) == 4 and len(unipen.others.validation) == 4


def test_every_writer_is_kept_out_in_one_fold(folder):
    kept = [d.writer for fold in range(FOLDS) for d in load_unipen(folder, fold).digits.validation]
    assert sorted(kept) == list(range(1, 21))


def test_letters_that_could_be_digits_are_left_out(folder):
    unipen = load_unipen(folder)
    assert {chr(d.label) for d in unipen.others.train} == {"A", "+"}
    assert set("OlSZ|-") <= TWINS and not set("AHK+*%") & TWINS


def test_the_files_are_known_by_their_hashes(folder):
    assert load_unipen(folder).sha256 == {
        DIGITS: sha256(folder / DIGITS),
        OTHERS: sha256(folder / OTHERS),
    }


def test_the_environment_names_the_folder_unless_one_is_given(folder, monkeypatch, tmp_path):
    monkeypatch.delenv("DIGITCANVAS_UNIPEN", raising=False)
    assert load_unipen() is None
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", str(folder))
    assert load_unipen().digits.train
    with pytest.raises(ValueError, match=r"elsewhere.*unipen-digits\.npz"):
        load_unipen(tmp_path / "elsewhere")


def test_writers_for_only_one_side_are_refused(folder):
    write_drawings(folder / DIGITS, [drawing(1, 5), drawing(2, 10)])
    with pytest.raises(ValueError, match="needs drawings by writers"):
        load_unipen(folder)


def test_letters_are_read_only_where_they_are_expected(folder):
    with pytest.raises(ValueError, match="0 to 9"):
        read_drawings(folder / OTHERS)
    assert read_drawings(folder / OTHERS, ord("O"))[0].label == ord("A")
