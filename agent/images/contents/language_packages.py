"""What the installers of languages note: Python's metadata, conda's and npm's.

Sources: "Core metadata specifications" and "Recording installed projects" (packaging.python.org); conda's
`conda-meta/*.json`; npm's `package.json`.
"""

from __future__ import annotations

import json
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

from agent.ports.contents import Package

if TYPE_CHECKING:
    from email.message import Message

_OF_CLASSIFIERS = "License :: "
_LONGEST_NAME = 100
"""Older packages have the whole text of their licence where its name belongs."""


def python(content: str) -> tuple[Package, ...]:
    """The distribution that a `METADATA` or `PKG-INFO` is of."""
    fields = HeaderParser().parsestr(content.partition("\n\n")[0])
    name, version = str(fields.get("Name", "")).strip(), str(fields.get("Version", "")).strip()
    if not name or not version:
        return ()
    expression = str(fields.get("License-Expression", "")).strip()
    told = expression or _license(fields)
    return (Package(kind="pypi", name=name, version=version, license=told, spdx=bool(expression)),)


def conda(content: str) -> tuple[Package, ...]:
    """The package that a file of `conda-meta` is of."""
    fields = _object(content)
    return _named("conda", fields, str(fields.get("license") or ""))


def node(content: str) -> tuple[Package, ...]:
    """The package that a `package.json` below `node_modules` is of; one without a version is a folder's own note."""
    fields = _object(content)
    told = fields.get("license")
    return _named("npm", fields, str(told) if isinstance(told, str) else "")


def _named(kind: Any, fields: dict[str, Any], license_name: str) -> tuple[Package, ...]:
    name, version = fields.get("name"), fields.get("version")
    if not isinstance(name, str) or not isinstance(version, str) or not name or not version:
        return ()
    return (Package(kind=kind, name=name, version=version, license=license_name),)


def _license(fields: Message) -> str:
    named = str(fields.get("License", "")).strip()
    if named and named != "UNKNOWN" and len(named) <= _LONGEST_NAME and "\n" not in named:
        return named
    classified = [str(value) for value in fields.get_all("Classifier", ())]
    names = [value.rpartition(" :: ")[2] for value in classified if value.startswith(_OF_CLASSIFIERS)]
    return " and ".join(names)


def _object(content: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
