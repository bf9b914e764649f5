"""The data of a build beside those of a deployed model: which files differ, and what the columns hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.wording import NOTHING, about, size
from agent.summaries import LARGE
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import DataSet
    from agent.summaries import ColumnSummary, ColumnValues, DataSetSummary, Drift


_LEAST = 0.001
"""Smaller indices are not told apart."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """How many files differ; bytes are of what is new, and of what is gone, changed files included."""

    added: int
    removed: int
    changed: int
    unchanged: int
    added_bytes: int
    removed_bytes: int


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A data set now and in the release before, None where that has none; ``files`` None where nobody knows them."""

    now: DataSet
    before: DataSet | None
    files: Files | None = None
    rows: int | None = None

    @property
    def told(self) -> str:
        """What became of it, as a sentence without its end."""
        if self.before is None:
            return "new"
        if self.before.digest == self.now.digest:
            return "unchanged data"
        return ", ".join(_told(self.files)) if self.files else "changed; which files, is not known any more"

    @property
    def changed(self) -> bool:
        """Whether it is another version than before."""
        return self.before is None or self.before.digest != self.now.digest


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """All data sets; ``release`` is the one that they are compared with, empty without one."""

    environment: str
    release: str
    sets: tuple[Compared, ...]
    summaries: tuple[DataSetSummary, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all of the data are those of the release."""
        return bool(self.release) and not any(one.changed for one in self.sets)


def _told(files: Files) -> Iterator[str]:
    for number, what in ((files.added, "added"), (files.removed, "removed"), (files.changed, "changed")):
        if number:
            yield f"{counted(number, 'file')} {what}"
    yield f"{size(files.added_bytes)} new, {size(files.removed_bytes)} gone"
    if files.unchanged:
        yield f"{counted(files.unchanged, 'file')} as before"


def drifted(summary: DataSetSummary) -> Sequence[ColumnSummary]:
    """The columns that have drifted, the farthest first."""
    return sorted(summary.drifted, key=lambda column: -column.index)


def others(summary: DataSetSummary) -> Sequence[ColumnSummary]:
    """All the other columns, in their order."""
    return [column for column in summary.columns if not column.has_drifted]


def degree(drift: Drift) -> str:
    """How far that is, in a word; empty where it does not matter."""
    if not drift.matters:
        return ""
    return "large" if drift.index >= LARGE else "noticeable"


def index_in_words(drift: Drift) -> str:
    """Its index, as exact as it means anything."""
    return about(drift.index) if drift.index >= _LEAST else f"< {_LEAST:g}"


def values_in_words(values: ColumnValues | None) -> str:
    """What a column holds, in a few words."""
    if values is None:
        return NOTHING
    if values.mean is not None:
        spread = f" ± {about(values.deviation)}" if values.deviation is not None else ""
        return f"{about(values.mean)}{spread}"
    if values.most:
        return ", ".join(f"{one.value} {percent(one.share)}" for one in values.most)
    return f"about {values.distinct} different"


def percent(share: float) -> str:
    """A share in hundredths; three digits where it is less than one of a hundred."""
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.2g} %"
