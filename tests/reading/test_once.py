import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from digitcanvas.reading.once import once


def test_what_many_threads_ask_for_is_made_once_and_when_it_is_asked_for():
    made = []

    def make():
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    get = once(make)
    assert made == []
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: get(), range(8)))
    assert len(made) == 1 and all(one is made[0] for one in given)


def test_what_cannot_be_made_is_tried_again():
    tries = []

    def make():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return "made"

    get = once(make)
    with pytest.raises(ValueError, match="not yet"):
        get()
    assert get() == "made"
