"""Wheels for an image, fetched outside of it: its build needs no network, no compiler and no index of its own."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.images.lock import exclusive
from agent.images.pip import run_pip
from agent.images.requirements import machine, read_lock, target_environment

if TYPE_CHECKING:
    from pathlib import Path

    from agent.images.requirements import LockedRequirement, LockFile

_FORMAT = 1
_OLDEST_FIRST = ("manylinux2014", "manylinux2010", "manylinux1", *(f"manylinux_2_{glibc}" for glibc in range(17, 37)))
"""Which glibc an image has is not known, so the wheel for the oldest is preferred; 2.36 is Debian 12's."""


def wheelhouse(requirements: Path, *, python: str, platform: str, cache: Path) -> Path:
    """The folder in ``cache`` with exactly the wheels that a hash-locked ``requirements`` file asks for.

    ``python`` is a version (``3.11``) and ``platform`` one of Docker's (``linux/amd64``): those of the image, whatever
    this machine is. The folder is filled once for each content; whoever else needs it, thread or process, waits.

    UsageError for a requirement without a hash; InputMissingError where the index lacks a wheel or has another;
    TemporaryError where it does not answer; UserCodeFailedError for what else pip refuses.
    """
    lock = read_lock(requirements)
    home = cache / wheelhouse_key(requirements.read_bytes(), python=python, platform=platform)
    if not home.is_dir():
        with exclusive(cache / f".{home.name}.lock"):
            if not home.is_dir():
                partial = home.with_name(f".{home.name}.partial")
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
                _fill(partial, lock, requirements, python, platform)
                partial.rename(home)
    return home


def wheelhouse_key(requirements: bytes, *, python: str, platform: str) -> str:
    """The sha256 over what decides which wheels there are."""
    _check_python(python)
    made_of = [_FORMAT, hashlib.sha256(requirements).hexdigest(), python, platform]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def _fill(folder: Path, lock: LockFile, origin: Path, python: str, platform: str) -> None:
    environment = target_environment(python, platform)
    wanted = [requirement for requirement in lock.requirements if requirement.wanted(environment)]
    if wanted:
        listed = folder.with_suffix(".txt")
        listed.write_text("\n".join((*lock.options, *(requirement.line() for requirement in wanted), "")))
        try:
            run_pip(
                _download(listed, folder, python, platform), f"wheels of {origin} for Python {python} on {platform}"
            )
        finally:
            listed.unlink()
    _check_complete(folder, wanted, origin)


def _download(requirements: Path, folder: Path, python: str, platform: str) -> list[str]:
    """The file is complete, so pip looks for no dependencies: it would ask their markers of its own Python."""
    processor = machine(platform)
    platforms = [f"{name}_{processor}" for name in (*_OLDEST_FIRST, "linux")]
    return [
        "download",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={python}",
        *(f"--platform={name}" for name in platforms),
        f"--dest={folder}",
        f"--requirement={requirements}",
    ]


def _check_complete(folder: Path, wanted: list[LockedRequirement], origin: Path) -> None:
    found = [path.name for path in folder.iterdir()]
    if len(found) != len(wanted):
        names = ", ".join(sorted(requirement.requirement.name for requirement in wanted))
        raise UsageError(
            f"{origin} asks for {len(wanted)} distributions ({names}) and got {len(found)}; name each once"
        )


def _check_python(python: str) -> None:
    if not re.fullmatch(r"3\.\d+", python):
        raise UsageError(f"{python!r} is not a version of Python such as 3.11; set `image.python`")
