"""What several test files share: models, data where there are any, a browser and the app."""

import gc
import os
import shutil

import pytest
from hypothesis import settings

from digitcanvas import Recognizer
from digitcanvas.data.mnist import Mnist, load_mnist
from digitcanvas.data.pen import PenDigits, load_pen_digits
from digitcanvas.data.unipen import Unipen, load_unipen
from digitcanvas.reading import registry
from tests.apptest import FakeJobs, open_session
from tests.browser.driver import chromium, serve

settings.register_profile("any machine", deadline=None)  # a busy one fails no test for its speed
settings.load_profile("any machine")

# Only the tests that ask for them see them: the others count what their runs learn from
PEN = os.environ.pop("DIGITCANVAS_PEN", os.environ.get("TEST_PEN", ""))
UNIPEN = os.environ.pop("DIGITCANVAS_UNIPEN", os.environ.get("TEST_UNIPEN", ""))
os.environ |= {"TEST_PEN": PEN, "TEST_UNIPEN": UNIPEN}  # for the processes that do the tests
os.environ.pop("DIGITCANVAS_MNIST_WRITERS", None)
for name in ("DIGITCANVAS_DATABASE", "DIGITCANVAS_STORE"):  # no test fills somebody's store
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items):
    """The slow files come first, so that the processes end at about the same time."""

    def is_fast(item):
        return not any(item.get_closest_marker(name) for name in ("browser", "training"))

    items.sort(key=is_fast)


def pytest_collection_finish():
    """What is loaded by now stays: to look through it for garbage takes half a second each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", params=["cnn", "mlp"])
def recognizer(request) -> Recognizer:
    return Recognizer.load(request.param)


@pytest.fixture(scope="session")
def cnn() -> Recognizer:
    return Recognizer.load("cnn")


@pytest.fixture(scope="session")
def mnist() -> Mnist:
    if not os.environ.get("DIGITCANVAS_MNIST"):
        pytest.skip("needs all of MNIST: set DIGITCANVAS_MNIST to an mnist.npz")
    return load_mnist()


@pytest.fixture(scope="session")
def pen() -> PenDigits:
    if not PEN:
        pytest.skip("needs the pen strokes: set DIGITCANVAS_PEN to a UNIPEN file")
    return load_pen_digits(PEN)


@pytest.fixture(scope="session")
def unipen() -> Unipen:
    if not UNIPEN:
        pytest.skip("needs drawings of many devices: set DIGITCANVAS_UNIPEN to their folder")
    return load_unipen(UNIPEN)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty place for retrained models."""
    monkeypatch.setenv("DIGITCANVAS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def page(home):
    """A session without a browser, before its first run."""
    return open_session()


@pytest.fixture
def jobs(page, monkeypatch):
    """Stands in for the training process, where there are no pen drawings."""
    jobs = FakeJobs()
    monkeypatch.setattr("digitcanvas.app.parts.shared_runs.jobs", lambda: jobs)
    return jobs


@pytest.fixture
def broken(tmp_path_factory, monkeypatch):
    """A copy of the shipped models, to break."""
    models = tmp_path_factory.mktemp("models")
    for name in ("cnn", "mlp"):
        shutil.copytree(registry.SHIPPED / name, models / name)
    monkeypatch.setattr(registry, "SHIPPED", models)
    return models


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("home")) as app:
        yield app
