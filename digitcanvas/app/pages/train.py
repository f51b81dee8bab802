"""Train: how networks learned, beside each other, and a learning rate for the next one."""

import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.parts import (
    follower,
    layers,
    plot,
    run_panel,
    shared_models,
    shared_runs,
)
from digitcanvas.app.sidebar import form_recipe
from digitcanvas.app.state import Key
from digitcanvas.figures import charts
from digitcanvas.reading.cards import Card
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs.estimate import seconds_to_find_rate
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.run import RateSearch


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. Without a recognizer there are no layers to show."""
    st.header("How networks learn", anchor=False)
    st.markdown(
        "Press *Retrain* in the sidebar, and watch a network learn here. In each epoch it sees "
        "every training digit once, and after each batch it adjusts its parameters a little, so "
        "that the loss falls."
    )
    run_panel.show()
    _find_rate()
    _curves()
    if recognizers:
        layers.show(st.session_state[Key.MODEL])


@st.fragment
def _find_rate() -> None:
    follower.show(Key.NEWS_RATE, "busy")
    st.subheader("Find a learning rate", anchor=False)
    st.markdown(
        "A network learns slowly if the rate is too low, and not at all if it is too high. This "
        "trains the form's network briefly, at 80 rates, each higher than the last. Good rates lie "
        "just below the one with the lowest loss."
    )
    recipe = form_recipe.watch()
    disabled = shared_runs.jobs().busy() is not None or not recipe
    if st.button("Find the rate", key=Key.FIND_RATE, disabled=disabled) and recipe:
        try:
            run_panel.start(RateSearch(recipe))
        except JobError as error:
            st.error(str(error), icon=":material/warning:")
        else:
            st.rerun()
    if recipe:
        estimate = shared_runs.duration(seconds_to_find_rate(recipe))
        st.caption(f"About {estimate} on this machine, on a part of MNIST's digits.")
        with st.expander("The layers of the form's network"):
            layers.show_table(layer_table(recipe))
    else:
        st.caption("Fix the form in the sidebar first.")


def _add_chosen(cards: dict[str, Card]) -> None:
    """Add the network chosen in the sidebar, once, to those whose curves are shown."""
    session, values = state.session(), st.session_state
    names, chosen = values.get(Key.LEARNT, []), values.get(Key.MODEL)
    if chosen != session.learnt_with:
        session.learnt_with = chosen
        names = [*names, chosen]
    values[Key.LEARNT] = [name for name in dict.fromkeys(names) if name in cards]


@st.fragment
def _curves() -> None:
    follower.show(Key.NEWS_CURVES, "models")
    cards, _ = shared_models.read_cards()
    _add_chosen(cards)
    st.subheader("Loss and accuracy by epoch", anchor=False)
    names = st.multiselect(
        "Networks",
        list(cards),
        key=Key.LEARNT,
        persist_state="session",
        format_func=shared_models.label,
        placeholder="Choose networks to compare",
    )
    if not names:
        return
    chosen = {shared_models.label(name): cards[name] for name in names}
    histories = {name: card.history for name, card in chosen.items()}
    plot.show(charts.history_chart(histories), key=Key.HISTORIES)
    st.caption(
        "Dotted: training digits. Solid: validation digits. A network that keeps improving on the "
        "dotted line alone is learning by heart. Augmentation and dropout make the training digits "
        "harder to read, so their accuracy can be the lower one."
    )
    st.table([_row(name, card) for name, card in chosen.items()])


def _row(name: str, card: Card) -> dict[str, str]:
    recipe = card.recipe
    return {
        "network": name,
        "epochs": str(recipe.get("epochs")),
        "batch": str(recipe.get("batch_size")),
        "rate": f"{recipe.get('optimizer')}, {recipe.get('learning_rate')}",
        "before": _measured(card.untrained),
        "after": _measured(card.test),
        "took": shared_runs.duration(card.seconds),
    }


def _measured(metrics: dict) -> str:
    """Accuracy and loss on the test set; "" if there are none, as before training in old cards."""
    return f"{metrics['accuracy'] * 100:.2f} %, loss {metrics['loss']:.4f}" if metrics else ""
