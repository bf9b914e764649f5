"""Looks at the folders of a run's data while the run gets ready to ask for them: reading takes most of the time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.data.sources import files_at
from agent.data.version import version

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

    from agent.config.model import DataSource
    from agent.data.version import Version
    from agent.looks import Looks
    from agent.ports.time import Clock


def look_ahead(looks: Looks, sources: Mapping[str, DataSource], *, bucket: str, folder: Path) -> None:
    """Begin to look at the sources that are paths of the model repository in ``folder``.

    Whoever scans them finds what was seen (:class:`agent.data.snapshot.Snapshots`); what is wrong with one is found
    again then, and told.
    """
    for name, source in sources.items():
        if source.path is not None:
            look = partial(_look, bucket=bucket, name=name, path=source.path, folder=folder)
            looks.begin(sight(bucket, name, source), look)


def sight(bucket: str, name: str, source: DataSource) -> Hashable:
    """What a look at the source ``name`` is filed under, for a version in ``bucket``."""
    return (bucket, name, source.model_dump_json())


def _look(clock: Clock, *, bucket: str, name: str, path: str, folder: Path) -> Version:
    seen = version(bucket, files_at(name, path, folder=folder, clock=clock), name)
    _ = seen.digest  # so that it is known, too
    return seen
