"""Reads what there is to tell of a build's data: which files differ from those of a release, and what columns hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.aws.objects import parse_location
from agent.data.difference import difference
from agent.data.store import Store
from agent.errors import DamagedError, InputMissingError
from agent.report.data import Compared, DataReport, Files
from agent.report.lineage import data_of
from agent.report.outcome import text
from agent.summaries import Summaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.artifacts import DataSet
    from agent.ledger.ledger import Ledger
    from agent.report.outcome import StageOutcome
    from agent.report.past import Past, PastRelease
    from agent.summaries import DataSetSummary


def told_data(outcomes: Sequence[StageOutcome], release: str, past: Past | None, ledger: Ledger) -> DataReport | None:
    """Of a build that made ``release``, if any; None without data, and where there is nothing to say of them.

    InputMissingError where a document is gone that a result names, ValueError where it cannot be understood.
    """
    now, summaries = data_of(outcomes), _summaries(outcomes, ledger)
    before = _before(past, release)
    if not now or (before is None and not summaries):
        return None
    known = before.release.data if before and before.release else {}
    store, rows = Store(objects=ledger.objects, bucket=ledger.bucket), {one.name: one.rows for one in summaries}
    return DataReport(
        environment=past.environment if past and before else "",
        release=before.deployment.release if before else "",
        sets=tuple(_compared(data, known, store, rows.get(name)) for name, data in now.items()),
        summaries=summaries,
    )


def _before(past: Past | None, release: str) -> PastRelease | None:
    """The newest deployment of another release than the build's own."""
    done = reversed(past.done) if past else ()
    return next((one for one in done if one.release is not None and one.deployment.release != release), None)


def _compared(now: DataSet, known: Mapping[str, DataSet], store: Store, rows: int | None) -> Compared:
    before = known.get(now.name)
    files = _files(before, now, store) if before is not None and before.digest != now.digest else None
    return Compared(now=now, before=before, files=files, rows=rows)


def _files(before: DataSet, now: DataSet, store: Store) -> Files | None:
    """By the records of both versions, which may be gone while the release still names the data."""
    try:
        found = difference(store.record(before.digest), store.record(now.digest))
    except (InputMissingError, DamagedError):
        return None
    return Files(**found.model_dump(exclude={"files"}))


def _summaries(outcomes: Sequence[StageOutcome], ledger: Ledger) -> tuple[DataSetSummary, ...]:
    address = next((text(one.result, "summaries") for one in outcomes if one.step_name == "check_data"), "")
    if not address:
        return ()
    where = parse_location(address)
    document = ledger.objects.read(where.bucket, where.key)
    if document is None:
        raise InputMissingError(f"{address} is gone, which says what the data of this build hold")
    return Summaries.model_validate_json(document.body).data
