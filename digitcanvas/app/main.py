"""What all pages share: the set-up, the sidebar and the navigation."""

from pathlib import Path

import streamlit as st

from digitcanvas import __version__
from digitcanvas.app import hands, link
from digitcanvas.app.pages import data, draw, evaluate, hand, train, tune, wall
from digitcanvas.app.sidebar import form_recipe, lead, network_switch, training_form
from digitcanvas.app.sidebar import hand as hand_switch
from digitcanvas.reading.recognizer import Recognizer

ABOUT = (
    f"digitcanvas {__version__} reads handwritten digits with small neural networks that you can "
    "retrain. Your drawings and pictures go to the server that runs it, and nowhere else. "
    "The page's address keeps what you chose: bookmark it, or send it to somebody. Programs read "
    "digits by [the API](api)."
)


def show() -> None:
    """Run the sidebar, then the page that the person has chosen."""
    st.set_page_config(page_title="digitcanvas", page_icon="✏️", menu_items={"About": ABOUT})
    st.html(Path(__file__).with_name("page.css"))
    link.follow()
    recognizers = _sidebar()
    pages = [
        st.Page(lambda: draw.show(recognizers), title="Draw", default=True),
        st.Page(lambda: data.show(recognizers), title="Data", url_path="data"),
        st.Page(lambda: train.show(recognizers), title="Train", url_path="train"),
        st.Page(tune.show, title="Tune", url_path="tune"),
        st.Page(lambda: evaluate.show(recognizers), title="Evaluate", url_path="evaluate"),
    ]
    if hands.keeps():
        pages.append(hand_switch.page(lambda: hand.show(recognizers)))
        pages.append(st.Page(lambda: wall.show(pages[0]), title="Wall", url_path="wall"))
    st.navigation(pages, position="top").run()
    link.show()


def _sidebar() -> dict[str, Recognizer]:
    """Gives the recognizers of the network chosen and of the one to compare it with, by label."""
    with st.sidebar:
        st.header("Network", anchor=False)
        recognizers = network_switch.show()
        hand_switch.show()
        st.header("Retrain", anchor=False)
        form_recipe.forget_watcher()
        training_form.show()
        lead.show()
    return recognizers


if __name__ == "__main__":
    show()
