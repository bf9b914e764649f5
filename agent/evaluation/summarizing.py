"""Makes a data set's summary: what its columns hold, and how far each is from the version before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.summaries import ColumnSummary, ColumnValues, DataSetSummary, Drift, Share
from agent.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.artifacts import DataSet
    from agent.statistics.describing import Described, Moved, Values
    from agent.statistics.tables import Table
    from agent.summaries import Earlier

_LONGEST = 40
"""How many characters of a value, or of a range, are kept."""
_MOST_BINS = 12
"""How many bins are kept of a column; all others are one."""


def summarized(
    data: DataSet, table: Table, before: Table | None, earlier: Earlier | None, columns: Sequence[str]
) -> DataSetSummary:
    """Of a data set on this machine; ``before`` is the version that ``earlier`` names, None where it is the same.

    UnusablePredictionsError where one of the tables cannot be read.
    """
    from agent.statistics.describing import describe, moved

    now = describe(table, columns)
    then = None if before is None else describe(before, columns)
    drifts = {} if before is None or then is None else moved((before, table), (then, now), columns)
    return DataSetSummary(
        name=data.name,
        digest=data.digest,
        rows=now.rows,
        columns=tuple(
            ColumnSummary(
                name=name,
                now=_values(values, now.rows),
                before=_values(then.columns[name], then.rows) if then and name in then.columns else None,
                drift=_drift(drifts[name]) if name in drifts else None,
            )
            for name, values in now.columns.items()
        ),
        left_out=now.left_out,
        gone=_gone(now, then),
        earlier=earlier and earlier.model_copy(update={"rows": then.rows if then else None}),
    )


def in_words(found: DataSetSummary) -> str:
    """Its size, and which columns have drifted."""
    size = f"{found.rows} rows, {len(found.columns) + found.left_out} columns"
    if found.earlier is None:
        return size
    where = found.earlier.environment
    if found.earlier.digest == found.digest:
        return f"{size}, the same data as in {where}"
    moved = ", ".join(f"{column.name} ({column.index:.3g})" for column in found.drifted)
    return f"{size}; drifted from those of {where}: {moved or 'none'}"


def _gone(now: Described, then: Described | None) -> tuple[str, ...]:
    if then is None or now.left_out:
        return ()
    return tuple(name for name in then.columns if name not in now.columns)


def _values(values: Values, rows: int) -> ColumnValues:
    of = max(rows, 1)
    return ColumnValues(
        type=values.type,
        missing=values.missing / of,
        distinct=values.distinct,
        mean=values.mean,
        deviation=values.deviation,
        least=values.least,
        greatest=values.greatest,
        most=tuple(Share(value=shortened(value, _LONGEST), share=count / of) for value, count in values.most),
    )


def _drift(found: Moved) -> Drift:
    """With the bins that hold most rows, in their order; what is left is the last one."""
    totals = sum(found.before), sum(found.now)
    shares = [(one / totals[0], other / totals[1]) for one, other in zip(found.before, found.now, strict=True)]
    largest = sorted(range(len(shares)), key=lambda place: -max(shares[place]))
    kept = sorted(largest[:_MOST_BINS])
    bins, held = [shortened(found.bins[place], _LONGEST) for place in kept], [shares[place] for place in kept]
    if len(kept) < len(shares):
        rest = [shares[place] for place in largest[_MOST_BINS:]]
        bins.append(f"{len(rest)} others")
        held.append((sum(one for one, _ in rest), sum(other for _, other in rest)))
    return Drift(
        index=found.index,
        chance=found.chance,
        bins=tuple(bins),
        before=tuple(one for one, _ in held),
        now=tuple(other for _, other in held),
    )
