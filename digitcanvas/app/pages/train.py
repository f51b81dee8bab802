"""Train: how networks learnt, beside each other, and the learning rate to train the next with."""

import streamlit as st

from digitcanvas.app.parts import layers, plot, run_panel
from digitcanvas.app.sidebar import network_switch, training_form
from digitcanvas.figures import charts
from digitcanvas.reading import registry
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs.estimate import seconds_to_find_rate
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.run import RateSearch


def show(recognizers: dict[str, Recognizer]) -> None:
    st.header("How networks learn", anchor=False)
    st.markdown(
        "*Retrain*, in the sidebar, trains a network; while it learns it shows here. In each epoch "
        "it sees every digit once, and turns its parameters a little so that the loss falls."
    )
    run_panel.show()
    _find_rate()
    cards, _ = network_switch.read_cards()
    _add_chosen(cards)
    _curves(cards)
    if recognizers:
        layers.show(st.session_state["model"])


def _find_rate() -> None:
    st.subheader("Find a learning rate", anchor=False)
    st.markdown(
        "Too low a rate learns slowly, too high a one jumps past what it seeks. This trains the "
        "form's network at 80 rates, each higher than the last: worth trying are those just below "
        "the one where the loss is least."
    )
    recipe = training_form.watch()
    run = run_panel.jobs().latest()
    busy = run is not None and run.is_running
    if st.button("Find the rate", key="find_rate", disabled=busy or not recipe):
        try:
            run_panel.jobs().start(RateSearch(recipe))
        except JobError as error:
            st.error(str(error), icon=":material/warning:")
        else:
            st.rerun()
    if recipe:
        estimate = run_panel.duration(seconds_to_find_rate(recipe))
        st.caption(f"About {estimate} on this machine, on a part of MNIST's digits.")
    else:
        st.caption("The form in the sidebar has to be mended first.")


def _add_chosen(cards: dict[str, registry.Card]) -> None:
    """The network that was chosen in the sidebar comes to those whose curves are shown."""
    state = st.session_state
    names, chosen = state.get("learnt", []), state.get("model")
    if chosen != state.get("learnt_with"):
        state["learnt_with"] = chosen
        names = [*names, chosen]
    state["learnt"] = [name for name in dict.fromkeys(names) if name in cards]


@st.fragment
def _curves(cards: dict[str, registry.Card]) -> None:
    st.subheader("Loss and accuracy, epoch by epoch", anchor=False)
    names = st.multiselect(
        "Networks",
        list(cards),
        key="learnt",
        persist_state="session",
        format_func=network_switch.label,
        placeholder="Choose networks to lay over each other",
    )
    if not names:
        return
    chosen = {network_switch.label(name): cards[name] for name in names}
    histories = {name: card.history for name, card in chosen.items()}
    plot.show(charts.history_chart(histories), key="histories")
    st.caption(
        "Where the digits learnt from (dotted) are read ever better and those kept to validate "
        "with are not, a network learns by heart. Bent images and dropout make learning harder, so "
        "the dotted lines can lie below the others."
    )
    st.table([_row(name, card) for name, card in chosen.items()])


def _row(name: str, card: registry.Card) -> dict[str, str]:
    recipe = card.recipe
    return {
        "network": name,
        "epochs": str(recipe.get("epochs")),
        "batch": str(recipe.get("batch_size")),
        "rate": f"{recipe.get('optimizer')}, {recipe.get('learning_rate')}",
        "before": _measured(card.untrained),
        "after": _measured(card.test),
        "took": run_panel.duration(card.seconds),
    }


def _measured(metrics: dict) -> str:
    """Accuracy and loss on the test set; cards of old do not tell those of before."""
    return f"{metrics['accuracy'] * 100:.2f} %, loss {metrics['loss']:.4f}" if metrics else ""
