import json
from dataclasses import asdict, fields

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digitcanvas.runs.networks import ARCHITECTURES
from digitcanvas.runs.recipes import (
    LIMITS,
    LOSSES,
    OPTIMIZERS,
    RECIPES,
    SCHEDULES,
    WIDEST,
    Recipe,
    label_of,
    read_number,
    read_widths,
)

MLP = {"architecture": "mlp", "epochs": 1, "hidden": (64,)}
TYPES = {field.name: field.type for field in fields(Recipe)}


def numbers(name):
    low, high = LIMITS[name]
    return st.integers(low, high) if TYPES[name] is int else st.floats(low, high)


def widths(architecture, name):
    fewest, most = getattr(ARCHITECTURES[architecture], name)
    return st.lists(st.integers(1, WIDEST[name]), min_size=fewest, max_size=most)


@st.composite
def recipes(draw):
    architecture = draw(st.sampled_from(sorted(ARCHITECTURES)))
    return Recipe(
        architecture=architecture,
        optimizer=draw(st.sampled_from(OPTIMIZERS)),
        loss=draw(st.sampled_from(LOSSES)),
        schedule=draw(st.sampled_from(SCHEDULES)),
        **{name: draw(widths(architecture, name)) for name in WIDEST},
        **{name: draw(numbers(name)) for name in LIMITS},
        room=draw(st.sampled_from(["BCDFG", "all"])),
        **{name: draw(st.booleans()) for name, kind in TYPES.items() if kind is bool},
    )


@given(recipes())
def test_what_lies_within_the_limits_is_accepted_and_survives_json(recipe):
    assert Recipe(**json.loads(json.dumps(asdict(recipe)))) == recipe


def test_who_learns_from_a_room_alone_names_it_and_takes_no_pen_drawings():
    assert Recipe(**MLP, room="all", room_only=True).pen_copies == 0
    assert Recipe(**MLP, room="all").pen_copies == Recipe(**MLP).pen_copies > 0
    with pytest.raises(ValueError, match="^Room only: name the room"):
        Recipe(**MLP, room_only=True)


@given(st.data())
def test_what_lies_outside_the_limits_is_refused_by_its_name(data):
    name = data.draw(st.sampled_from(sorted(LIMITS)))
    low, high = LIMITS[name]
    if TYPES[name] is int:
        wrong = data.draw(st.integers(max_value=low - 1) | st.integers(min_value=high + 1))
    else:
        too_low = st.floats(max_value=low, exclude_max=True)
        too_high = st.floats(min_value=high, exclude_min=True)
        wrong = data.draw(too_low | too_high | st.just(float("nan")))
    with pytest.raises(ValueError, match=f"^{label_of(name)}: .* is out of range. Choose a number"):
        Recipe(**MLP | {name: wrong})


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_themselves_are_accepted(name):
    for limit in LIMITS[name]:
        assert getattr(Recipe(**MLP | {name: limit}), name) == limit


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@given(st.sampled_from([each.name for each in fields(Recipe)]), ODD)
@example("epochs", None)
@example("epochs", 3.5)
@example("epochs", True)
@example("hidden", [1.5])
@example("hidden", 3)
@example("augment", "no")
@example("room", 3)
@example("batch_size", 10**400)
def test_a_value_of_another_type_is_a_value_error_and_no_other(name, value):
    try:
        recipe = Recipe(**MLP | {name: value})
    except ValueError:
        return
    json.dumps(asdict(recipe), allow_nan=False)


@pytest.mark.parametrize("name", ["architecture", "optimizer", "loss", "schedule"])
@pytest.mark.parametrize("word", ["", "rnn", "ADAM", "crossentropy", None, ["adam"], {}])
def test_a_word_that_is_no_choice_is_refused_with_the_choices(name, word):
    with pytest.raises(ValueError, match=f"no {name} .*: choose .*(mlp|adam|cosine|sparse)"):
        Recipe(**MLP | {name: word})


@pytest.mark.parametrize("name", WIDEST)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_architecture_takes_so_many_layers_and_no_others(architecture, name):
    fewest, most = getattr(ARCHITECTURES[architecture], name)
    others = {other: (8,) * getattr(ARCHITECTURES[architecture], other)[0] for other in WIDEST}
    for count in range(most + 3):
        layers = others | {name: (8,) * count}
        if fewest <= count <= most:
            assert getattr(Recipe(architecture, epochs=1, **layers), name) == (8,) * count
        else:
            complaint = f"^{label_of(name)}: .* takes {fewest} to {most}, not {count}"
            with pytest.raises(ValueError, match=complaint):
                Recipe(architecture, epochs=1, **layers)


@pytest.mark.parametrize("name", WIDEST)
@pytest.mark.parametrize("position", [0, 1])
def test_a_layer_is_neither_empty_nor_too_wide(name, position):
    for width in (0, -1, WIDEST[name] + 1):
        layers = {"hidden": (8, 8), "filters": (8, 8)}
        layers[name] = [8, 8]
        layers[name][position] = width
        with pytest.raises(ValueError, match=f"^{label_of(name)}: {width} is out of range"):
            Recipe("cnn", epochs=1, **layers)


def test_widths_from_a_list_are_a_tuple_s():
    assert Recipe("mlp", epochs=1, hidden=[64, 32]) == Recipe("mlp", epochs=1, hidden=(64, 32))


def test_a_limit_is_written_as_people_write_it():
    with pytest.raises(ValueError) as error:
        Recipe(**MLP | {"learning_rate": 5})
    assert str(error.value) == (
        "Learning rate: 5 is out of range. Choose a number from 0.000001 to 1."
    )


@given(st.floats(allow_nan=False), st.sampled_from(".,"), st.sampled_from(["", " "]))
def test_a_number_is_read_with_a_point_or_a_comma(number, mark, space):
    assert read_number(f"{space}{number!r}{space}".replace(".", mark)) == number


@given(st.integers())
def test_a_whole_number_is_read_from_its_digits(number):
    assert read_number(f" {number}", whole=True) == number


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", False),
        ("fast", False),
        ("1,000.5", False),
        ("0.005 %", False),
        ("", True),
        ("2.5", True),
        ("2,5", True),
        ("1,000", True),
        ("1e9", True),
    ],
)
def test_what_is_no_number_is_refused_with_an_example(text, whole):
    what = "a whole number: .* such as 5" if whole else "a number such as 0.005"
    with pytest.raises(ValueError, match=f"^'{text}' is not {what}"):
        read_number(text, whole)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("128", (128,)), ("128, 64", (128, 64)), (" 128 64,32 ", (128, 64, 32)), ("", ())],
)
def test_a_person_writes_widths_with_commas_or_spaces(text, numbers):
    assert read_widths(text) == numbers


@pytest.mark.parametrize("text", ["wide", "128; 64", "12.5", "128, x"])
def test_what_is_no_list_of_widths_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=f"'{text}' is not a list of layers: .*128, 64"):
        read_widths(text)


@pytest.mark.parametrize(("outliers", "classes"), [(0, 10), (1, 11), (15_000, 11)])
def test_what_is_no_digit_has_a_class_where_it_is_learnt(outliers, classes):
    assert Recipe(**MLP | {"outliers": outliers}).classes == classes


TUTORIALS = {
    "mlp-128": ("plain-mlp", (), (128,), 10),
    "mlp-128-128": ("plain-mlp", (), (128, 128), 3),
    "mlp-512": ("plain-mlp", (), (512,), 4),
    "cnn-28": ("plain-cnn", (28,), (128,), 5),
    "tiny-raw": ("plain-mlp", (), (4, 4), 20),
    "tiny": ("plain-mlp", (), (4, 4), 20),
    "tiny-lr": ("plain-mlp", (), (4, 4), 100),
    "mlp-10-10": ("plain-mlp", (), (10, 10), 100),
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_s_recipe_has_its_network_and_its_epochs(name):
    recipe = RECIPES[name]
    assert (recipe.architecture, recipe.filters, recipe.hidden, recipe.epochs) == TUTORIALS[name]


@pytest.mark.parametrize(
    ("field", "usual", "others"),
    [
        ("optimizer", "adam", {}),
        ("learning_rate", 0.001, {"tiny-lr": 0.01}),
        (
            "loss",
            "sparse_categorical_crossentropy",
            {"mlp-128": "categorical_crossentropy", "mlp-512": "categorical_crossentropy"},
        ),
        ("schedule", "constant", {}),
        ("weight_decay", 0, {}),
        ("batch_size", 32, {"mlp-512": 128}),
        ("dropout", 0, {"mlp-512": 0.2, "cnn-28": 0.2}),
        ("normalise", True, {"tiny-raw": False}),
        ("sample", False, {}),
        ("augment", False, {}),
        ("pen_copies", 0, {}),
        ("outliers", 0, {}),
        ("calibrated", False, {}),
    ],
)
def test_the_tutorials_take_keras_defaults_and_mnist_as_it_is(field, usual, others):
    assert {name: getattr(RECIPES[name], field) for name in TUTORIALS} == {
        name: others.get(name, usual) for name in TUTORIALS
    }


@pytest.mark.parametrize(
    ("name", "share"),
    [("mlp-128-128", 0.1), *((n, 0.2) for n in ("tiny-raw", "tiny", "tiny-lr", "mlp-10-10"))],
)
def test_a_tutorial_keeps_as_many_digits_to_watch_as_it_says(name, share):
    assert RECIPES[name].validation_share == share


def test_a_recipe_of_before_there_was_a_choice_has_the_loss_of_then():
    old = asdict(RECIPES["mlp"])
    del old["loss"]
    assert Recipe(**old) == RECIPES["mlp"] and RECIPES["mlp"].loss == "categorical_crossentropy"
