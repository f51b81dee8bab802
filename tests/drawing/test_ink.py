"""Finding the digit in a picture."""

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas.drawing.ink import NoDigit, find_inks
from digitcanvas.drawing.ink_images import MNIST_PEN, image_from_picture
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.drawing.preprocess import image_from_strokes
from tests.drawing.shapes import (
    INK,
    PAPER,
    SHAPES,
    distance,
    draw,
    encode,
    paint,
    result_or_refusal,
    strokes_of,
)
from tests.photos import (
    PENS,
    fall_off,
    inked,
    photographed,
    rule,
    sheet,
    smooth_noise,
    word,
    written,
)


@pytest.mark.parametrize("name", SHAPES)
def test_a_digit_is_found_and_laid_out_as_mnist(name):
    image = image_from_picture(paint(draw(name)))
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() == 0 and image.max() == 1
    rows, columns = np.nonzero(image)
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
    mass = (np.indices(image.shape) * image).sum(axis=(1, 2)) / image.sum()
    assert np.abs(mass - 14).max() < 0.5
    assert distance(paint(draw(name)), name) < 0.04


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        (INK, PAPER),
        ((230, 230, 220), (25, 45, 35)),
        ((240, 220, 40), (250, 250, 250)),
        ((200, 30, 40), (40, 130, 60)),
        ((200, 60, 60), (60, 200, 60)),
        ((170, 170, 170), (225, 225, 225)),
    ],
    ids=["dark on light", "light on dark", "yellow on white", "red on green", "as bright", "pale"],
)
@pytest.mark.parametrize("name", SHAPES)
def test_colours_and_polarity_make_no_difference(name, ink, paper):
    assert distance(paint(draw(name), ink, paper), name) < 0.04


@pytest.mark.parametrize("name", SHAPES)
def test_grey_and_rgb_give_the_same(name):
    grey = np.rint(255 - 200 * draw(name)).astype(np.uint8)
    rgb = np.repeat(grey[..., np.newaxis], 3, axis=2)
    assert np.array_equal(image_from_picture(grey), image_from_picture(rgb))
    assert np.abs(image_from_picture(grey) - image_from_picture(255 - grey)).mean() < 0.01


@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 40, 40), (128, 128, 128)])
def test_ink_on_transparent_ground(colour, hidden):
    ink = draw("four")
    picture = np.full((*ink.shape, 4), hidden, np.uint8)
    picture[ink > 0, :3] = colour
    picture[..., 3] = np.rint(ink * 255)
    assert distance(picture, "four") < 0.04


def test_opaque_and_cut_out_alpha():
    opaque = np.dstack([paint(draw("two")), np.full((300, 300), 255, np.uint8)])
    assert distance(opaque, "two") < 0.04
    cut_out = np.full((300, 300, 4), 255, np.uint8)
    cut_out[..., 3] -= np.rint(draw("two") * 255).astype(np.uint8)
    assert distance(cut_out, "two") < 0.04


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(SHAPES)),
    side=st.integers(280, 900),
    share=st.floats(0.4, 0.85),
    position=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
    pen=st.floats(0.03, 0.14),
    dark=st.booleans(),
)
def test_scale_position_and_pen_make_little_difference(name, side, share, position, pen, dark):
    height = share * side
    thickness = max(3, round(pen * height))
    room = side - height - 2 * thickness
    ink = draw(name, side, height, thickness, thickness + np.maximum(room, 0) * np.array(position))
    assert distance(np.rint(255 * (ink if dark else 1 - ink)).astype(np.uint8), name) < 0.05


@pytest.mark.parametrize("light", ["gradient", "vignette", "shadow", "noise"])
@pytest.mark.parametrize("name", SHAPES)
def test_uneven_light(name, light):
    rows, columns = np.mgrid[-1:1:300j, -1:1:300j]
    shade = {
        "gradient": 0.7 + 0.3 * columns,
        "vignette": 1 - 0.3 * (rows**2 + columns**2),
        "shadow": np.where(rows + 0.5 * columns > 0.1, 1.0, 0.55),
        "noise": 0.9 + 0.05 * np.random.default_rng(0).normal(size=rows.shape),
    }[light]
    picture = (paint(draw(name)) * shade[..., np.newaxis]).clip(0, 255).astype(np.uint8)
    assert distance(read_picture(encode(picture, "JPEG", quality=60)), name) < 0.05


def test_specks_and_the_picture_s_edge_are_dropped_but_not_a_detached_bar():
    picture = paint(draw("five"))
    for x, y in [(15, 20), (280, 30), (250, 270)]:
        cv2.circle(picture, (x, y), 2, INK, -1)
    picture[-6:] = 40
    assert distance(picture, "five") < 0.04
    assert distance(paint(draw("five")), "five") < 0.04


def test_noise_is_not_mistaken_for_a_short_stroke():
    ink = np.zeros((160, 160), np.uint8)
    cv2.line(ink, (110, 20), (90, 110), 255, 14, cv2.LINE_AA)
    noise = np.random.default_rng(0).normal(0, 8, (160, 160, 3))
    picture = (paint(ink / 255, (210, 195, 40), (225, 220, 214)) + noise).clip(0, 255)
    image = image_from_picture(picture.astype(np.uint8))
    assert np.ptp(np.nonzero(image.max(axis=0) > 0.5)) < 10


def test_a_sheet_on_a_dark_table():
    picture = cv2.copyMakeBorder(
        paint(draw("four", pen=7)), 60, 150, 40, 120, cv2.BORDER_CONSTANT, value=(90, 60, 40)
    )
    assert distance(picture, "four") < 0.06


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("inverted", [False, True])
def test_an_image_like_mnist_s_is_returned_unchanged(name, inverted):
    image = image_from_strokes(strokes_of(name))
    picture = np.rint(image * 255).astype(np.uint8)
    result = image_from_picture(255 - picture if inverted else picture)
    assert np.abs(result - image).mean() < 0.01


def test_a_small_picture_keeps_its_greys():
    picture = cv2.resize(draw("two"), (40, 40), interpolation=cv2.INTER_AREA)
    image = image_from_picture(np.rint(255 * picture).astype(np.uint8))
    assert len(np.unique(image)) > 50
    assert np.abs(image - image_from_strokes(strokes_of("two"), MNIST_PEN)).mean() < 0.06


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((100, 100), np.uint8),
        np.full((100, 100, 3), 255, np.uint8),
        np.zeros((100, 100, 4), np.uint8),
        np.full((28, 28), 128, np.uint8),
        np.tile(np.linspace(90, 250, 300).astype(np.uint8), (300, 1)),
        np.random.default_rng(0).normal(200, 8, (300, 300)).astype(np.uint8),
    ],
    ids=["all ink", "white", "transparent", "small", "gradient", "noise"],
)
def test_a_picture_without_a_digit_is_refused(picture):
    with pytest.raises(ValueError, match="No digit"):
        image_from_picture(picture)


@pytest.mark.parametrize("shape", [(1, 1), (4, 300), (300, 4, 3), (0, 0), (0, 20, 3)])
def test_a_tiny_picture_is_refused(shape):
    with pytest.raises(ValueError, match="each side needs"):
        image_from_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "shape", [(), (28,), (28, 28, 1), (28, 28, 2), (28, 28, 5), (1, 28, 28, 3)]
)
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        image_from_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint16, bool])
def test_another_type_is_refused(dtype):
    with pytest.raises(ValueError, match="uint8"):
        image_from_picture(np.zeros((28, 28), dtype))


def test_the_picture_is_not_changed():
    picture = paint(draw("two"))
    before = picture.copy()
    image_from_picture(picture[::-1, :, ::-1])
    image_from_picture(picture)
    assert np.array_equal(picture, before)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 5)).flatmap(
        lambda shape: arrays(np.uint8, shape if shape[2] > 1 else shape[:2])
    )
)
def test_any_array_gives_an_image_or_a_refusal(picture):
    image = result_or_refusal(image_from_picture, picture)
    if image is not None:
        assert image.shape == (28, 28) and image.dtype == np.float32
        assert image.min() >= 0 and image.max() <= 1 and image.any()


def test_what_transparency_hides_makes_no_difference():
    """An eraser leaves the colours that it hid."""
    ink = draw("four")
    picture = np.dstack([paint(draw("two")), np.rint(ink * 255).astype(np.uint8)])
    picture[ink > 0, :3] = 0
    assert distance(picture, "four") < 0.04


def test_a_stroke_that_enters_from_the_edge_is_dropped():
    picture = paint(draw("five"))
    cv2.line(picture, (299, 150), (235, 150), INK, 12)
    assert distance(picture, "five") < 0.04


def test_a_small_image_off_centre_is_centred():
    image = np.roll(image_from_strokes(strokes_of("two")), 3, axis=1)
    result = image_from_picture(np.rint(image * 255).astype(np.uint8))
    mass = (np.indices(result.shape) * result).sum(axis=(1, 2)) / result.sum()
    assert np.abs(mass - 14).max() < 0.6


def test_a_broad_pen_is_thinned():
    seven = np.array([(100, 80), (300, 80), (180, 330)])
    ink = np.zeros((400, 400), np.uint8)
    cv2.polylines(ink, [seven], False, 255, 66)
    ratio = image_from_picture(255 - ink).sum() / image_from_strokes([seven], MNIST_PEN).sum()
    assert 0.75 < ratio < 1.3


def centre_of_mass(image):
    """The centre of mass of any image, in shares of its width and height."""
    y, x = np.indices(image.shape)
    return np.array([(x * image).sum(), (y * image).sum()]) / image.sum() / image.shape[::-1]


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(SHAPES)),
    height=st.integers(70, 170),
    x=st.floats(0.15, 0.85),
    y=st.floats(0.15, 0.85),
    dark=st.booleans(),
)
def test_an_uncentred_digit_keeps_its_position_in_the_picture(name, height, x, y, dark):
    room = 300 - height - 24
    ink = draw(name, height=height, pen=12, corner=(12 + x * room, 12 + y * room))
    colours = (INK, PAPER) if dark else (PAPER, INK)
    image = image_from_picture(paint(ink, *colours), centred=False)
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert np.abs(centre_of_mass(image) - centre_of_mass(ink)).max() < 0.5 / 28
    high, expected = (np.ptp(np.flatnonzero(each.max(axis=1) > 0.2)) + 1 for each in (image, ink))
    assert high == pytest.approx(expected * 28 / 300, abs=2)


def test_an_uncentred_digit_moves_with_the_picture_s():
    pictures = [paint(draw("two", height=120, corner=corner)) for corner in ((20, 30), (160, 140))]
    one, other = (image_from_picture(picture) for picture in pictures)
    assert np.abs(one - other).mean() < 0.01
    one, other = (image_from_picture(picture, centred=False) for picture in pictures)
    assert one[:, 14:].sum() < 0.2 * one.sum() and other[:, 14:].sum() > 0.8 * other.sum()
    assert one.sum() == pytest.approx(other.sum(), rel=0.05)


def test_an_image_like_mnist_s_is_returned_unchanged_uncentred():
    image = np.rint(image_from_strokes(strokes_of("two"), MNIST_PEN) * 255).astype(np.uint8)
    for picture in (image, np.roll(image, 3, axis=1)):
        found = image_from_picture(picture, centred=False)
        assert np.abs(found - picture / 255.0).mean() < 0.01


def test_a_picture_s_digit_is_centred_by_default():
    picture = paint(draw("four", corner=(10, 100)))
    image = image_from_picture(picture)
    np.testing.assert_array_equal(image_from_picture(picture, centred=True), image)
    assert np.abs(centre_of_mass(image) * 28 - 14).max() < 0.5


@pytest.mark.parametrize(
    "picture",
    [None, np.zeros((4, 300), np.uint8), np.full((300, 300), 200, np.uint8), np.zeros((28, 28))],
)
def test_an_uncentred_picture_without_a_digit_is_refused_too(picture):
    with pytest.raises(ValueError):
        image_from_picture(picture, centred=False)


def page_of(name, **options):
    """The digit on plain paper, with room around it, in shares of the light: (300, 300, 3)."""
    return inked(sheet((300, 300), np.random.default_rng(0)), draw(name, **options), PENS["black"])


def taken(page, light=1.0, seed=0):
    return photographed(page, np.random.default_rng(seed), light, noise=2)


def test_a_small_digit_in_light_that_falls_off():
    pen = cv2.putText(np.zeros((1000, 450), np.uint8), "6", (300, 760), 0, 2.7, 1, 4)
    x, y = np.linspace(0, 1, 450)[None], np.linspace(0, 1, 1000)[:, None]
    light = 160 * (1 - 0.6 * (1 - x + y) / 2)
    lit, even = (
        (each * (1 - 0.55 * pen)).astype(np.uint8) for each in (light, np.full_like(light, 160))
    )
    assert np.abs(image_from_picture(lit) - image_from_picture(even)).mean() < 0.02


@settings(max_examples=30)
@given(
    name=st.sampled_from(sorted(SHAPES)),
    darkest=st.floats(0.3, 0.9),
    angle=st.integers(0, 359),
    corner=st.tuples(st.integers(20, 200), st.integers(20, 200)),
)
def test_light_that_falls_off_in_any_direction(name, darkest, angle, corner):
    page = page_of(name, height=70, pen=5, corner=corner)
    assert distance(taken(page, fall_off((300, 300), darkest, angle)), name) < 0.05


def test_a_coloured_band_behind_the_digit():
    picture = np.full((200, 200, 3), (0, 255, 255), np.uint8)
    plain = picture.copy()
    cv2.line(picture, (40, -10), (120, 210), (255, 190, 0), 30)
    for each in (picture, plain):
        cv2.putText(each, "9", (90, 130), 0, 3.5, (20, 20, 255), 8)
    assert np.abs(image_from_picture(picture) - image_from_picture(plain)).mean() < 0.02


@pytest.mark.parametrize("band", [(255, 190, 0), (150, 220, 160), (230, 120, 120)])
@pytest.mark.parametrize("name", SHAPES)
def test_bands_of_any_colour(name, band):
    picture = np.full((300, 300, 3), PAPER, np.uint8)
    cv2.line(picture, (60, -10), (220, 310), band, 40)
    assert distance(paint(draw(name), (20, 20, 160), picture), name) < 0.05


def test_a_digit_that_fills_the_picture():
    ring = np.full((300, 300), 255, np.uint8)
    cv2.ellipse(ring, (150, 150), (140, 147), 0, 0, 360, 0, 6)
    smaller = cv2.copyMakeBorder(ring, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=255)
    assert np.abs(image_from_picture(ring) - image_from_picture(smaller)).mean() < 0.03


@pytest.mark.parametrize("name", SHAPES)
def test_a_digit_as_high_as_the_picture(name):
    assert distance(paint(draw(name, height=270, corner=(20, 10))), name) < 0.05


def test_of_two_digits_the_one_at_the_edge_is_kept():
    picture = np.full((60, 60), 255, np.uint8)
    cv2.putText(picture, "1", (-5, 45), 0, 1.5, 0, 5)
    cv2.putText(picture, "2", (26, 45), 0, 1.5, 0, 5)
    ink = next(find_inks(picture))
    assert ink.mask[:, :20].any() and ink.mask[:, 30:].any()


@pytest.mark.parametrize("turn", [0, 5, -12])
@pytest.mark.parametrize("name", SHAPES)
def test_a_box_around_the_digit_is_dropped(name, turn):
    picture = paint(draw(name, height=110, corner=(110, 95)))
    box = cv2.boxPoints(((150, 150), (170, 200), turn)).astype(np.int32)
    cv2.polylines(picture, [box], True, INK, 6)
    assert distance(picture, name) < 0.05


def test_a_ring_with_something_small_in_it_is_no_box():
    picture = np.full((300, 300), 255, np.uint8)
    cv2.ellipse(picture, (150, 150), (80, 110), 0, 0, 360, 0, 12)
    cv2.circle(picture, (150, 150), 12, 0, -1)
    image = image_from_picture(picture)
    assert image[:, 4:9].any() and image[:, 19:24].any()


@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("name", SHAPES)
def test_a_box_of_paper_on_transparency(name, hidden):
    picture = np.dstack([paint(draw(name)), np.full((300, 300), 255, np.uint8)])
    picture = cv2.copyMakeBorder(
        picture, 80, 150, 120, 60, cv2.BORDER_CONSTANT, value=(hidden, hidden, hidden, 0)
    )
    assert distance(picture, name) < 0.04


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("colour", [(0.6, 0.72, 0.9), (0.45, 0.45, 0.45)])
@pytest.mark.parametrize("name", SHAPES)
def test_ruled_and_squared_paper(name, colour, squared):
    paper = rule(sheet((300, 300), np.random.default_rng(0)), 31, 2, colour, squared, angle=2)
    assert distance(taken(inked(paper, draw(name), PENS["black"])), name) < 0.05


def test_lines_alone_are_no_digit():
    paper = rule(sheet((300, 300), np.random.default_rng(0)), 31, 2, (0.5, 0.6, 0.8), False)
    with pytest.raises(NoDigit):
        image_from_picture(taken(paper))


@pytest.mark.parametrize("name", SHAPES)
def test_pencil(name):
    grain = 0.8 + 0.3 * smooth_noise((300, 300), 2, np.random.default_rng(1))
    faint = draw(name, pen=7) * grain.clip(0, 1)
    page = inked(sheet((300, 300), np.random.default_rng(0)), faint, (0.5, 0.5, 0.5))
    assert distance(taken(page), name) < 0.05


@pytest.mark.parametrize("top", [10, 262])
@pytest.mark.parametrize("name", SHAPES)
def test_a_note_at_the_margin_is_left_out(name, top):
    note = written(word("seeme", 24, 60, top), (300, 300), 3)
    page = inked(page_of(name, height=150, corner=(80, 70)), note, PENS["red"])
    assert distance(taken(page), name) < 0.05


@pytest.mark.parametrize("name", SHAPES)
def test_a_small_sheet_on_a_dark_table(name):
    picture = paint(draw(name, side=120, height=80, pen=5, corner=(25, 20)))
    picture = cv2.copyMakeBorder(
        picture, 150, 170, 120, 200, cv2.BORDER_CONSTANT, value=(60, 42, 30)
    )
    assert distance(picture, name) < 0.06


@pytest.mark.parametrize("name", SHAPES)
def test_letters_close_under_the_digit_are_left_out(name):
    note = written(word("good", 22, 85, 238), (300, 300), 3)
    page = inked(page_of(name, height=160, corner=(80, 60)), note, PENS["red"])
    assert distance(taken(page), name) < 0.05
