"""Three servers on one home behind nginx, with the configuration of deploy/ and other ports."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser import driver

CONFIGURATION = driver.ROOT / "deploy/nginx.conf"
INSTALL = "apt-get update && apt-get install -y nginx-light"


class NoProxy(RuntimeError):
    """There is no nginx here; the message has the command that installs it."""


@dataclass
class Replicas:
    url: str
    apps: list[driver.App]


def configuration(folder: Path, listen: int, ports: list[int]) -> str:
    """deploy/nginx.conf for these ports of this machine, with all files in a folder."""
    text = CONFIGURATION.read_text().replace(" /tmp/", f" {folder}/")
    text = text.replace("/etc/nginx/tls", str(folder))
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{listen};")
    for number, port in enumerate(ports, 1):
        text = text.replace(f"replica-{number}:7860", f"127.0.0.1:{port}")
    for port in ("8081", "8443"):
        text = re.sub(rf"listen {port}\b", f"listen 127.0.0.1:{driver.free_port()}", text)
    return text


def nginx(folder: Path, text: str) -> list[str]:
    """The command that runs nginx with this configuration. Raises NoProxy."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        raise NoProxy(f"needs nginx: {INSTALL}")
    certificate = ["-keyout", "privkey.pem", "-out", "fullchain.pem", "-subj", "/CN=localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *certificate]
    subprocess.run(make, cwd=folder, check=True, capture_output=True)
    (folder / "nginx.conf").write_text(text)
    owner = "user root; " if folder.owner() == "root" else ""
    return [program, "-c", str(folder / "nginx.conf"), "-g", f"{owner}daemon off;"]


@contextmanager
def replicas(home: Path, folder: Path, count: int = 3) -> Iterator[Replicas]:
    """Start them, and stop them. Raises NoProxy."""
    listen, *ports = (driver.free_port() for _ in range(count + 1))
    command = nginx(folder, configuration(folder, listen, ports))
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        apps = list(pool.map(stack.enter_context, [driver.serve(home, port=p) for p in ports]))
        proxy = subprocess.Popen(command)
        stack.callback(proxy.wait)
        stack.callback(proxy.terminate)
        url = f"http://127.0.0.1:{listen}"
        driver.wait_for(lambda: driver._healthy(url), 10)
        yield Replicas(url, apps)
