"""The server's log: its form, and its bounds."""

import json
import logging
import sys

import pytest

from digitcanvas.app import logs


def record(line=1, **more):
    args = {"name": "a", "level": logging.WARNING, "pathname": "x.py", "lineno": line}
    return logging.LogRecord(**args | {"msg": "It is %s", "args": ("so",), "exc_info": None} | more)


def test_a_record_is_a_json_object_in_a_line():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        line = logs.JsonLines().format(record(exc_info=sys.exc_info()))
    fields = json.loads(line)
    assert "\n" not in line and fields["message"] == "It is so" and fields["level"] == "WARNING"
    assert "ValueError" in fields["traceback"]


def test_a_flood_of_the_same_is_cut_and_told(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    bounded = logs.Bounded()
    assert sum(bounded.filter(record()) for _ in range(1000)) == logs.MOST
    assert bounded.filter(record(line=2))
    now[0] += logs.WITHIN + 1
    later = record()
    assert bounded.filter(later)
    assert later.getMessage() == f"It is so ({1000 - logs.MOST} like this were left out)"


def test_places_are_forgotten_in_the_end():
    bounded = logs.Bounded()
    for line in range(2 * logs.PLACES):
        bounded.filter(record(line=line))
    assert len(bounded._seen) == logs.PLACES


@pytest.mark.parametrize("name", ["streamlit.runtime", "uvicorn.error"])
def test_the_libraries_write_by_the_same_handler(name, monkeypatch, capsys):
    monkeypatch.setenv(logs.LOG, "json")
    logger = logging.getLogger(name)
    logger.addHandler(logging.StreamHandler())
    logger.propagate = False
    try:
        logs.set_up()
        logger.error("Broken")
        logging.getLogger("uvicorn.error").info("connection open")
    finally:
        logging.root.removeHandler(logs._handler)
    assert json.loads(capsys.readouterr().err)["logger"] == name
