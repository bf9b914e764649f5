"""The data of a build as its report tells of them: one set that has drifted, one that is the same, one unreadable."""

from __future__ import annotations

from agent.report.data import Compared, DataReport, Files
from agent.summaries import ColumnSummary, ColumnValues, DataSetSummary, Drift, Earlier, Share
from tests import builds

NUMBERS = ColumnValues(type="number", missing=0.0, distinct=431, mean=54.4, deviation=10.2, least=18, greatest=93)
WARDS = ColumnValues(
    type="text", missing=0.002, distinct=2, most=(Share(value="north", share=0.9), Share(value="south", share=0.098))
)
RANGES = ("-∞ to 38", "38 to 42", "42 to 46", "46 to 50", "50 to 54", "54 to 58", "58 to 62", "62 to ∞")


def columns() -> tuple[ColumnSummary, ...]:
    """An age and a ward that have drifted, an id that is not compared, and a number that is as it was."""
    age = Drift(
        index=0.1432,
        chance=1e-9,
        bins=RANGES,
        before=(0.125,) * 8,
        now=(0.05, 0.08, 0.1, 0.12, 0.14, 0.16, 0.17, 0.18),
    )
    ward = Drift(
        index=0.8789, chance=0.0, bins=("north", "south", "no value"), before=(0.5, 0.5, 0), now=(0.9, 0.098, 0.002)
    )
    same = Drift(index=0.0004, chance=0.8, bins=("0", "1"), before=(0.5, 0.5), now=(0.51, 0.49))
    held = WARDS.model_copy(update={"most": (Share(value="north", share=0.5), Share(value="south", share=0.5))})
    ids = ColumnValues(type="text", missing=0, distinct=1840)
    return (
        ColumnSummary(name="patient", now=ids, before=ids),
        ColumnSummary(name="age", now=NUMBERS, before=NUMBERS.model_copy(update={"mean": 50.1}), drift=age),
        ColumnSummary(name="ward", now=WARDS, before=held.model_copy(update={"missing": 0.0}), drift=ward),
        ColumnSummary(name="weight", now=NUMBERS, before=NUMBERS, drift=same),
        ColumnSummary(name="a_name_of_a_column_that_is_longer_than_any_phone_is_wide_" * 3, now=NUMBERS),
    )


def told() -> DataReport:
    """Beside the release that production had."""
    earlier = Earlier(environment="prod", release=builds.BEFORE, digest="b" * 64, rows=1790)
    now, same = builds.data("training", "c"), builds.data("evaluation", "e")
    before = now.model_copy(update={"digest": "b" * 64, "files": 2, "size": 98_000})
    files = Files(added=2, removed=1, changed=0, unchanged=1, added_bytes=68_000, removed_bytes=42_000)
    unreadable = "the data set texts holds s3://b/texts.jsonl: gates read data sets of files that are all `.csv`"
    return DataReport(
        environment="prod",
        release=builds.BEFORE,
        sets=(
            Compared(now=now, before=before, files=files, rows=1840),
            Compared(now=same, before=same, rows=460),
            Compared(now=builds.data("texts", "f"), before=None),
        ),
        summaries=(
            DataSetSummary(
                name="training", digest="c" * 64, rows=1840, columns=columns(), gone=("income",), earlier=earlier
            ),
            DataSetSummary(
                name="evaluation",
                digest="e" * 64,
                rows=460,
                columns=(ColumnSummary(name="age", now=NUMBERS),),
                earlier=earlier.model_copy(update={"digest": "e" * 64, "rows": None}),
            ),
            DataSetSummary(name="texts", digest="f" * 64, problem=unreadable),
        ),
    )
