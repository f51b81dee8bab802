"""What other processes do with a store. They import little, so that they start fast."""

import multiprocessing
import os

from digitcanvas.data.store import Answer, Store, StoreError, database
from tests.digits import DIGITS

SEVEN = Answer(7, 0.9, 0.8, False, "cnn", "run-1")
ME, YOU, SHE = "me", "you", "she"

PATIENT = 30.0

processes = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
if os.name != "nt":
    processes.set_forkserver_preload([__name__])


def keep(store, session=ME, **more):
    return store.drawings.keep(session, DIGITS[7], SEVEN, 16, **more)


def be_patient():
    """In a test of what comes of waiting, and not of how long, on a machine that is busy."""
    database.PATIENCE = PATIENT


def keep_one_at_once(address, start, done):
    be_patient()
    start.wait()
    with Store(address) as store:
        done.put(keep(store))


def tell_many(address, start, done):
    be_patient()
    with Store(address) as store:
        drawing = keep(store)
        start.wait()
        problems = []
        for count in range(80):
            try:
                store.drawings.tell(drawing, ME, count % 10)
            except StoreError as error:
                problems.append(str(error))
        done.put(problems)


def tell_without_end(address, drawing, confirmed):
    be_patient()
    store = Store(address)
    count = 0
    while True:
        kept = keep(store)
        store.drawings.tell(kept, ME, count % 10)
        store.drawings.tell(drawing, ME, count % 10)
        confirmed.send((kept, count % 10))
        count += 1
