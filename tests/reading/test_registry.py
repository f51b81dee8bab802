import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest

from digitcanvas.reading import registry
from digitcanvas.reading.cards import Card
from digitcanvas.reading.registry import (
    CARD,
    ModelError,
    check_name,
    find,
    free_name,
    model_names,
    publishing,
    remove,
    rename,
)

LAYER = {"kind": "Dense", "detail": "", "shape": [10], "parameters": 1, "multiplications": 1}


@pytest.fixture
def mine(home):
    """A retrained model, the only one."""
    return Path(shutil.copytree(registry.SHIPPED / "mlp", home / "mine"))


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_shipped_models_come_first_then_retrained_ones(home):
    for name in ("zebra", "ant"):
        shutil.copytree(registry.SHIPPED / "mlp", home / name)
    (home / ".publishing-x").mkdir()
    (home / "a file").write_text("")
    assert model_names() == ["cnn", "mlp", "ant", "zebra"]
    assert find("ant") == home / "ant"
    assert find("cnn") == registry.SHIPPED / "cnn"


def test_folders_that_are_not_models_are_nobody_s_concern(home):
    """A disk's own folder, say, where the home is a volume. A model that lost its card is one."""
    (home / "lost+found").mkdir()
    (home / "notes" / "deep").mkdir(parents=True)
    whole = Path(shutil.copytree(registry.SHIPPED / "mlp", home / "mine"))
    for name in (CARD, registry.SERVED):
        (whole / name).unlink()
        assert model_names() == ["cnn", "mlp", "mine"]


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O")])
def test_a_home_that_cannot_be_read_is_told_and_hides_the_shipped_models_from_nobody(
    home, monkeypatch, error
):
    def fail(self):
        raise error

    assert registry.problem() == ""
    monkeypatch.setattr(Path, "iterdir", fail)
    assert model_names() == ["cnn", "mlp"]
    assert str(home) in registry.problem() and "DIGITCANVAS_HOME" in registry.problem()


def test_a_home_that_is_not_there_yet_is_empty(home, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_HOME", str(home / "later"))
    assert model_names() == ["cnn", "mlp"] and registry.problem() == ""


def test_a_model_that_is_a_link_is_removed_and_what_it_leads_to_stays(home, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model"
    shutil.copytree(registry.SHIPPED / "mlp", elsewhere)
    (home / "linked").symlink_to(elsewhere)
    remove("linked")
    assert model_names() == ["cnn", "mlp"] and not list(home.iterdir())
    assert (elsewhere / CARD).exists()


@pytest.mark.parametrize(
    "name", ["con", "NUL", "Com1", "lpt9.keras", "aux.a.b", "trailing.", "trailing..", "-a", "a b"]
)
def test_a_name_that_some_system_cannot_have_is_refused(home, name):
    with pytest.raises(ModelError, match="cannot name|device"):
        check_name(name)


def test_names_that_only_look_like_devices_are_taken(home):
    for name in ("console", "com", "com10", "my.con", "a"):
        assert check_name(name) == name


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
    with pytest.raises(ModelError, match="not a model"), publishing(thesis):
        pass
    assert (thesis / "chapter1.txt").read_text() == "long work"


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="model cannot be written"):
        registry.check_target(tmp_path / "file" / "mine")


def test_a_run_s_model_is_found_by_the_id_in_its_card(tmp_path):
    for name in ("one", "two"):
        model = shutil.copytree(registry.SHIPPED / "cnn", tmp_path / name)
        registry.write_card(model, replace(registry.read_card(model), run=f"run {name}"))
    (tmp_path / "one" / "model.keras").unlink()
    (tmp_path / "broken").mkdir()
    for likely in ("", "one", "two", "gone"):
        assert registry.name_of_run("run two", tmp_path, likely) == "two"
        assert registry.name_of_run("run three", tmp_path, likely) is None
    shutil.copytree(registry.SHIPPED / "cnn", tmp_path / "old")  # its card has no id
    assert registry.name_of_run("", tmp_path) is None
    assert registry.name_of_run("run one", tmp_path / "nowhere") is None


@pytest.mark.parametrize("pen", [7, {"used": 1.0}, {"used": "all", "count": 9}])
def test_damaged_figures_of_drawings_are_a_damaged_card(tmp_path, pen):
    model = shutil.copytree(registry.SHIPPED / "mlp", tmp_path / "mine")
    card = json.loads((model / CARD).read_text())
    (model / CARD).write_text(json.dumps(card | {"metrics": card["metrics"] | {"pen": pen}}))
    with pytest.raises(ModelError, match="its card cannot be read"):
        registry.read_card(model)


@pytest.mark.parametrize(
    "layers",
    [
        3,
        [3],
        [{}],
        [{"kind": "Dense"}],
        [LAYER | {"shape": []}],
        [LAYER | {"shape": "10"}],
        [LAYER | {"shape": [1, 2, 3, 4]}],
        [LAYER | {"parameters": "many"}],
        [LAYER | {"multiplications": None}],
        [LAYER | {"haste": 1}],
    ],
)
def test_a_damaged_layer_table_is_a_damaged_card(tmp_path, layers):
    model = shutil.copytree(registry.SHIPPED / "cnn", tmp_path / "mine")
    card = json.loads((model / CARD).read_text())
    (model / CARD).write_text(json.dumps(card | {"layers": layers}))
    with pytest.raises(ModelError, match="its card cannot be read"):
        registry.read_card(model)


ODD = [None, 3, "text", [], {}, True, {"a": []}, [None], {"accuracy": "0.9"}, float("nan")]


@pytest.mark.parametrize("field", [each.name for each in fields(Card)])
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_card_of_odd_values_is_damaged_or_a_card_that_every_page_can_show(field, odd):
    values = json.loads((registry.SHIPPED / "mlp" / CARD).read_text())
    try:
        card = Card.from_json(values | {field: odd})
    except (TypeError, ValueError, KeyError, AttributeError):
        return
    assert type(card.parameters) is int and isinstance(card.run, str)
    assert f"{card.seconds:.1f} {card.test['accuracy']:.3f} {card.used_of_strangers or 0:.3f}"
    assert all(isinstance(name, str) for name in [*card.files.values(), *card.versions.values()])
    for numbers in [*card.history.values(), list(card.untrained.values())]:
        assert f"{sum(numbers):.1f}"


@pytest.mark.parametrize("text", ["![x](http://evil.example/x.png)", "<img src=x>", "`x`", "a\nb"])
@pytest.mark.parametrize("place", ["data", "metrics", "versions", "layers", "recipe"])
def test_a_card_in_which_a_page_would_find_markdown_is_damaged(text, place):
    """An image would be fetched from wherever it lies by everybody who looks at the page."""
    values = json.loads((registry.SHIPPED / "mlp" / CARD).read_text())
    assert Card.from_json(values)
    match place:
        case "data":
            values["data"]["mnist"]["name"] = text
        case "metrics":
            values["metrics"]["test"]["data"] = text
        case "versions":
            values["versions"][text] = "1"
        case "layers":
            values["layers"][0]["detail"] = text
        case "recipe":
            values["recipe"]["optimizer"] = text
    with pytest.raises(TypeError, match="not plain text"):
        Card.from_json(values)


def test_what_strangers_draw_counts_drawing_by_drawing_where_all_of_it_was_measured():
    card, pen, unipen = registry.read_card(registry.find("cnn")), {"count": 30}, {"count": 10}

    def used(**drawn):
        return replace(card, metrics={"test": card.test} | drawn).used_of_strangers

    assert used(pen=pen | {"used": 1.0}, unipen=unipen | {"used": 0.6}) == pytest.approx(0.9)
    assert used(unipen=unipen | {"used": 0.6}) == pytest.approx(0.6)
    assert used() is None
    assert used(pen=pen, unipen=unipen | {"used": 0.6}) is None  # a card of before


def test_a_version_changes_with_the_model(tmp_path):
    model = shutil.copytree(registry.SHIPPED / "mlp", tmp_path / "mine")
    before = registry.version(model)
    card = registry.read_card(model)
    registry.write_card(model, card)
    assert registry.version(model) != before
    (model / registry.CARD).unlink()
    with pytest.raises(ModelError, match="'mine' cannot be used"):
        registry.version(model)


def test_a_model_is_made_in_the_scratch_directory_given(tmp_path):
    scratch, target = tmp_path / "scratch", tmp_path / "models" / "mine"
    scratch.mkdir()
    with publishing(target, scratch) as directory:
        (directory / CARD).write_text("new")
        assert directory.parent.parent == scratch
        assert list(target.parent.iterdir()) == []
    assert contents(target) == {CARD: b"new"}
    assert list(scratch.iterdir()) == []


def test_where_the_scratch_directory_is_gone_the_old_model_stays(mine, home):
    before = contents(mine)
    with pytest.raises(FileNotFoundError), publishing(mine, home / "gone"):
        pass
    assert contents(mine) == before and list(home.iterdir()) == [mine]


def test_a_model_that_came_up_meanwhile_is_not_replaced(home):
    with pytest.raises(OSError), publishing(home / "mine") as directory:
        (directory / CARD).write_text("ours")
        shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    assert contents(home / "mine") == contents(registry.SHIPPED / "mlp")
    assert [path.name for path in home.iterdir()] == ["mine"]


def test_a_model_that_was_removed_meanwhile_is_published_anew(mine, home):
    with publishing(mine) as directory:
        (directory / CARD).write_text("new")
        remove("mine")
    assert contents(mine) == {CARD: b"new"} and list(home.iterdir()) == [mine]


def test_a_free_name_is_the_name_or_the_first_number_that_is_free(home):
    assert free_name("mine") == "mine"
    for taken in ("mine", "mine-2", "mine-4"):
        shutil.copytree(registry.SHIPPED / "mlp", home / taken)
    assert free_name("mine") == "mine-3"
    assert free_name("cnn") == "cnn-2"


def test_a_model_is_renamed_as_it_is(mine, home):
    before = contents(mine)
    rename("mine", "yours")
    assert contents(home / "yours") == before
    assert [path.name for path in home.iterdir()] == ["yours"]


@pytest.mark.parametrize("new", ["", "a b", "../out", ".hidden", "cnn", "mine", "taken"])
def test_a_bad_new_name_is_refused_and_nothing_moves(mine, home, new):
    shutil.copytree(mine, home / "taken")
    before = contents(mine)
    with pytest.raises(ModelError, match="name"):
        rename("mine", new)
    assert sorted(path.name for path in home.iterdir()) == ["mine", "taken"]
    assert contents(mine) == contents(home / "taken") == before


def test_a_model_is_removed_whole(mine, home):
    shutil.copytree(mine, home / "other")
    remove("mine")
    assert [path.name for path in home.iterdir()] == ["other"]


def test_a_damaged_model_can_be_renamed_and_removed(mine, home):
    (mine / CARD).write_text("{")
    rename("mine", "broken")
    remove("broken")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("change", [remove, lambda name: rename(name, "mine")])
@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_a_shipped_model_stays_as_it_is(home, change, name):
    with pytest.raises(ModelError, match="came with the app"):
        change(name)
    assert registry.read_served(find(name))


@pytest.mark.parametrize("change", [remove, lambda name: rename(name, "other")])
@pytest.mark.parametrize("name", ["gone", "", ".", "..", ".training"])
def test_a_model_that_is_gone_cannot_be_changed(mine, home, change, name):
    (home / ".training").mkdir()
    with pytest.raises(ModelError, match="no model"):
        change(name)
    assert sorted(path.name for path in home.iterdir()) == [".training", "mine"]


@pytest.mark.parametrize("change", [remove, lambda name: rename(name, "other")])
def test_a_model_elsewhere_is_not_for_the_registry_to_change(home, tmp_path_factory, change):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine"
    shutil.copytree(registry.SHIPPED / "mlp", elsewhere)
    with pytest.raises(ModelError, match="was not trained here"):
        change(str(elsewhere))
    assert contents(elsewhere) == contents(registry.SHIPPED / "mlp")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("change", [remove, lambda name: rename(name, "other")])
def test_a_disk_that_fails_is_told_and_the_model_stays(mine, home, monkeypatch, change):
    before = contents(mine)

    def fail(self, target):
        raise OSError(5, "I/O error")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(ModelError, match="'mine' could not be (renamed|removed) .I/O error"):
        change("mine")
    assert contents(mine) == before and list(home.iterdir()) == [mine]
