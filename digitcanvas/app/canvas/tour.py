"""A tour of four steps on a browser's first visit (tour.js). It runs nothing of Streamlit."""

from pathlib import Path

from digitcanvas.app import assets
from digitcanvas.app.state import Key

_tour = assets.component(
    "digitcanvas.tour",
    Path(__file__).with_name("tour.js"),
    html="""
    <section class="tour" aria-label="Tour" hidden>
      <p role="status"></p>
      <button type="button" class="next"></button>
      <button type="button" class="skip">Skip</button>
    </section>
    <button type="button" class="around" hidden>Show me around</button>
    """,
    css=Path(__file__).with_name("tour.css").read_text(),
    isolate_styles=False,
)


def show() -> None:
    _tour(key=Key.TOUR)
