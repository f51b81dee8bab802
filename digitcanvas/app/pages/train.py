"""Train: how networks learned, beside each other, and a learning rate for the next one."""

from pathlib import Path

import streamlit as st

from digitcanvas.app import roles, state
from digitcanvas.app.parts import (
    follower,
    layers,
    plot,
    run_panel,
    shared_models,
)
from digitcanvas.app.sidebar import form_recipe
from digitcanvas.app.state import Key
from digitcanvas.figures import charts
from digitcanvas.reading.cards import Card
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.words import duration, percent
from digitcanvas.runs import process
from digitcanvas.runs.estimate import seconds_to_find_rate
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import RateSearch

TRAINING = "how it was trained"
"""The head of the first column, which no network can be called: names have no spaces."""

UNKNOWN = "unknown"
"""What an old card does not say."""


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. Without a recognizer there are no layers to show."""
    st.html(Path(__file__).with_name("wide.css"))
    st.header("How networks learn", anchor=False)
    invitation = "Press *Retrain* in the sidebar, and watch a network learn here. "
    st.markdown(
        f"{'' if process.training_needs() else invitation}In each epoch a network sees every "
        "training digit once, and after each batch it adjusts its parameters a little, so that the "
        "loss falls."
    )
    run_panel.show()
    _curves()
    _find_rate()
    if recognizers:
        layers.show(st.session_state[Key.MODEL])


@st.fragment
def _find_rate() -> None:
    st.subheader("Find a learning rate", anchor=False)
    st.markdown(
        "A network learns slowly if the rate is too low, and not at all if it is too high. This "
        "trains the form's network briefly, at 80 rates, each higher than the last. Good rates lie "
        "just below the one with the lowest loss."
    )
    recipe = form_recipe.watch()
    if needs := process.training_needs():
        st.info(needs, icon=":material/download:")
    else:
        _show_button(recipe)
    if recipe:
        with st.expander("The layers of the form's network"):
            layers.show_table(layer_table(recipe))
    else:
        st.caption("Fix the form in the sidebar first.")


def _show_button(recipe: Recipe | None) -> None:
    """Start a search for this recipe when pressed. Disabled without one, as _find_rate tells."""
    if refused := roles.training():
        st.caption(refused)
        return
    if st.button("Find the rate", key=Key.FIND_RATE, disabled=not recipe) and recipe:
        try:
            run_panel.start(RateSearch(recipe))
        except JobError as error:
            st.error(str(error), icon=":material/warning:")
        else:
            st.rerun()
    if recipe:
        estimate = duration(seconds_to_find_rate(recipe))
        st.caption(f"About {estimate} on this machine, on a part of MNIST's digits.")


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
        disabled=not cards,
    )
    can_train = not process.training_needs()
    if not names:
        if cards:
            st.info("Choose a network above to see how it learned.")
        else:
            how = " Press *Retrain* in the sidebar to train one." if can_train else ""
            st.info(f"There is no network to show.{how}")
        return
    chosen = {shared_models.label(name): cards[name] for name in names}
    histories = {name: card.history for name, card in chosen.items() if any(card.history.values())}
    if histories:
        plot.show(charts.history_chart(histories), key=Key.HISTORIES)
        st.caption(
            "Dotted: training digits. Solid: validation digits. A network that keeps improving on "
            "the dotted line alone is learning by heart. Augmentation and dropout make the "
            "training digits harder to read, so their accuracy can be the lower one."
        )
    if missing := [name for name in chosen if name not in histories]:
        how = " Train it again to see its curves." if can_train else ""
        st.info(f"The card of {' and '.join(missing)} does not say how it learned.{how}")
    facts = {name: _facts(card) for name, card in chosen.items()}
    st.table(
        {TRAINING: list(next(iter(facts.values())))}
        | {name: list(about.values()) for name, about in facts.items()},
        width="content",
    )


def _facts(card: Card) -> dict[str, str]:
    recipe = card.recipe
    return {
        "learned from": _sources(card),
        "epochs": str(recipe.get("epochs", UNKNOWN)),
        "batch size": str(recipe.get("batch_size", UNKNOWN)),
        "optimizer": recipe.get("optimizer", UNKNOWN),
        "learning rate": f"{recipe.get('learning_rate', UNKNOWN)}",
        "before training": _measured(card.untrained),
        "after training": _measured(card.test),
        "time": duration(card.seconds),
    }


def _sources(card: Card) -> str:
    """The data that the network learned from, not those that it was only measured on."""
    drawings = {"pen": "pen drawings", "unipen": "UNIPEN", "room": "the room's drawings"}
    mnist = card.data.get("mnist", {})
    learned = [name for key, name in drawings.items() if card.data.get(key, {}).get("train")]
    if mnist.get("train") != 0:
        learned = [mnist.get("name", UNKNOWN), *learned]
    return ", ".join(learned)


def _measured(metrics: dict) -> str:
    """Accuracy and loss on the test set; old cards have none of before training."""
    if not metrics:
        return UNKNOWN
    return f"{percent(metrics['accuracy'], 2)}, loss {metrics['loss']:.4f}"
