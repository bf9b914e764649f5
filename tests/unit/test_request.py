"""The files between Jenkins and a step: what a request may say, and what an answer always says."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, get_args

import pytest

from agent.composition import open_repository
from agent.deployment.examination import Answers, ChecksFailedError
from agent.errors import TemporaryError, UsageError
from agent.ledger.ledger import Ledger
from agent.ledger.runs import RunRecord, keep_run, last_runs
from agent.request import (
    STATUSES,
    Status,
    StepAnswer,
    WaitingAnswer,
    failure_document,
    read_request,
    skipped_document,
    waiting_document,
)
from agent.view.step_reference import steps_page
from agent.visit import ComeAgain, Since, Visit
from tests.fakes import EPOCH, KeptReport, MemoryObjects
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from agent.request import StepRequest


def request(folder: Path, **members: object) -> StepRequest:
    file = folder / "request.json"
    file.write_text(json.dumps({"contract": 1, "step": "train", **members}))
    return read_request(file, "train")


def test_a_request_says_next_to_nothing_or_a_lot(tmp_path: Path) -> None:
    short = request(tmp_path)
    assert (short.wait_seconds, short.state, short.interrupted, short.stage) == (None, {}, False, "")
    long = request(
        tmp_path,
        stage="train",
        wait_seconds=0,
        state={"a": {"x": 1}},
        interrupted=True,
        run={"tag": "v1", "reason": "drift", "origin": "f" * 64},
    )
    assert (long.wait_seconds, long.state, long.interrupted, long.stage) == (0, {"a": {"x": 1}}, True, "train")
    assert (long.run.tag, long.run.reason, long.run.origin) == ("v1", "drift", "f" * 64)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"wait_seconds": -1}, "wait_seconds: Input should be greater than or equal to 0"),
        ({"wait_seconds": "soon"}, "wait_seconds"),
        ({"state": []}, "state: Input should be an object"),
        ({"interrupted": "perhaps"}, "interrupted"),
        ({"run": {"cause": "drift"}}, "run.cause: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_one_is_told_where(tmp_path: Path, members: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        request(tmp_path, **members)
    assert told in str(refused.value)


def test_every_answer_has_the_same_members() -> None:
    visit = Visit(budget=0)
    visit.remember("the end", Since(at=EPOCH))
    answers = [
        waiting_document("train", "k" * 64, ComeAgain(12, "it trains"), visit),
        failure_document("train", TemporaryError("busy"), interrupted=False),
        skipped_document("train"),
    ]
    assert [set(answer) >= set(StepAnswer.model_fields) for answer in answers] == [True] * 3
    assert [(answer["status"], answer["exit_code"]) for answer in answers] == [
        ("waiting", 0),
        ("failed", 75),
        ("done", 0),
    ]


def test_a_failure_says_what_was_found_out_before() -> None:
    failed = ChecksFailedError("too slow", Answers(requests=1, rows=0, p99_ms=91.5, missed=("too slow",)))
    answer = failure_document("check_endpoint", failed, interrupted=False)
    assert (answer["status"], answer["exit_code"], answer["error"]) == ("failed", 7, "too slow")
    assert (answer["result"]["p99_ms"], answer["result"]["missed"]) == (91.5, ["too slow"])
    assert failure_document("train", TemporaryError("busy"), interrupted=False)["result"] == {}


def test_a_waiting_answer_says_when_to_come_again_and_with_what() -> None:
    visit = Visit(budget=0)
    visit.remember("the end", Since(at=EPOCH))
    answer = waiting_document("train", "k" * 64, ComeAgain(12, "it trains"), visit)
    assert answer == {
        "contract": 1,
        "step": "train",
        "status": "waiting",
        "recalled": False,
        "key": "k" * 64,
        "exit_code": 0,
        "error": "",
        "result": {},
        "pause": 12,
        "progress": "it trains",
        "state": {"the end": {"at": "2026-11-01T00:00:00Z"}},
    }
    assert json.loads(json.dumps(answer)) == answer


def test_every_status_and_member_is_explained() -> None:
    assert set(STATUSES) == set(get_args(Status))
    page = steps_page("")
    for name in (*STATUSES, *WaitingAnswer.model_fields):
        assert f"| `{name}` |" in page


def test_why_a_run_was_started_is_kept_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    shutil.copytree(ROOT / "tests/e2e/steered", tmp_path / "repository")
    file = tmp_path / "repository" / "modelyard.yaml"
    opened = open_repository(
        file, report=KeptReport(), environ={"BUILD_TAG": "b-1"}, tag="v1", reason="drift of age", origin="f" * 64
    )
    info = opened.context.run
    assert (info.tag, info.reason, info.origin) == ("v1", "drift of age", "f" * 64)
    record = RunRecord(
        id=info.id,
        who=info.who,
        tag=info.tag,
        reason=info.reason,
        origin=info.origin,
        result="done",
        started=EPOCH,
        ended=EPOCH,
        stages=[],
    )
    ledger = Ledger(MemoryObjects(), "bucket")
    keep_run(ledger, record)
    assert last_runs(ledger) == [record]


def test_the_page_of_steps_has_types_as_python_writes_them_without_modules() -> None:
    page = steps_page("")
    assert "| `overrides` | `tuple[str, ...]`, optional |" in page
    assert "| `environment` | `Environment` |" in page
