"""The packages of a bill of materials (CycloneDX), in rows for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.sbom.store import packages_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TITLES = ("PACKAGE", "VERSION", "KIND", "LICENCE")


def package_rows(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Name, version, kind (as package-url has it) and licence of each package, by name."""
    return sorted(map(_row, packages_in(document)))


def _row(package: Mapping[str, Any]) -> tuple[str, str, str, str]:
    name = "/".join(filter(None, (package.get("group"), package["name"])))
    kind = str(package.get("purl", "")).removeprefix("pkg:").partition("/")[0]
    return name, str(package.get("version", "-")), kind, ", ".join(_licences(package)) or "-"


def _licences(package: Mapping[str, Any]) -> Iterator[str]:
    for told in package.get("licenses", ()):
        named = told.get("license", {})
        yield str(told.get("expression") or named.get("id") or named.get("name"))
