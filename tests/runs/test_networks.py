"""The layer tables, against Keras' own account of the networks that are built from them."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitcanvas.reading.registry import SHIPPED, SHIPPED_NAMES, TRAINABLE, read_card
from digitcanvas.runs.networks import ARCHITECTURES, family, layer_table
from digitcanvas.runs.recipes import RECIPES, Recipe

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def build():
    from digitcanvas.learning.keras_networks import build

    return build


def multiplications(layer):
    """What Keras' layer multiplies for one image: each weight of its kernel, once a pixel."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    return kernel.numpy().size * math.prod(layer.output.shape[1:-1])


def assert_as_keras_has_it(table, model):
    assert [row.kind for row in table] == [type(layer).__name__ for layer in model.layers]
    assert [row.shape for row in table] == [layer.output.shape[1:] for layer in model.layers]
    assert [row.parameters for row in table] == [layer.count_params() for layer in model.layers]
    assert [row.multiplications for row in table] == list(map(multiplications, model.layers))


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_s_table_is_as_keras_has_it(build, name):
    assert_as_keras_has_it(layer_table(RECIPES[name]), build(RECIPES[name]))


@settings(max_examples=6)
@given(
    st.sampled_from(["cnn", "plain-cnn"]),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.lists(st.integers(1, 9), max_size=3),
)
def test_so_are_those_of_other_convolutions(build, architecture, filters, hidden):
    recipe = replace(RECIPES["cnn"], architecture=architecture, filters=filters, hidden=hidden)
    assert_as_keras_has_it(layer_table(recipe), build(recipe))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("limit", [0, 1])
def test_an_architecture_takes_as_few_and_as_many_layers_as_it_says(build, architecture, limit):
    limits = ARCHITECTURES[architecture]
    recipe = Recipe(
        architecture,
        epochs=1,
        hidden=(8,) * limits.hidden[limit],
        filters=(8,) * limits.filters[limit],
    )
    model = build(recipe)
    assert_as_keras_has_it(layer_table(recipe), model)
    assert model.layers[-1].output.shape == (None, 11)


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_a_shipped_card_s_table_is_that_of_the_file_beside_it(name):
    import keras

    card = read_card(SHIPPED / name)
    assert_as_keras_has_it(card.layers, keras.models.load_model(SHIPPED / name / TRAINABLE))
    assert card.layers == layer_table(Recipe(**card.recipe))
    assert sum(layer.parameters for layer in card.layers) == card.parameters


def test_a_row_says_what_sets_its_layer_apart():
    assert [(row.kind, row.detail) for row in layer_table(RECIPES["cnn-28"])] == [
        ("Reshape", ""),
        ("Conv2D", "28 filters of 3x3"),
        ("MaxPooling2D", "the largest of 2x2"),
        ("Flatten", ""),
        ("Dense", "128 neurons, relu"),
        ("Dropout", "20 % left out in training"),
        ("Dense", "10 neurons, softmax"),
    ]
    details = [row.detail for row in layer_table(RECIPES["cnn"])]
    assert "32 filters of 5x5, step 2, relu" in details and "128 neurons" in details
    raw = layer_table(replace(RECIPES["tiny-raw"], hidden=(2048,)))
    assert [row.detail for row in raw][:3] == ["times 255", "", "2,048 neurons, relu"]


def test_every_recipe_belongs_to_a_family():
    assert {family(recipe) for recipe in RECIPES.values()} == {"CNN", "MLP"}
