import shutil
from pathlib import Path

import pytest

from digitcanvas import registry
from digitcanvas.registry import CARD, ModelError, check_name, find, model_names, publishing


def test_shipped_models_come_first_then_retrained_ones(home):
    for name in ("zebra", "ant"):
        shutil.copytree(registry.SHIPPED / "mlp", home / name)
    (home / ".publishing-x").mkdir()
    (home / "a file").write_text("")
    assert model_names() == ["cnn", "mlp", "ant", "zebra"]
    assert find("ant") == home / "ant"
    assert find("cnn") == registry.SHIPPED / "cnn"


def test_a_retrained_model_does_not_hide_a_shipped_one(home):
    shutil.copytree(registry.SHIPPED / "mlp", home / "cnn")
    assert find("cnn") == registry.SHIPPED / "cnn"


@pytest.mark.parametrize("name", ["", ".", "..", "nothing", "../models", "models", "retrained"])
def test_what_is_no_model_is_not_found(home, name):
    with pytest.raises(ModelError, match="no model"):
        find(name)


@pytest.mark.parametrize("name", ["mine", "CNN-2", "a.b_c-9", "x" * 40])
def test_a_good_name_is_taken(home, name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "x" * 41, "cnn", "é", "a\n"],
)
def test_a_bad_name_is_refused(home, name):
    with pytest.raises(ModelError, match="name"):
        check_name(name)


def test_a_model_appears_whole_and_replaces_the_old_one(tmp_path):
    target = tmp_path / "models" / "mine"
    for content in ("old", "new"):
        with publishing(target) as directory:
            (directory / CARD).write_text(content)
            assert directory.parent.parent == target.parent  # so that moving it is a rename
            assert not target.exists() or (target / CARD).read_text() == "old"
        assert (target / CARD).read_text() == content
    assert [path.name for path in target.parent.iterdir()] == ["mine"]


def test_a_failure_leaves_the_old_model(tmp_path):
    with publishing(tmp_path / "mine") as directory:
        (directory / CARD).write_text("old")
    with pytest.raises(RuntimeError), publishing(tmp_path / "mine") as directory:
        (directory / CARD).write_text("half")
        raise RuntimeError
    assert (tmp_path / "mine" / CARD).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_failure_to_move_brings_the_old_model_back(tmp_path, monkeypatch):
    with publishing(tmp_path / "mine") as directory:
        (directory / CARD).write_text("old")
    rename = Path.rename

    def fail_once(self, target):
        if self.name == "new":
            raise OSError(5, "I/O error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(OSError, match="I/O"), publishing(tmp_path / "mine") as directory:
        (directory / CARD).write_text("new")
    assert (tmp_path / "mine" / CARD).read_text() == "old"


def test_what_is_no_model_is_not_replaced(tmp_path):
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter1.txt").write_text("long work")
    with pytest.raises(ModelError, match="no model"), publishing(thesis):
        pass
    assert (thesis / "chapter1.txt").read_text() == "long work"


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="No model can be written"):
        registry.check_target(tmp_path / "file" / "mine")


def test_a_version_changes_with_the_model(tmp_path):
    model = shutil.copytree(registry.SHIPPED / "mlp", tmp_path / "mine")
    before = registry.version(model)
    card = registry.read_card(model)
    registry.write_card(model, card)
    assert registry.version(model) != before
    (model / registry.CARD).unlink()
    with pytest.raises(ModelError, match="'mine' cannot be used"):
        registry.version(model)
