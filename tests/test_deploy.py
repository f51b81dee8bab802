"""The container's files: what the Dockerfile copies is enough to serve the app."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from digitcanvas.runs.capacity import MEMORY
from tests import replicas
from tests.browser import driver

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()


@pytest.fixture
def image(tmp_path):
    """A folder with what the Dockerfile copies into the image, and nothing else of ours."""
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", DOCKERFILE, re.MULTILINE):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target)
        else:
            shutil.copy(ROOT / source, tmp_path / target)
    return tmp_path


def test_what_is_copied_is_enough_to_serve(image):
    code = """if True:
        import streamlit_app
        from digitcanvas import Recognizer
        from digitcanvas.reading import registry
        for name in registry.SHIPPED_NAMES:
            Recognizer.load(name)
        print(registry.SHIPPED, *(route.path for route in streamlit_app.server.routes()))
    """
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=image, env={}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    shipped, *paths = done.stdout.split()
    assert shipped == str(image / "models") and "/live" in paths
    assert (image / ".streamlit/config.toml").exists()


def test_nobody_is_root_there_and_its_commands_are_lists():
    lines = DOCKERFILE.splitlines()
    assert "USER visitor" in lines[: next(i for i, line in enumerate(lines) if "CMD" in line)]
    commands = re.findall(r"^(?:HEALTHCHECK )?CMD (.+)$", DOCKERFILE, re.MULTILINE)
    assert len(commands) == 2 and all(json.loads(command) for command in commands)


def test_a_space_is_told_the_port_that_the_container_listens_on():
    header = (ROOT / "deploy/space/README.md").read_text().split("---")[1]
    port = re.search(r"app_port: (\d+)", header)[1]
    assert f"EXPOSE {port}\n" in DOCKERFILE and f"${{PORT:-{port}}}" in DOCKERFILE


def test_the_proxy_takes_its_configuration(tmp_path):
    ports = [driver.free_port() for _ in range(4)]
    try:
        command = replicas.nginx(tmp_path, replicas.configuration(tmp_path, ports[0], ports[1:]))
    except replicas.NoProxy as error:
        pytest.skip(str(error))
    done = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_proxy_knows_all_replicas_and_nothing_of_theirs_is_writable():
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    names = {name for name in services if name.startswith("replica")}
    asked = re.findall(r"server (\S+):(\d+)", replicas.CONFIGURATION.read_text())
    assert {name for name, _ in asked} == names and len(names) == 3
    assert all(f"EXPOSE {port}\n" in DOCKERFILE for _, port in asked)
    assert all(services[name]["read_only"] for name in [*names, "proxy"])
    assert not any("ports" in services[name] for name in [*names, "database"])


def test_a_cluster_s_nodes_carry_whole_runs_and_its_head_none():
    spec = yaml.safe_load((ROOT / "deploy/ray.yaml").read_text())["spec"]
    assert spec["headGroupSpec"]["rayStartParams"] == {"num-cpus": "0"}
    (workers,) = spec["workerGroupSpecs"]
    for group in (spec["headGroupSpec"], workers):
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"] == "digitcanvas-ray"
    limits = container["resources"]["limits"]
    memory = int(limits["memory"].removesuffix("Gi")) * 2**30
    runs = int(limits["cpu"])
    assert runs * MEMORY <= memory * 2 / 3  # Ray takes up to a third for what it shares
    text = (ROOT / "docs/cluster.md").read_text()
    assert f"what the\nlargest cluster carries, {runs * workers['maxReplicas']} here" in text


def test_a_cluster_s_image_copies_what_there_is():
    text = (ROOT / "deploy/ray.Dockerfile").read_text()
    copied = re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE)
    assert copied and all((ROOT / name).exists() for names in copied for name in names.split())
    assert "\nUSER visitor\n" in text
