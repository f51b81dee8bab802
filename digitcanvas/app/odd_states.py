"""Passes over what no browser of ours sends as a widget's value: another type, or a number that is
none.

Streamlit hands such values to the page, and keeps them: that session would fail at every run.
"""

import math
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import Serialized, WStates

SAME = {"int_value": "double_value", "int_array_value": "double_array_value"}
"""A widget for numbers may send whole ones as such."""

_get = WStates.__getitem__


def pass_over() -> None:
    """From now on such a widget has the value that it has at first."""
    WStates.__getitem__ = _get_if_it_fits  # type: ignore[method-assign]


def _get_if_it_fits(states: WStates, key: str) -> Any:
    state, metadata = states.states.get(key), states.widget_metadata.get(key)
    try:
        if (
            isinstance(state, Serialized)
            and metadata
            and not fits(state.value, metadata.value_type)
        ):
            raise ValueError
        return _get(states, key)
    except KeyError:
        raise
    except Exception:  # a deserializer of Streamlit's, for which there is no such value
        raise KeyError(key) from None


def fits(state: WidgetState, kind: str | None) -> bool:
    """Whether a widget of this kind ("bool_value") may have such a state.

    An empty state has no kind, nor has a widget that was emptied, until the page shows it again.
    """
    given = state.WhichOneof("value")
    if given and kind and SAME.get(given, given) != SAME.get(kind, kind):
        return False
    match given:
        case "double_value":
            return math.isfinite(state.double_value)
        case "double_array_value":
            return all(map(math.isfinite, state.double_array_value.data))
    return True
