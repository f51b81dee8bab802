"""The server's log on standard error: one form for all that writes to it, and bounded in a flood.

DIGITCANVAS_LOG=json gives a JSON object a line, for programs that collect logs: "time" in UTC,
"level", "logger", "message" and, if there is one, "traceback".
"""

import json
import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime

from streamlit import logger as streamlit_logger

LOG = "DIGITCANVAS_LOG"
"""The variable that chooses the form: json, or lines to read."""

PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"

MOST, WITHIN = 5, 60.0
"""Records of one place in the code that are written within so many seconds."""

PLACES = 500
"""Places whose records are counted, at most."""

LONGEST = 10_000
"""Characters of a message or a traceback, at most."""


class JsonLines(logging.Formatter):
    """A record as a JSON object in one line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage()[:LONGEST],
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)[-LONGEST:]
        return json.dumps(fields)


class Bounded(logging.Filter):
    """Lets MOST records of a place pass WITHIN so many seconds; the next says how many did not."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, int], tuple[float, int]] = OrderedDict()
        """When a place's time began, and how many records it has had since."""

    def filter(self, record: logging.LogRecord) -> bool:
        place, now = (record.pathname, record.lineno), time.monotonic()
        with self._lock:
            began, count = self._seen.get(place, (now, 0))
            left_out = 0
            if now - began > WITHIN:
                began, left_out, count = now, max(count - MOST, 0), 0
            self._seen[place] = began, count + 1
            self._seen.move_to_end(place)
            if len(self._seen) > PLACES:
                self._seen.popitem(last=False)
        if left_out:
            record.msg = f"{record.getMessage()} ({left_out} like this were left out)"
            record.args = ()
        return count < MOST


class _ToStandardError(logging.StreamHandler):
    """Writes to what is standard error by then: it may be another one than at the start."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


_handler = _ToStandardError()
_handler.addFilter(Bounded())


def set_up() -> None:
    """Have all loggers write by one handler: ours, Streamlit's and the server's (uvicorn)."""
    is_json = os.environ.get(LOG, "").strip().lower() == "json"
    _handler.setFormatter(JsonLines() if is_json else logging.Formatter(PLAIN))
    if _handler not in logging.root.handlers:
        logging.root.addHandler(_handler)
    vars(streamlit_logger)["setup_formatter"] = _hand_on  # for its loggers that are made later
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("streamlit", "uvicorn", "websockets"):
            _hand_on(logging.getLogger(name))
        if name.partition(".")[0] == "uvicorn":  # below that it tells of every connection
            logging.getLogger(name).setLevel(logging.WARNING)


def _hand_on(logger: logging.Logger) -> None:
    """Have a logger write by the root's handler instead of its own."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True
