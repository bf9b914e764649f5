"""A real Docker engine for the tests that need one: the machine's own, else one that is started for them.

The engine that is started has a socket and images of its own, which are kept for the next run. Every process that uses
it holds a lock, and a keeper (``python -m tests.engine``) ends it when nobody does, however its users have ended.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import docker
from docker.errors import BuildError, DockerException

from tests.tools import leave_out, missing_packages, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.images import Image

FOLDER = Path("/var/cache/modelyard-tests")
_OURS = f"unix://{FOLDER}/docker.sock"
_START_SECONDS = 60
_LOOK_SECONDS = 1.0


@cache
def engine_host() -> str:
    """``DOCKER_HOST`` of an engine that answers; without one the running test is left out. Held until we end."""
    own = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if _answers(own):
        return own
    if os.geteuid() != 0:
        leave_out(f"no Docker engine answers at {own}, and only root can start one")
    absent = missing_packages("dockerd", "iptables")
    if absent:
        leave_out(f"no Docker engine (Debian: apt-get install {' '.join(absent)})")
    return _start()


def connect(host: str) -> DockerClient:
    """A client of the engine; image builds and pushes may take minutes."""
    return docker.DockerClient(base_url=host, timeout=300)


def build_image(engine: DockerClient, path: Path, **how: Any) -> Image:
    """Build the image of a folder, as often as its look through the cache meets images that others are removing."""
    while True:
        try:
            return engine.images.build(path=str(path), rm=True, forcerm=True, **how)[0]
        except BuildError as error:
            if "unable to find image" not in str(error):
                raise


def _answers(host: str) -> bool:
    try:
        client = docker.DockerClient(base_url=host, timeout=5)
        return bool(client.ping())
    except DockerException:
        return False


def _start() -> str:
    FOLDER.mkdir(parents=True, exist_ok=True)
    _hold(FOLDER / "users.lock", fcntl.LOCK_SH)
    with locked("start"):
        if not _answers(_OURS):
            with (FOLDER / "engine.log").open("ab") as log:
                subprocess.Popen(
                    [sys.executable, "-m", "tests.engine"],
                    cwd=Path(__file__).parent.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            _await_answer()
    return _OURS


def _await_answer() -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(_OURS):
        if time.monotonic() > deadline:
            said = "\n".join((FOLDER / "engine.log").read_text(errors="replace").splitlines()[-5:])
            leave_out(f"the Docker engine does not start here: {said}")
        time.sleep(0.2)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Do something that no other test process of this machine does at the same time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


_HELD: list[IO[str]] = []
"""Open for as long as this process lives; the system lets go of its locks when it ends."""


def _hold(path: Path, how: int) -> None:
    file = path.open("w")
    fcntl.flock(file, how)
    _HELD.append(file)


def debian_image(*packages: str) -> str:
    """The name of an image of this machine's own Debian release with these packages, made once and kept.

    It serves as ``BASE_IMAGE`` where none can be pulled. As in other Python images, pip may install into the system.
    """
    suite = _release()
    name = f"modelyard-tests/debian:{'-'.join((suite, *sorted(packages)))}"
    client = connect(engine_host())
    with locked("base-image"):
        if not client.images.list(name=name):
            require("mmdebstrap")
            _bootstrap(client, suite, packages, name)
    return name


PYTHON = ("python3", "python-is-python3", "python3-pip", "ca-certificates")


def python_image() -> str:
    """A base image with Python and pip, for those that would start from `python:3.11-slim`."""
    return debian_image(*PYTHON)


def _bootstrap(client: DockerClient, suite: str, packages: tuple[str, ...], name: str) -> None:
    archive = FOLDER / f"{os.getpid()}.tar"
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        '--essential-hook=mkdir -p "$1"/usr/share/man/man1',  # where Java's packages register their manual pages
        '--customize-hook=rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
        suite,
        str(archive),
        *_sources(),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
        repository, _, tag = name.partition(":")
        settings = ["ENV LANG=C.UTF-8", 'CMD ["bash"]']
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag, changes=settings)
    finally:
        archive.unlink(missing_ok=True)


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.partition("=")[::2] for line in lines)["VERSION_CODENAME"]


def _sources() -> tuple[str, ...]:
    """Where this machine has its own packages from."""
    modern = Path("/etc/apt/sources.list.d/debian.sources")
    return (str(modern),) if modern.exists() else ("/etc/apt/sources.list",)


def keep() -> None:
    """Run the engine until nobody holds it any more; who comes then waits until it has ended."""
    command = [
        "dockerd",
        f"--host={_OURS}",
        f"--data-root={FOLDER}/data",
        f"--exec-root={FOLDER}/exec",
        f"--pidfile={FOLDER}/docker.pid",
        "--log-level=warn",
    ]
    (FOLDER / "docker.pid").unlink(missing_ok=True)  # of an engine that was killed
    with (FOLDER / "users.lock").open("w") as users, subprocess.Popen(command) as engine:
        try:
            while engine.poll() is None and not _free(users):
                time.sleep(_LOOK_SECONDS)
        finally:
            engine.terminate()


def _free(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    keep()
