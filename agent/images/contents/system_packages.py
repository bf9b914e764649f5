"""What the package managers of distributions note: dpkg's status, apk's database, and whose they are.

Sources: deb-control(5) and dpkg's `lib/dpkg/parse.c`; apk's database format (`apk-tools`, "installed"); os-release(5).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from agent.ports.contents import Package, System

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_APK_FIELDS = {"P": "name", "V": "version", "L": "license", "A": "architecture"}


def debian(content: str) -> tuple[Package, ...]:
    """The packages of `/var/lib/dpkg/status`, or the one of a file in `status.d`, that are installed."""
    return tuple(_debian(fields) for fields in _stanzas(content) if _is_installed(fields))


def alpine(content: str) -> tuple[Package, ...]:
    """The packages of apk's `installed`."""
    found = ({_APK_FIELDS.get(name, name): value for name, value in fields.items()} for fields in _stanzas(content))
    return tuple(
        Package(
            kind="apk",
            name=fields["name"],
            version=fields.get("version", ""),
            license=fields.get("license", ""),
            architecture=fields.get("architecture", ""),
        )
        for fields in found
        if fields.get("name")
    )


def system(content: str) -> System | None:
    """The distribution that an `os-release` names."""
    fields = dict(_assignments(content))
    if not fields.get("ID"):
        return None
    return System(id=fields["ID"], version=fields.get("VERSION_ID", ""), name=fields.get("PRETTY_NAME", ""))


def _debian(fields: Mapping[str, str]) -> Package:
    return Package(
        kind="deb",
        name=fields["Package"],
        version=fields.get("Version", ""),
        architecture=fields.get("Architecture", ""),
    )


def _is_installed(fields: Mapping[str, str]) -> bool:
    """A package that was removed may have left its settings, and so its stanza; files of distroless say nothing."""
    return bool(fields.get("Package")) and fields.get("Status", "installed").split()[-1:] == ["installed"]


def _stanzas(content: str) -> Iterator[Mapping[str, str]]:
    """Paragraphs of fields; a line that goes on (it starts with a blank) is of no field that matters here."""
    fields: dict[str, str] = {}
    for line in content.splitlines():
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif not line[0].isspace():
            name, _, value = line.partition(":")
            fields.setdefault(name, value.strip())
    if fields:
        yield fields


def _assignments(content: str) -> Iterator[tuple[str, str]]:
    for line in content.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            yield name, _unquoted(value)


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
