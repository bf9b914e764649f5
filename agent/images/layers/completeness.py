"""Whether a lock file holds all that its wheels need, for pip does not look when it is asked for wheels only."""

from __future__ import annotations

import zipfile
from email.parser import BytesParser
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.images.requirements import LockedRequirement


def missing(
    wheels: Sequence[Path], locked: Iterable[LockedRequirement], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """What wheels say they need (``Requires-Dist``) in an ``environment`` of markers, and none of them brings."""
    present = {_name(wheel) for wheel in wheels}
    extras: dict[str, set[str]] = {canonicalize_name(one.requirement.name): one.requirement.extras for one in locked}
    found = {
        f"{needed.name} (for {_name(wheel)})"
        for wheel in wheels
        for needed in _needed(wheel, extras.get(_name(wheel), set()), environment)
        if canonicalize_name(needed.name) not in present
    }
    return tuple(sorted(found))


def _needed(wheel: Path, extras: set[str], environment: Mapping[str, str]) -> Iterator[Requirement]:
    with zipfile.ZipFile(wheel) as archive:
        named = next((name for name in archive.namelist() if name.endswith(".dist-info/METADATA")), None)
        metadata = BytesParser().parsebytes(archive.read(named)) if named else None
    for line in metadata.get_all("Requires-Dist", []) if metadata else []:
        try:
            needed = Requirement(line)
        except InvalidRequirement:
            continue
        asked = ({**environment, "extra": extra} for extra in ("", *extras))
        if needed.marker is None or any(needed.marker.evaluate(one) for one in asked):
            yield needed


def _name(wheel: Path) -> str:
    return canonicalize_name(wheel.name.partition("-")[0])
