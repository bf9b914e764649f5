"""The image of `docker/byo`, built as its guide says for machines without a network, and containers of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.engine import PYTHON, build_image, debian_image
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from docker import DockerClient

NAME = "modelyard-tests/byo"
USED = ("docker/byo", "requirements/byo.txt", "requirements/build.txt", ".dockerignore")


def base_image() -> str:
    """What stands for `python:3.11-slim`."""
    return debian_image(*PYTHON, "python3-venv")


def build(engine: DockerClient, folder: Path) -> str:
    """Build the image in a copy of what it is made of, without a network, and answer its name."""
    for name in USED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    for lock in ("byo", "build"):
        fetch(folder / f"requirements/{lock}.txt", folder / "wheelhouse")
    build_image(
        engine,
        folder,
        dockerfile="docker/byo/Dockerfile",
        tag=NAME,
        network_mode="none",
        buildargs={"BASE_IMAGE": base_image(), "REVISION": "0" * 40},
    )
    return NAME


def fetch(lock: Path, wheelhouse: Path) -> None:
    """Download the wheels of a lock file for the image's Python."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--python-version=3.11"]
    subprocess.run([*command, "--require-hashes", "--requirement", lock, "--dest", wheelhouse], check=True)
