"""The documentation as MkDocs builds it, and the notebook in it."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from digitcanvas.reading import registry
from docs.hooks.notebook import NOTEBOOK, ROOT, run


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, built with warnings as errors. The notebook is run for it."""
    target = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", target]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def test_every_cell_of_the_notebook_shows_what_it_gives(site):
    page = (site / "notebook" / "index.html").read_text()
    codes = [cell for cell in cells() if cell["cell_type"] == "code"]
    shown = unescape(re.sub("<[^>]*>", "", page))
    assert all("".join(cell["source"]) in shown for cell in codes)
    parameters = registry.read_card(registry.find("cnn")).parameters
    for words in (f"{parameters:,} parameters", "95 % interval", "MLP, bent"):
        assert words in shown
    (sure,) = re.findall(r"\(7, '(.*? %)', ", shown)
    assert f"{sure} sure" in shown
    charts = sum("go.Figure" in "".join(cell["source"]) for cell in codes)
    assert page.count("Plotly.newPlot") == charts > 2


def test_the_site_loads_nothing_from_elsewhere(site):
    """Neither fonts nor scripts nor counters: it is read offline, and tells nobody who reads it."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text()
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc="([^"]*)"', text)
        loaded += re.findall(r'<link[^>]*rel="(?:stylesheet|icon|preconnect)"[^>]*>', text)
        assert loaded
        assert not [address for address in loaded if re.search('(^|")(https?:)?//', address)], page


def cells():
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


def test_the_notebook_is_kept_without_outputs():
    for cell in cells():
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_a_cell_that_fails_is_not_passed_over():
    with pytest.raises(ZeroDivisionError):
        run("1 / 0", {})
    with pytest.raises(NameError):
        run("missing = nothing", {})


def test_a_cell_gives_what_it_prints_and_its_last_value():
    names = {}
    assert run("two = 2\nprint(two)\ntwo + 1", names) == ("2\n", 3)
    assert run("three = two + 1", names) == ("", None) and names["three"] == 3


LINK = re.compile(r'!?\[[^\]]*\]\(([^)\s]+)\)|<img src="([^"]+)"')


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "models/README.md"]
)
def test_links_outside_the_documentation_lead_somewhere(name):
    """MkDocs checks its own pages."""
    page = ROOT / name
    for groups in LINK.findall(page.read_text()):
        link = "".join(groups)
        path, _, anchor = link.partition("#")
        if not path.startswith("http"):
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
