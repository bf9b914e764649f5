"""The checks cover the whole house: a new package or change that no check looks at fails here."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from tests.sources import ROOT, sources

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOOLS: dict[str, Any] = PROJECT["tool"]
PACKAGES = {path.parts[0] for path in sources() if path.name == "__init__.py" and len(path.parts) == 2} - {"tests"}


def test_every_package_is_under_the_layer_contracts() -> None:
    assert set(TOOLS["importlinter"]["root_packages"]) == PACKAGES


def test_every_package_is_shipped() -> None:
    assert set(TOOLS["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES


def test_every_package_is_type_checked() -> None:
    assert set(TOOLS["mypy"]["files"]) >= PACKAGES | {"tests"}


def test_changelog_fragments_are_named_for_a_kind_of_change() -> None:
    kinds = "|".join(TOOLS["towncrier"]["fragment"])
    fragments = [path.name for path in sources() if path.parts[0] == "changelog.d" and path.name != "README.md"]
    assert [name for name in fragments if not re.fullmatch(rf"[a-z0-9+-]+\.({kinds})\.md", name)] == []


def test_changelog_fragments_say_something() -> None:
    fragments = [path for path in sources() if path.parts[0] == "changelog.d"]
    assert [str(path) for path in fragments if len((ROOT / path).read_text().split()) < 4] == []
