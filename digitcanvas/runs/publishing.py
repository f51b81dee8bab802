"""Publish what a run trained, for whoever does the run: again and again, until it can be."""

import errno
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digitcanvas.reading import registry
from digitcanvas.runs.run import Training

Send = Callable[[dict[str, Any]], None]
"""Tells an event of a run, as `learning.worker` has them."""

log = logging.getLogger(__name__)


def publish_patiently(
    task: Training, publish: Callable[[Path], None], send: Send, again: threading.Event
) -> str:
    """Publish by `publish`, which gets the target. Gives the model's name, or the task's output.

    The name is the task's, or with the first free number if that is taken. If the model cannot be
    written, the problem is sent, and it waits until `again` is set.
    """
    while True:
        again.clear()
        name = registry.free_name(task.name)
        target = Path(task.output) if task.output else registry.home() / name
        try:
            publish(target)
        except Exception as error:  # TensorFlow has an exception of its own for a full disk
            log.warning("publishing failed: %s", error)
            if not task.output and registry.free_name(name) != name:  # taken meanwhile
                continue
            send({"problem": _explain(error, target.parent)})
            again.wait()
        else:
            return task.output or name


def _explain(error: Exception, place: Path) -> str:
    if os.strerror(errno.ENOSPC) in str(error):
        return f"The disk is full: free some space where {place} is, then try again."
    return f"The model could not be written ({error}). Fix that, then try again."
