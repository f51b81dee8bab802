"""The layers as read without TensorFlow, against Keras' own account of them."""

import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitcanvas.reading.registry import SHIPPED, SHIPPED_NAMES, TRAINABLE, read_card
from digitcanvas.runs.network import read_layers
from digitcanvas.runs.recipes import RECIPES
from tests.browser.driver import ROOT


@pytest.fixture(scope="module")
def build():
    from digitcanvas.learning.keras_networks import build

    return build


def assert_as_keras_says(model, file):
    layers = read_layers(file)
    assert [layer.kind for layer in layers] == [type(layer).__name__ for layer in model.layers]
    assert [layer.shape for layer in layers] == [layer.output.shape[1:] for layer in model.layers]
    assert [layer.parameters for layer in layers] == [
        layer.count_params() for layer in model.layers
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_s_layers_are_read_as_keras_tells_them(build, tmp_path, name):
    model = build(RECIPES[name])
    model.save(tmp_path / TRAINABLE)
    assert_as_keras_says(model, tmp_path / TRAINABLE)


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from(["cnn", "plain-cnn"]),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.lists(st.integers(1, 9), max_size=3),
)
def test_other_convolutions_are_read_too(build, tmp_path_factory, architecture, filters, hidden):
    file = tmp_path_factory.mktemp("model") / TRAINABLE
    model = build(
        replace(RECIPES["cnn"], architecture=architecture, filters=filters, hidden=hidden)
    )
    model.save(file)
    assert_as_keras_says(model, file)


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_a_shipped_model_s_layers_hold_as_many_parameters_as_its_card_says(name):
    layers = read_layers(SHIPPED / name / TRAINABLE)
    assert sum(layer.parameters for layer in layers) == read_card(SHIPPED / name).parameters


@pytest.mark.parametrize(
    "config",
    [
        "",
        "no json",
        "{}",
        '{"config": {"layers": []}}',
        '{"config": {"layers": [{"config": {"batch_shape": [null, 28, 28]}}, '
        '{"class_name": "LSTM", "config": {}}]}}',
        '{"config": {"layers": 7}}',
        '{"config": {"layers": [{"config": {"batch_shape": null}}]}}',
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path, config):
    file = tmp_path / TRAINABLE
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", config)
    with pytest.raises(ValueError, match="The layers of .* cannot be read"):
        read_layers(file)


def test_a_missing_or_broken_file_is_refused(tmp_path):
    file = tmp_path / TRAINABLE
    with pytest.raises(ValueError, match="cannot be read"):
        read_layers(file)
    file.write_bytes(b"PK")
    with pytest.raises(ValueError, match="cannot be read"):
        read_layers(file)


def test_what_there_is_to_say_of_a_layer_is_said(build, tmp_path):
    file = tmp_path / TRAINABLE
    build(RECIPES["cnn-28"]).save(file)
    assert [(layer.kind, layer.detail) for layer in read_layers(file)] == [
        ("Reshape", ""),
        ("Conv2D", "28 filters of 3x3"),
        ("MaxPooling2D", "the largest of 2x2"),
        ("Flatten", ""),
        ("Dense", "128 neurons, relu"),
        ("Dropout", "20 % left out in training"),
        ("Dense", "10 neurons, softmax"),
    ]
    build(RECIPES["cnn"]).save(file)
    details = [layer.detail for layer in read_layers(file)]
    assert "32 filters of 5x5, step 2, relu" in details and "128 neurons" in details
    build(replace(RECIPES["tiny-raw"], hidden=(2048,))).save(file)
    assert [layer.detail for layer in read_layers(file)][:3] == [
        "times 255",
        "",
        "2,048 neurons, relu",
    ]


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.binary(min_size=1, max_size=4))
def test_any_damage_to_a_file_is_noticed_or_harmless(shipped, place, other):
    file, content = shipped
    place %= len(content)
    file.write_bytes(content[:place] + other + content[place + len(other) :])
    try:
        assert read_layers(file)
    except ValueError as error:
        assert TRAINABLE in str(error)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The description in a shipped file, without its weights."""
    file = tmp_path_factory.mktemp("model") / TRAINABLE
    with zipfile.ZipFile(SHIPPED / "cnn" / TRAINABLE) as model:
        config = model.read("config.json")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", config)
    return file, file.read_bytes()


def test_layers_are_read_without_tensorflow():
    code = (
        "import sys; from digitcanvas import diagrams, network, registry; "
        "diagrams.network_diagram(network.read_layers(registry.SHIPPED / 'cnn' / 'model.keras')); "
        "sys.exit(any(name.partition('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
