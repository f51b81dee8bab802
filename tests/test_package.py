"""What the package declares, and what is in it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import digitcanvas
from tests.browser.driver import free_port

ROOT = Path(__file__).parent.parent


FILES = ["requirements-serve.txt", "requirements.txt", "requirements-dev.txt"]


def lines_of(name):
    """What a file of requirements lists itself: not what another file lists, and no comment."""
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if not line.startswith(("-r ", "#"))]


def requirements(name):
    """The requirements in a file, without their reasons."""
    return [line.partition("#")[0].strip() for line in lines_of(name)]


def test_the_package_needs_what_the_files_of_requirements_list():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == requirements("requirements-serve.txt")
    assert project["optional-dependencies"]["train"] == requirements("requirements.txt")


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_has_a_floor_and_a_reason(name):
    lines = lines_of(name)
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w-]+(\[\w+\])?>=[\d.]+(,<[\d.]+)?(; .+?)?  # .+", line), line


def test_each_file_of_requirements_holds_the_one_before():
    for fewer, more in pairwise(FILES):
        assert (ROOT / more).read_text().startswith(f"-r {fewer}\n")


@pytest.mark.parametrize(
    ("python", "system", "machine", "names"),
    [
        ("3.11", "linux", "x86_64", ["ai-edge-litert", "tensorflow-cpu"]),
        ("3.13", "linux", "aarch64", ["ai-edge-litert", "tensorflow"]),
        ("3.12", "darwin", "arm64", ["ai-edge-litert", "tensorflow"]),
        ("3.13", "win32", "AMD64", ["ai-edge-litert", "tensorflow"]),
        ("3.14", "linux", "x86_64", ["ai-edge-litert"]),
        ("3.14", "win32", "AMD64", ["ai-edge-litert"]),
        ("3.13", "darwin", "x86_64", []),
    ],
)
def test_each_machine_is_asked_for_what_there_is_for_it(python, system, machine, names):
    """Where something is missing, the app says so at its start, in place of pip."""
    place = {"python_version": python, "sys_platform": system, "platform_machine": machine}
    needed = [
        Requirement(line)
        for name in ("requirements-serve.txt", "requirements.txt")
        for line in requirements(name)
    ]
    for_it = [need.name for need in needed if not need.marker or need.marker.evaluate(place)]
    heavy = re.compile("ai-edge-litert|tensorflow.*")
    assert [name for name in for_it if heavy.fullmatch(name)] == names


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_a_wheel_holds_the_models_the_sample_the_scripts_and_the_types(wheel):
    assert wheel.name == f"digitcanvas-{digitcanvas.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    models = {
        f"digitcanvas/models/{model}/{file}"
        for model in ("cnn", "mlp")
        for file in ("card.json", "model.keras", "model.tflite")
    }
    assert models < names
    assert {"digitcanvas/py.typed", "digitcanvas/data/mnist_sample.npz"} < names
    assert "digitcanvas/data/store/migrations/versions/v0001_drawings.py" in names
    scripts = {str(path.relative_to(ROOT)) for path in (ROOT / "digitcanvas").rglob("*.js")}
    assert scripts and scripts < names
    assert not any(name.startswith(("tests", "models")) for name in names)
    assert "Requires-Python: <3.14,>=3.11" in text


@pytest.fixture
def installed(wheel, tmp_path):
    """The environment of a process that finds the wheel unpacked, and not this checkout.

    It has the dependencies of this environment; CI installs the wheel into a fresh one.
    """
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    names = ("PYTHONPATH", "XDG_DATA_HOME")
    return dict(zip(names, (str(tmp_path / "site"), str(tmp_path / "data")), strict=True))


def test_a_wheel_reads_a_picture_from_another_folder(installed, tmp_path):
    code = """if True:
        import numpy as np
        from digitcanvas import Recognizer
        from digitcanvas.reading import registry
        picture = np.full((60, 60), 255, np.uint8)
        picture[10:50, 28:32] = 0
        print(Recognizer.load("mlp").predict_image(picture).digit)
        print(registry.SHIPPED, registry.home())
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=installed,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    models = tmp_path / "site" / "digitcanvas" / "models"
    assert done.stdout.split() == ["1", str(models), str(tmp_path / "data" / "digitcanvas")]


def models_of(port):
    """The names of the models that an app on this port serves; None as long as none does."""
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/api/models") as answer:
            return [model["name"] for model in json.load(answer)]
    except OSError:
        return None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_a_wheel_serves_the_app_until_ctrl_c(installed, tmp_path):
    """From another folder, and as the checkout does: with its settings."""
    port = free_port()
    command = [sys.executable, "-m", "digitcanvas", "run", "--headless", f"--port={port}"]
    log = tmp_path / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=installed, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        while (models := models_of(port)) is None:
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        assert models == ["cnn", "mlp"]
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.wait()
    said = log.read_text()
    assert f"Local URL: http://localhost:{port}" in said and "Network URL: http" in said
    assert "usage statistics" not in said  # .streamlit/config.toml switches them off


INTEL_MAC_HERE = (
    "import platform; platform.system = lambda: 'Darwin'; platform.machine = lambda: 'x86_64'"
)
INTEL_MAC = (
    "digitcanvas does not run on Intel Macs, for which LiteRT has no packages: "
    "use a Mac with an Apple chip, Linux or Windows."
)


def start(before=""):
    """Run the door as a program, after this code."""
    code = f"import runpy, sys; {before}; runpy.run_path('streamlit_app.py', run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("pass", "Start digitcanvas with: streamlit run streamlit_app.py"),
        (
            "sys.version_info = type('V', (tuple,), {'major': 3, 'minor': 14})((3, 14))",
            "digitcanvas runs on Python 3.11, 3.12 and 3.13, and this is Python 3.14: "
            "make a virtual environment with one of those.",
        ),
        (
            INTEL_MAC_HERE,
            INTEL_MAC,
        ),
        (
            "sys.modules['streamlit'] = None",
            "digitcanvas needs streamlit: run pip install -r requirements.txt, then retry.",
        ),
    ],
)
def test_a_start_that_must_fail_says_in_one_line_what_to_do(before, line):
    done = start(before)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line + "\n")


@pytest.mark.parametrize(
    "call",
    [
        "sys.argv = ['-m', 'models']; runpy.run_module('digitcanvas', run_name='__main__')",
        "sys.argv = ['/usr/bin/digitcanvas', 'models']; from digitcanvas.__main__ import main",
        r"sys.argv = ['digitcanvas.exe', 'models']; from digitcanvas.__main__ import main",
    ],
)
def test_the_shell_says_so_too(call):
    code = f"import runpy, sys; {INTEL_MAC_HERE}; {call}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", INTEL_MAC + "\n")


def test_a_program_of_others_meets_an_import_error():
    code = f"""if True:
        {INTEL_MAC_HERE}
        try:
            import digitcanvas
        except ImportError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, INTEL_MAC + "\n", "")
