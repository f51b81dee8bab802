"""What other processes do with a store. They import little, so that they start fast."""

import multiprocessing
import os

from digitcanvas.data.store import Answer, Store, StoreError
from tests.digits import DIGITS

SEVEN = Answer(7, 0.9, 0.8, False, "cnn", "run-1")
ME, YOU, SHE = "me", "you", "she"

processes = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
if os.name != "nt":
    processes.set_forkserver_preload([__name__])


def keep(store, session=ME, **more):
    return store.drawings.keep(session, DIGITS[7], SEVEN, 16, **more)


def keep_one_at_once(address, start, done):
    start.wait()
    with Store(address) as store:
        for attempt in range(10):
            try:
                done.put(keep(store))
                return
            except StoreError as error:  # on a machine so busy that another took two seconds
                assert "Try again" in str(error) and attempt < 9


def tell_without_end(address, drawing, confirmed):
    store = Store(address)
    count = 0
    while True:
        kept = keep(store)
        store.drawings.tell(kept, ME, count % 10)
        store.drawings.tell(drawing, ME, count % 10)
        confirmed.send((kept, count % 10))
        count += 1
