"""Your hand: it asks for digits one after another, and shows how networks read them."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import streamlit as st

from digitcanvas.app import hands, live_drawing, state, visitor
from digitcanvas.app.canvas import canvas, companion
from digitcanvas.app.literal import literal
from digitcanvas.app.parts import asking, run_panel, shelf
from digitcanvas.app.sidebar import hand as sidebar
from digitcanvas.app.state import Key
from digitcanvas.data.store import NO_DIGIT, Hand, Kept, StoreError
from digitcanvas.reading.hand_report import HandReport, Row, report_on_hand
from digitcanvas.reading.recognizer import Recognizer

OFF = (
    "You have switched off *Keep what I tell on this server*: switch it on again to teach it "
    "your hand."
)

MEASURED = (
    "Each drawing is read by a hand that learned from others alone, so that nothing it knows by "
    "heart counts. With so few drawings, one more or less is chance."
)

TWICE = "Draw a digit twice, and you see here what the network makes of it once it knows your hand."


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. The recognizers, by label, are those of the networks chosen in the sidebar."""
    st.html(Path(__file__).with_name("hand.css"))
    try:
        _show(recognizers)
    except StoreError as error:
        st.warning(str(error), icon=":material/warning:")
    run_panel.show()


def _show(recognizers: dict[str, Recognizer]) -> None:
    token = visitor.token()
    if visitor.token_in(st.context.cookies) is None:
        st.warning(live_drawing.NO_COOKIE, icon=":material/warning:")
        return
    if not recognizers:
        st.error("No network can be used. Restore `models/`, then reload the page.")
        return
    own = hands.need_store().hands.of(token)
    hand = next((hand for hand in own if hand.is_on), own[-1] if own else None)
    told = tuple(hands.need_store().drawings.of_hand(hand.id)) if hand else ()
    _teach(hand, Counter(one.told for one in told), list(recognizers))
    if hand and told:
        with st.container(key=Key.TAUGHT):
            report, drawings = st.container(), st.container()
        with drawings:
            st.subheader("What it was told", anchor=False)
            st.caption(sidebar.TAUGHT)
            shelf.show(told, Key.SHELF)
        with report:
            _report(recognizers, literal(hand.name), told)
    if not own:
        sidebar.show_settings()
        with st.expander("Do you have a hand in a file?"):
            sidebar.show_import()


def _teach(hand: Hand | None, counts: Counter[int | None], labels: Sequence[str]) -> None:
    with st.container(key=Key.TEACHING):
        with st.container():
            canvas.show(state.session().chosen[Key.PEN_WIDTH])
            companion.show(
                state.session().chosen[Key.PEN_WIDTH], state.session().reading, True, False
            )
        with st.container(key=Key.ASKED_FOR):
            if visitor.keeps():
                asking.show(
                    hand.id if hand else None,
                    [counts[digit] for digit in range(10)],
                    _invitation(hand, counts),
                )
            else:
                st.info(OFF)


def _invitation(hand: Hand | None, counts: Counter[int | None]) -> str:
    fewest = min(counts[digit] for digit in range(10))
    if fewest >= asking.ROUNDS:
        return "It knows your hand. More rounds bring little, but do no harm."
    which = f"“{hand.name}” learns" if hand else "it learns"
    return (
        f"You draw the digits that it asks for, and {which} how you write them. Three rounds of "
        "ten are best, in little more than a minute. Stop whenever you like."
    )


def _report(recognizers: dict[str, Recognizer], name: str, told: tuple[Kept, ...]) -> None:
    """How the networks read each digit, as they came and with the hand of this name in Markdown."""
    st.subheader("How it is read", anchor=False)
    labels = sorted({one.told for one in told if one.told is not None})
    columns = {"digit": ["no digit" if label == NO_DIGIT else str(label) for label in labels]}
    columns["digit"].append("all")
    is_measured = False
    for network, recognizer in recognizers.items():
        try:
            with st.spinner(f"{network} reads what {name} has drawn …"):
                report = _read(recognizer, told)
        except ValueError as error:
            st.info(literal(f"{network}: {error}"), icon=":material/info:")
            continue
        rows = [report.row(label) for label in (*labels, None)]
        columns[f"{network} as it came"] = [_of(row.came, row) for row in rows]
        columns[f"{network} with {name}"] = [_of(row.taught, row) for row in rows]
        is_measured |= rows[-1].taught is not None
    if len(columns) > 1:
        st.table(columns, width="content")
        st.caption(MEASURED if is_measured else TWICE)


def _of(right: int | None, row: Row) -> str:
    return "–" if right is None else f"{right} of {row.count}"


@lru_cache(32)
def _read(recognizer: Recognizer, told: tuple[Kept, ...]) -> HandReport:
    return report_on_hand(recognizer, [one.drawing for one in told])
