"""The agent image of the sources as they are, built once for them on an engine that cannot reach a network."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.engine import FOLDER, PYTHON, build_image, connect, debian_image, engine_host, locked
from tests.sources import ROOT, sources

if TYPE_CHECKING:
    from docker import DockerClient

DOCKERFILE = "docker/agent/Dockerfile"
LOCKS = ("requirements/agent.txt", "requirements/build.txt")
_PARTS = ("agent/", "pipeline_steps/", "docker/agent/", *LOCKS, ".dockerignore")
_FILES = ("LICENSE", "NOTICE", "README.md", "pyproject.toml")
LABELS = {"VERSION": "0.0.1", "REVISION": "f" * 40, "SOURCE": "https://git.example/modelyard", "CREATED": "2026-01-01"}


@cache
def base_image() -> str:
    """What the agent image starts from here; it brings the git that cannot be fetched while building."""
    return debian_image(*PYTHON, "git")


@cache
def agent_image() -> str:
    """The name of the image."""
    base, client = base_image(), connect(engine_host())
    files = [path for path in sources() if str(path).startswith(_PARTS) or str(path) in _FILES]
    name = f"modelyard-tests/agent:{_key(base, files)}"
    with locked("agent-image"):
        if not client.images.list(name=name):
            with TemporaryDirectory() as folder:
                context = Path(folder)
                for path in files:
                    (context / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / path, context / path)
                shutil.copytree(_wheelhouse(client, base), context / "wheelhouse")
                arguments = {"BASE_IMAGE": base, **LABELS}
                build_image(client, context, dockerfile=DOCKERFILE, tag=name, buildargs=arguments, network_mode="none")
    return name


def _key(base: str, files: list[Path]) -> str:
    digest = hashlib.sha256(f"{base} {LABELS}".encode())
    for path in files:
        mode = (ROOT / path).stat().st_mode & 0o111
        digest.update(f"{path} {mode} {hashlib.sha256((ROOT / path).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def _wheelhouse(client: DockerClient, base: str) -> Path:
    """Wheels of the lock files for the base image's Python, kept for as long as the locks are the same."""
    ask = ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    python = client.containers.run(base, ask, network_disabled=True, remove=True).decode().strip()
    locks = [ROOT / lock for lock in LOCKS]
    digest = hashlib.sha256(b"".join([python.encode(), *(lock.read_bytes() for lock in locks)])).hexdigest()[:16]
    wheels = FOLDER / f"wheels-{digest}"
    if not wheels.is_dir():
        partial = FOLDER / f"wheels-{digest}.part"
        for lock in locks:
            words = ["--require-hashes", "--only-binary=:all:", f"--python-version={python}", f"--dest={partial}"]
            command = [sys.executable, "-m", "pip", "download", "--quiet", *words, f"--requirement={lock}"]
            subprocess.run(command, check=True)
        partial.rename(wheels)
    return wheels
