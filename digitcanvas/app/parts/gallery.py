"""The browser of images that Data and Evaluate have: a grid, and one image to look at closely."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.parts import plot
from digitcanvas.app.state import Key
from digitcanvas.drawing.arrays import ByteArray, IntArray
from digitcanvas.figures import image_grid

INDEX = 180
"""The width in pixels of the choice of an index."""


@dataclass(frozen=True)
class Gallery:
    """A page's gallery, known by the keys of its elements.

    `grid` is the grid of images, and `count` the choice of how many it shows. `index` is the field
    with the index of the image looked at, and `image` shows that image.
    """

    grid: Key
    count: Key
    index: Key
    image: Key

    def choose_count(self) -> int:
        """Ask how many images to show."""
        return st.segmented_control(
            "Images",
            image_grid.COUNTS,
            default=25,
            required=True,
            key=self.count,
            persist_state="session",
        )

    def show_reshuffle(self) -> None:
        st.button("Reshuffle", key=Key.RESHUFFLE, on_click=self._reshuffle)

    def _reshuffle(self) -> None:
        state.session().shuffles[self.grid] = self.shuffles + 1

    @property
    def shuffles(self) -> int:
        """How often this session has pressed Reshuffle."""
        return state.session().shuffles.get(self.grid, 0)

    def pick(self, indices: IntArray, count: int, shuffled: bool) -> IntArray:
        """The first `count` of the indices (N,), in their order or in that of the last shuffle."""
        if shuffled:
            indices = np.random.default_rng(self.shuffles).permutation(indices)
        return indices[:count]

    def show(
        self,
        images: ByteArray,
        indices: IntArray,
        captions: Sequence[str],
        details: Sequence[str],
        note: str,
        nothing: str,
    ) -> None:
        """The grid of N images (N, 28, 28), and a note below it; or only what says `nothing`.

        A press on an image looks at it. `details` appear below the pointer.
        """
        if not len(images):
            st.info(nothing)
            return
        grid = image_grid.grid_chart(images, indices.tolist(), captions, details)
        plot.show(grid, key=self.grid, on_press=self.look_at, shows=self.image)
        st.caption(note)

    def look_at(self, index: int) -> None:
        """Have the page show this image, by its index, when it runs next."""
        st.session_state[self.index] = index

    def choose_index(self, length: int, shown: IntArray) -> int:
        """Ask for the index of the image looked at, from 0 to length - 1.

        It begins with the first of the indices shown, if there is one.
        """
        first = int(shown[0]) if len(shown) else 0
        self.look_at(min(st.session_state.get(self.index, first), length - 1))
        return st.number_input(
            "Index",
            0,
            length - 1,
            step=1,
            key=self.index,
            persist_state="session",
            width=INDEX,
        )
