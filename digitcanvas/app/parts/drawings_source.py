"""The drawings that this machine has to learn from, beside MNIST's images: how many, and whose."""

from collections.abc import Callable

import streamlit as st

from digitcanvas.app.parts import shared_told
from digitcanvas.data.pen import load_pen_digits, pen_path
from digitcanvas.data.told import FEWEST
from digitcanvas.data.unipen import load_unipen, unipen_folder

PEN = "https://doi.org/10.24432/C5MG6K"
UNIPEN = "https://doi.org/10.5281/zenodo.1195803"


def show() -> None:
    """Nothing where there are none."""
    pen, unipen, told = pen_path(), unipen_folder(), shared_told.supply()
    if not (pen or unipen or told.drawings):
        return
    st.subheader("Drawings beside the images", anchor=False)
    st.markdown(
        "A network can learn from these too, drawn again as other hands might draw them. A fifth "
        "of the people are kept for validation."
    )
    for place, describe in ((pen, _describe_pen), (unipen, _describe_unipen)):
        if place:
            _show(place, describe)
    if told.drawings:
        st.markdown(
            f"- **The room's drawings**: {told.words}. The form can learn from them where there "
            f"are {FEWEST}; *Evaluate* shows them."
        )


def _show(place: str, describe: Callable[[str], str]) -> None:
    try:
        st.markdown(f"- {describe(place)}")
    except ValueError as error:
        st.warning(str(error), icon=":material/warning:")


@st.cache_data(show_spinner=False, max_entries=1)
def _describe_pen(path: str) -> str:
    pen = load_pen_digits(path)
    assert pen
    drawings = pen.train + pen.validation
    people = {drawing.writer for drawing in drawings}
    return (
        f"**[Pen strokes]({PEN})**: {len(drawings):,} digits by {len(people)} people. "
        "E. Alpaydin and F. Alimoglu; CC BY 4.0."
    )


@st.cache_data(show_spinner=False, max_entries=1)
def _describe_unipen(folder: str) -> str:
    unipen = load_unipen(folder)
    assert unipen
    digits = unipen.digits.train + unipen.digits.validation
    others = unipen.others.train + unipen.others.validation
    people = {drawing.writer for drawing in digits + others}
    return (
        f"**[UNIPEN]({UNIPEN})**: {len(digits):,} digits, and {len(others):,} letters and signs "
        f"that teach what is not a digit, by {len(people)} people on many devices. "
        "The International Unipen Foundation; CC BY 4.0."
    )
