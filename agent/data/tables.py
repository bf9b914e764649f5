"""Fetches a data set that is to be read as a table: files that are all CSV or all Parquet, and not too large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.data.manifest import objects_of
from agent.data.names import name_and_sha256
from agent.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from agent.artifacts import DataSet
    from agent.ports.objects import Objects
    from agent.ports.reporter import Reporter

_GB = 10**9


@dataclass(frozen=True, kw_only=True)
class FetchedFiles:
    """A data set on this machine: its files in order, and what they are called in it."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]


def fetch_table(data: DataSet, folder: Path, objects: Objects, report: Reporter) -> FetchedFiles:
    """Fetch every file; UsageError for one that is of another form than the first, and where there is none."""
    from agent.statistics.tables import SUFFIXES

    report.doing(f"fetching {data.name} ({data.files} files, {data.size / 1e6:.1f} MB)")
    paths, names = list["Path"](), list[str]()
    for number, at in enumerate(objects_of(data, objects)):
        suffix = next((suffix for suffix in SUFFIXES if at.key.endswith(suffix)), None)
        if suffix is None or (paths and paths[0].suffix != suffix):
            raise UsageError(
                f"the data set {data.name} holds {at}: gates read data sets of files that are "
                f"all {' or all '.join(SUFFIXES)}, and no others are summarized; a custom gate can judge what it likes"
            )
        paths.append(folder / f"{data.digest[:12]}-{number}{suffix}")
        names.append(name_and_sha256(at.key)[0])
        objects.download(at.bucket, at.key, paths[-1])
    if not paths:
        raise UsageError(f"the data set {data.name} ({data.manifest}) has no files")
    return FetchedFiles(paths=tuple(paths), names=tuple(names))


def refuse_what_is_too_large(data: DataSet, largest_gb: int, gate: str | None) -> None:
    """UsageError for a data set that the agent may not fetch for a gate of that kind, or for a summary."""
    if data.size <= largest_gb * _GB:
        return
    whose = "its summary" if gate is None else f"the gate of kind {gate} that judges it"
    otherwise = "" if gate is None else ", or judge it by a custom gate"
    raise UsageError(
        f"the data set {data.name} has {data.size / _GB:.1f} GB, more than `largest_gb: {largest_gb}` of {whose}; "
        f"raise that if the agent has room{otherwise}"
    )
