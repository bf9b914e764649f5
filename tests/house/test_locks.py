"""What is installed is what was reviewed: the lock files pin all that pyproject.toml declares, with hashes."""

from __future__ import annotations

import re
import tomllib
from configparser import ConfigParser
from itertools import combinations
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.sources import ROOT

REQUIREMENTS = ROOT / "requirements"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS: dict[str, list[Any]] = PROJECT["dependency-groups"]
BASE: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
RUNTIME = BASE + EXTRAS["cloud"] + EXTRAS["jenkins"]


def group(name: str) -> list[str]:
    """The requirements of a dependency group, with those of the groups it includes."""
    own = [entry for entry in GROUPS[name] if isinstance(entry, str)]
    included = [entry["include-group"] for entry in GROUPS[name] if isinstance(entry, dict)]
    return own + [requirement for other in included for requirement in group(other)]


LOCKS: dict[str, list[str]] = {
    "tox": group("tox"),
    "lock": group("lock"),
    "build": group("build"),
    "agent": BASE + EXTRAS["engine"] + EXTRAS["hosts"] + EXTRAS["statistics"],
    "demo": RUNTIME + EXTRAS["statistics"] + group("examples"),
    "test": RUNTIME + EXTRAS["hosts"] + EXTRAS["statistics"] + group("test") + group("byo-test"),
    "lint": RUNTIME + EXTRAS["hosts"] + EXTRAS["statistics"] + group("lint") + group("byo-test"),
    "byo": group("byo"),
    "sdk": RUNTIME + group("sdk"),
    "bench": RUNTIME + EXTRAS["statistics"] + group("bench"),
}


def entries(lock: str) -> list[str]:
    """The pins of a lock file, each with its marker and hashes on one line."""
    text = (REQUIREMENTS / f"{lock}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def pins(lock: str) -> dict[str, set[str]]:
    """The versions pinned for each package; two where Python versions need different ones."""
    versions: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split("--hash", maxsplit=1)[0])
        versions.setdefault(canonicalize_name(requirement.name), set()).update(
            specifier.version for specifier in requirement.specifier
        )
    return versions


def test_every_lock_file_is_known() -> None:
    assert {path.stem for path in REQUIREMENTS.glob("*.txt")} == LOCKS.keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_what_is_declared(lock: str) -> None:
    pinned = pins(lock)
    stale = [
        declared
        for declared in map(Requirement, LOCKS[lock])
        if not any(declared.specifier.contains(one) for one in pinned.get(canonicalize_name(declared.name), ()))
    ]
    assert not stale, f"run `tox run -e lock`: requirements/{lock}.txt lacks {', '.join(map(str, stale))}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    unhashed = [entry for entry in entries(lock) if not re.search(r"==\S+.*--hash=sha256:[0-9a-f]{64}", entry)]
    assert entries(lock)
    assert unhashed == []


@pytest.mark.parametrize(("one", "other"), list(combinations(["agent", "demo", "test", "lint", "bench"], 2)))
def test_environments_agree_on_versions(one: str, other: str) -> None:
    left, right = pins(one), pins(other)
    assert {name: left[name] for name in left.keys() & right.keys() if left[name] != right[name]} == {}


def test_every_environment_of_tox_has_its_lock() -> None:
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    environments = {name.removeprefix("testenv:") for name in tox.sections() if name.startswith("testenv:")}
    own_lock = {name for name in environments if not tox.has_option(f"testenv:{name}", "deps")} - {".pkg"}
    assert own_lock <= LOCKS.keys()
