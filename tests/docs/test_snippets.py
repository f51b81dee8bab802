"""The snippets in the README and the documentation: what can run in a test does.

Python runs as it stands, a page's blocks one after the other. A shell's commands run where they are
short. Where they are long, their arguments are parsed and the files and options that they name must
exist. Those that change the machine, such as `git push`, are only known by name. A command that is
not known here fails.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from streamlit import config
from streamlit.runtime.state.query_params import EMBED_QUERY_PARAM
from streamlit.testing.v1 import AppTest
from streamlit.web import bootstrap

from digitcanvas.__main__ import _parser, main
from digitcanvas.data.mnist import MnistMissing
from digitcanvas.data.store import open_store
from digitcanvas.drawing.files import write_drawings
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.shell.run import PORT
from tests.app.test_api import served
from tests.apptest import png, publish
from tests.browser.driver import INSTALL
from tests.digits import DIGITS

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "models/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
DISTRIBUTION = tomllib.loads((ROOT / "pyproject.toml").read_text())


@dataclass(frozen=True)
class Snippet:
    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets() -> Iterator[Snippet]:
    """The fenced blocks, without the indentation of a list that they stand in."""
    fence = re.compile(r"^( *)```(.*)\n((?:.*\n)*?)\1```$", re.MULTILINE)
    for page in PAGES:
        text = page.read_text()
        for found in fence.finditer(text):
            indent, language, block = found.groups()
            line = text.count("\n", 0, found.start()) + 1
            yield Snippet(page, line, language, re.sub(f"^{indent}", "", block, flags=re.M))


SNIPPETS = list(snippets())


def commands(wanted: Callable[[str], bool]) -> list:
    """The shell's commands, without comments: a line with && holds several."""
    return [
        pytest.param(command, id=f"{snippet}:{command:.60}")
        for snippet in SNIPPETS
        if snippet.language in ("sh", "powershell")
        for line in snippet.text.replace("\\\n", "").splitlines()
        for command in re.split(" && |; ", re.sub(r"(^| {2,})#.*", "", line).strip())
        if command and wanted(command)
    ]


def of(language: str) -> list:
    return [pytest.param(s, id=str(s)) for s in SNIPPETS if s.language == language]


def test_every_block_is_of_a_kind_that_is_checked():
    kinds = {"python", "sh", "powershell", "json", "toml", "nginx", "html", "text"}
    assert {snippet.language for snippet in SNIPPETS} <= kinds
    for page in PAGES:
        fences = re.findall("^ *```", page.read_text(), re.MULTILINE)
        assert len(fences) == 2 * sum(snippet.page == page for snippet in SNIPPETS), page


@pytest.fixture
def folder(tmp_path, monkeypatch, home):
    """A reader's folder, with pictures, drawings kept and not, and a model; and only the sample."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("digitcanvas.data.mnist.find_mnist", nowhere)
    for name in ("photo.jpg", "scan.png", "scans/1.png", "scans/2.png"):
        Path(name).parent.mkdir(exist_ok=True)
        picture = cv2.imdecode(np.frombuffer(png(3), np.uint8), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(name, picture)
    write_drawings("drawings.npz", [Drawing(DIGITS[7], 7, writer=1)])
    publish(home, "mine")
    with open_store(home) as store:
        room = store.rooms.open("ID", "Class 3").id
        store.drawings.keep("ID", DIGITS[7], None, 16, told=7, room=room)
    return tmp_path


def nowhere(_path, _on_progress):
    raise MnistMissing("MNIST is not here.")


# Python


def pages_with_python() -> list:
    return [page for page in PAGES if any(s.page == page for s in python_of(page))]


def python_of(page: Path) -> list[Snippet]:
    return [s for s in SNIPPETS if s.page == page and s.language == "python"]


def is_app(snippet: Snippet) -> bool:
    return "import streamlit" in snippet.text


@pytest.mark.parametrize("page", pages_with_python(), ids=lambda page: page.name)
def test_python_runs_and_prints_what_its_comments_say(page, folder, capsys):
    names: dict = {}
    for snippet in python_of(page):
        if not is_app(snippet):
            exec(compile(snippet.text, str(snippet), "exec"), names)
            said = re.findall(r"^ *print\(.*\)  # (.*)", snippet.text, re.MULTILINE)
            assert capsys.readouterr().out.splitlines() == said


@pytest.mark.parametrize("snippet", [s for s in of("python") if is_app(s.values[0])])
def test_an_app_runs_as_printed(snippet, monkeypatch):
    page = AppTest.from_string(snippet.text).run(timeout=30)
    assert not page.exception and not page.title

    report = json.loads((ROOT / "tests/drawing/edited_drawing.json").read_text())
    canvas = type("Canvas", (), {"json_data": report})
    stub = type(sys)("streamlit_drawable_canvas")
    stub.st_canvas = lambda **options: canvas
    monkeypatch.setitem(sys.modules, stub.__name__, stub)
    page = AppTest.from_string(snippet.text).run(timeout=30)
    assert not page.exception
    assert re.fullmatch(r"\d, .* % sure", page.title[0].value)


# Shells


@pytest.fixture(scope="module")
def address():
    with served() as address:
        yield address


@pytest.mark.parametrize("command", commands(lambda command: not command.startswith("curl ")))
def test_a_command_works(command, folder):
    for pattern, check in CHECKS.items():
        if found := re.fullmatch(pattern, command):
            check(*found.groups())
            return
    pytest.fail(f"nothing here knows how to check {command!r}")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("command", commands(lambda command: command.startswith("curl ")))
def test_the_api_answers(command, folder, address):
    command = command.replace("localhost:8501", address)
    done = subprocess.run(["sh", "-c", f"{command} --fail --noproxy '*'"], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert "error" not in json.loads(done.stdout)


def run_digitcanvas(arguments: str) -> None:
    """For real, if it takes a moment; else only as far as its arguments are understood."""
    words = shlex.split(arguments)
    try:
        if words[:1] and words[0] in ("train", "tune", "find-rate", "reproduce", "run"):
            _parser().parse_args(words)
        else:
            assert main(words) == 0
    except SystemExit as end:  # --help, --version
        assert not end.code


def check_requirements(arguments: str) -> None:
    """What pip and uv install: files that there are, or this package with extras that it has."""
    extras = DISTRIBUTION["project"]["optional-dependencies"]
    words = iter(shlex.split(arguments))
    for word in words:
        if word == "-r":
            assert (ROOT / next(words)).is_file()
        elif found := re.fullmatch(r"(?:digitcanvas|\.)(?:\[([\w,]+)\])?", word):
            assert not found[1] or set(found[1].split(",")) <= set(extras)
        else:
            assert word in ("jupyterlab",), f"{word!r} is not known to be installed"


def check_streamlit(script: str, options: str) -> None:
    assert (ROOT / script).is_file()
    known = config.get_config_options()
    for option in shlex.split(options):
        assert option.removeprefix("--").partition("=")[0] in known


def check_pytest(arguments: str) -> None:
    """The options and the markers exist."""
    words = shlex.split(arguments)
    options = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert options <= options_of_pytest()
    lines = DISTRIBUTION["tool"]["pytest"]["ini_options"]["markers"]
    known = {line.partition(":")[0] for line in lines} | {"not", "and", "or"}
    for option, value in pairwise(words):
        assert option != "-m" or set(value.split()) <= known


@cache
def options_of_pytest() -> set[str]:
    help = [sys.executable, "-m", "pytest", "--help", "--noconftest"]
    done = subprocess.run(help, cwd=ROOT, capture_output=True)
    return set(re.findall(r"(?<=[ ,])--?\w[\w-]*", done.stdout.decode()))


def check_module(name: str, _arguments: str = "") -> None:
    assert find_spec(name)


def check_script(name: str) -> None:
    assert name in json.loads((ROOT / "package.json").read_text())["scripts"]


def check_file(path: str) -> None:
    assert (ROOT / path).is_file()


def check_port(port: str) -> None:
    """The one that a container listens on."""
    assert re.search(rf"\b{port}\b", (ROOT / "deploy/Dockerfile").read_text())


def check_copied(paths: str) -> None:
    """A Space gets what the Dockerfile copies."""
    assert set(paths.split()) == copied()


def copied() -> set[str]:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    return set(re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE))


def check_binaries(patterns: str) -> None:
    """Git LFS gets all files of what is copied that are not text, and no others."""
    listed = subprocess.run(
        ["git", "ls-files", *copied()], cwd=ROOT, capture_output=True, text=True
    )
    files = [ROOT / line for line in listed.stdout.splitlines()]
    binary = {f"*{file.suffix}" for file in files if b"\0" in file.read_bytes()}
    assert set(shlex.split(patterns)) == binary


def is_program(name: str, *_arguments: str) -> None:
    assert shutil.which(name), f"there is no program {name!r}"


def check_ray(command: str, options: str) -> None:
    help = subprocess.run(["ray", command, "--help"], capture_output=True, text=True).stdout
    known = set(re.findall(r"--[\w-]+", help))
    assert {option.partition("=")[0] for option in shlex.split(options)} <= known


def as_it_stands(*_found: str) -> None:
    """A line that changes the machine, or another one."""


WAYS = r'(?:uvx --from (?:\.|"\.\[train\]") |python -m )?'
"""To call our command: where it is installed, or out of a checkout."""

CHECKS: dict[str, Callable[..., None]] = {
    rf"{WAYS}digitcanvas ?(.*?)(?: > \w+\.csv)?": run_digitcanvas,
    r"(?:uv pip|pipx?) install (.*)": check_requirements,
    r"(?:\w+=\S+ )?streamlit run (\S+) ?(.*)": check_streamlit,
    r"uv run --no-project streamlit run (\S+) ?(.*)": check_streamlit,
    r"pytest ?(.*)": check_pytest,
    r"python -m (tests\.[\w.]+) ?(.*)": check_module,
    r"npm run (\w+)": check_script,
    r"(pre-commit|ruff|mkdocs|lint-imports|mypy) ?(.*)": is_program,
    r"npm ci|git clone .*|cd digitcanvas": as_it_stands,
    r"python3? -m venv \.venv|\. \.venv/bin/activate|uv venv.*": as_it_stands,
    r"py -3\.13 -m venv \.venv|\.venv\\Scripts\\activate": as_it_stands,
    r"docker build -f (\S+) -t digitcanvas(?:-ray)? \.": check_file,
    r"kubectl apply -f (\S+)": check_file,
    r"ray (\w+) ?(.*)": check_ray,
    r"(?:\w+=\S+ )*docker compose --file (\S+) up --build": check_file,
    r"docker run -p (\d+):\1 digitcanvas": check_port,
    r"git archive HEAD (.+) \| tar -x -C \.\./space": check_copied,
    r"cp (\S+) \.\./space/\w+(?:\.\w+)?": check_file,
    r"git lfs track (.+)": check_binaries,
    r"git lfs install|git add --all|git commit .*|git push": as_it_stands,
    re.escape(INSTALL): as_it_stands,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_beside_figures_exist(page):
    for name, arguments in re.findall(r"`python -m ([\w.]+) ?([^`]*)`", page.read_text()):
        words = shlex.split(arguments)
        if name != "digitcanvas":
            check_module(name)
        elif len(words) > 1:
            _parser().parse_args(words)
        else:
            with pytest.raises(SystemExit, match="^0$"):
                _parser().parse_args([*words, "--help"])


# Settings


@pytest.mark.parametrize("snippet", of("toml"))
def test_settings_are_ones_that_streamlit_has(snippet):
    known = config.get_config_options()
    for section, values in tomllib.loads(snippet.text).items():
        assert {f"{section}.{name}" for name in values} <= set(known)


@pytest.mark.parametrize("snippet", of("nginx"))
def test_a_proxy_is_set_for_the_app(snippet):
    lines = snippet.text.split("\n")
    assert all(line.strip()[-1:] in ("", ";", "{", "}") for line in lines)
    depth = list(accumulate(line.count("{") - line.count("}") for line in lines))
    assert min(depth) == depth[-1] == 0
    assert f"proxy_pass http://127.0.0.1:{PORT};" in snippet.text
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    limit = settings["server"]["maxUploadSize"]
    assert f"client_max_body_size {limit}m;" in snippet.text


@pytest.mark.parametrize("snippet", of("html"))
def test_a_frame_shows_what_the_proxy_serves_as_streamlit_embeds_it(snippet):
    source = urlsplit(re.search(' src="([^"]+)"', snippet.text)[1])
    (proxy,) = of("nginx")
    assert f"server_name {source.hostname};" in proxy.values[0].text
    assert source.query == f"{EMBED_QUERY_PARAM}=true"


@pytest.mark.parametrize("snippet", of("text"))
def test_what_the_app_prints_is_what_streamlit_prints(snippet):
    printed = Path(bootstrap.__file__).read_text()
    labels = re.findall(r"^ *(.+): http", snippet.text, re.MULTILINE)
    assert labels and all(f'"{label}"' in printed for label in labels)


@pytest.mark.parametrize("snippet", of("json"))
def test_json_is_json(snippet):
    json.loads(snippet.text)
