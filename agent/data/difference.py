"""Which files two versions of a data set do not share, from what is remembered of each: no file is read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.step import StepModel

if TYPE_CHECKING:
    from agent.data.version import VersionRecord

MOST = 100
"""How many files are named; all of them are counted."""


class FileChange(StepModel):
    """A file that differs; sizes in bytes, None in the version that does not have it."""

    name: str = Field(description="Name in the data set.")
    before: int | None = Field(description="Size in the older version.")
    after: int | None = Field(description="Size in the newer version.")


class DataDifference(StepModel):
    """How many files the newer of two versions has besides, lacks, and has with other content."""

    added: int = Field(description="Files that only the newer version has.")
    removed: int = Field(description="Files that only the older version has.")
    changed: int = Field(description="Files of both, with other content.")
    unchanged: int = Field(description="Files that are the same in both.")
    added_bytes: int = Field(default=0, description="Size of what only the newer version has, in bytes.")
    removed_bytes: int = Field(default=0, description="Size of what only the older version has, in bytes.")
    files: tuple[FileChange, ...] = Field(description=f"Those that differ, in order of their names: the first {MOST}.")


def difference(old: VersionRecord, new: VersionRecord) -> DataDifference:
    """By name and content, which both versions' manifests name."""
    before = {file.name: file for file in old.files}
    after = {file.name: file for file in new.files}
    both = before.keys() & after.keys()
    changed = {name for name in both if before[name].content != after[name].content}
    differ = sorted((before.keys() ^ after.keys()) | changed)
    was, now = ({name: file.size for name, file in each.items()} for each in (before, after))
    return DataDifference(
        added=len(after) - len(both),
        removed=len(before) - len(both),
        changed=len(changed),
        unchanged=len(both) - len(changed),
        added_bytes=sum(now[name] for name in differ if name in now),
        removed_bytes=sum(was[name] for name in differ if name in was),
        files=tuple(FileChange(name=name, before=was.get(name), after=now.get(name)) for name in differ[:MOST]),
    )
