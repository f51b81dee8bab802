"""A tour on a browser's first visit, step by step (tour.js). It runs nothing of Streamlit."""

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


def show(can_train: bool) -> None:
    """The tour, whose last step is about training where this server can do that."""
    _tour(data={"canTrain": can_train}, key=Key.TOUR)
