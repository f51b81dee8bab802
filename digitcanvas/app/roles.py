"""Who may do what. Everybody draws, and teaches a hand of their own; see docs/workshop.md.

A *visitor* does no more than that. A *participant* may also train, and manage what they trained. A
*leader* may do everything. On one's own machine everybody leads.
"""

from enum import IntEnum

import streamlit as st

from digitcanvas.app import leaders, visitor
from digitcanvas.app.leaders import leaders as all_leaders
from digitcanvas.app.parts import shared_models, shared_runs
from digitcanvas.data.store import Store, StoreError
from digitcanvas.reading import registry
from digitcanvas.runs.run import Run, Trial


class Role(IntEnum):
    VISITOR = 0
    PARTICIPANT = 1
    LEADER = 2


NETWORKS = 10
"""Networks and runs that a participant may have: a class of thirty then fills 1 GB."""

ALL = 500
"""Networks and runs of all: 2 GB. Whoever clears the cookie is somebody new, with as many again."""

ROOMS = 20
"""Open rooms that a participant may have: more than one leads, and few enough to be no flood."""


def role() -> Role:
    """That of this session's person."""
    if all_leaders.leads(visitor.token(), st.context.cookies):
        return Role.LEADER
    return Role.VISITOR if leaders.is_public() else Role.PARTICIPANT


def refusal(what: str, *, owner: str | None = None) -> str:
    """Why this session's person may not do this ("train networks"), or "" if they may.

    With an `owner`, a visitor's token, it is theirs alone, and the leaders'.
    """
    match role():
        case Role.LEADER:
            return ""
        case Role.VISITOR:
            return f"Visitors cannot {what} here: {_whom()}."
    if owner is not None and owner != visitor.token():
        return f"You can only {what} that are your own: {_whom()}."
    return ""


def leading(what: str) -> str:
    """The same for what leaders alone may do."""
    return "" if role() == Role.LEADER else f"Only leaders can {what} here: {_whom()}."


def _whom() -> str:
    return f"ask whoever {'leads' if leaders.code() else 'runs'} this server"


def training() -> str:
    """Why this session's person may not train a network, "" if they may."""
    if refused := refusal("train networks"):
        return refused
    if role() == Role.LEADER:
        return ""
    person, jobs = visitor.token(), shared_runs.jobs()
    live = [run for run in jobs.runs() if run.is_live]
    if len(set(map(_counted_as, live))) + len(registry.model_names()) >= ALL:
        return f"This server has {ALL} networks and runs, and takes no more: {_whom()}."
    runs = len({_counted_as(run) for run in live if run.owner == person})
    trained = [card.run for card in shared_models.read_cards()[0].values() if card.run]
    if runs + jobs.count_of(person, trained) >= NETWORKS:
        return f"You have {NETWORKS} networks and runs here: remove one of them first."
    return ""


def _counted_as(run: Run) -> str:
    """A study counts as one run: its trials publish nothing."""
    return run.task.study if isinstance(run.task, Trial) else run.id


def check_room(store: Store) -> None:
    """Raises StoreError if this session's person has too many open rooms to open another.

    Visitors may open none, as `refusal` says.
    """
    rooms = [room for room in store.rooms.of(visitor.token()) if not room.ended]
    if role() != Role.LEADER and len(rooms) >= ROOMS:
        raise StoreError(f"You have {ROOMS} open rooms: end one of them first.")


def managing(model: str) -> str:
    """Why this session's person may not rename or remove a model, "" if they may."""
    try:
        run = registry.read_card(registry.find(model)).run
    except registry.ModelError:
        run = ""
    return refusal("change networks", owner=shared_runs.jobs().owner(run))


def changing(run_id: str) -> str:
    """Why this session's person may not cancel a run or have it publish, "" if they may."""
    return refusal("change runs", owner=shared_runs.jobs().owner(run_id))
