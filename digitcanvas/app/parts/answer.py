"""The answer: the digit and how sure, what the network saw, and the ten probabilities.

The page's script (answer.js) paints it, from what the live socket says or from a reply given here.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from digitcanvas.app import assets
from digitcanvas.app.parts import plot
from digitcanvas.app.reply import Reply
from digitcanvas.app.state import Key
from digitcanvas.figures.charts import comparison_chart, probability_chart

LIVE = 'role="status" aria-live="polite" aria-atomic="true"'

SAW = "what the network saw"

_answer = assets.component(
    "digitcanvas.answer",
    Path(__file__).with_name("answer.js"),
    html=f"""
    <div class="answer">
      <div class="st-key-{Key.PREDICTION}" {LIVE}></div>
      <div class="st-key-{Key.COMPARISON}" {LIVE}></div>
      <figure class="st-key-{Key.MODEL_VIEW}" hidden>
        <img alt="{SAW}"><figcaption>{SAW}</figcaption>
      </figure>
      <div class="st-key-{Key.DIGITS}" role="group" aria-label="The number's digits" hidden></div>
      <div class="st-key-{Key.TRAIL}"></div>
    </div>
    """,
    isolate_styles=False,
)

_logits = assets.component(
    "digitcanvas.logits",
    Path(__file__).with_name("logits.js"),
    html='<table class="logits"></table>',
    isolate_styles=False,
)


def show(labels: Sequence[str], invitation: str, reply: Reply | None = None) -> None:
    """The answers of the networks of these labels, and below them the chart.

    They follow the drawing, unless a reply to something else is given. The invitation is shown
    while there is nothing to answer.
    """
    _answer(data={"invitation": invitation, "reply": reply}, key=Key.ANSWER)
    nothing = np.zeros(10, np.float32)
    if len(labels) > 1:
        figure = comparison_chart(dict.fromkeys(labels, nothing))
    else:
        figure = probability_chart(nothing)
    figure["layout"] = {name: value for name, value in figure["layout"].items() if name != "height"}
    plot.show(figure, key=Key.PROBABILITIES, follows="bars")


def show_logits() -> None:
    """The first network's logits, as a table."""
    _logits(key=Key.LOGIT_TABLE)
