"""How a result came about that a build found there already is read from the record that it was recalled from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.ledger.ledger import Ledger
from agent.ledger.records import StepRecord
from agent.pipeline.worked import worked_before
from agent.report.build import Worked
from agent.report.page import pages
from tests import builds
from tests.fakes import MemoryObjects

BEGAN = datetime(2026, 11, 20, 9, tzinfo=UTC)
URL = "https://jenkins.example/job/tumour/41/"


def ledger() -> Ledger:
    """One that knows of a training, which took more than four minutes."""
    found = Ledger(MemoryObjects(), "bucket")
    ended = BEGAN + timedelta(seconds=262)
    record = StepRecord(
        step="train", key="c" * 64, run="run-41", who="ada", build_url=URL, inputs={}, result={},
        started=BEGAN, ended=ended,
    )  # fmt: skip
    found.finish(record)
    return found


def test_what_was_recalled_tells_when_it_was_work() -> None:
    outcomes = [
        builds.outcome("train", {"model": {}}, recalled=True),
        builds.outcome("prepare", {"data": {}}, recalled=True),
        builds.outcome("evaluate", {"evaluation": {}}),
    ]
    assert worked_before(outcomes, ledger()) == {"train": Worked(seconds=262, run="run-41", url=URL)}


def test_nobody_asks_about_what_was_done_or_had_nothing_to_do() -> None:
    objects = MemoryObjects()
    outcomes = [builds.outcome("train", {"model": {}}), builds.outcome("prepare", recalled=True)]
    assert worked_before(outcomes, Ledger(objects, "bucket")) == {}
    assert objects.calls == []


def test_the_page_names_the_run_beside_what_was_there_already() -> None:
    from dataclasses import replace

    report = builds.report([builds.outcome("train", {"model": {}}, recalled=True)])
    page = pages(replace(report, worked={"train": Worked(seconds=262, run="run-41", url=URL)}))["index.html"].decode()
    assert f'was there already</span> <small>4 min 22 s in <a href="{URL}">run-41</a></small>' in page
