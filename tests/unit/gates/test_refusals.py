"""What an override is of is found in the ledger, and nothing is overridden that stands in nobody's way."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import InputMissingError, UsageError
from agent.gates import refusals
from agent.ledger.ledger import Ledger
from agent.ledger.runs import RunRecord, keep_run
from tests.fakes import EPOCH, MemoryObjects
from tests.unit.pipeline_steps.vouched import COMMIT, MODEL, PASSED, REFUSED, evaluation, release

WARNED = REFUSED.model_copy(update={"gate": "calibrated", "severity": "warn"})


def ledger(*verdicts: Any, **changes: Any) -> Ledger:
    """A ledger whose last run of `main` came to those verdicts."""
    found = Ledger(MemoryObjects(), "bucket")
    record = RunRecord(
        id="run-7",
        who="ada",
        branch="main",
        commit=COMMIT.sha,
        result="refused",
        started=EPOCH,
        ended=EPOCH,
        stages=(),
        results={
            "evaluate": {"evaluation": evaluation().model_dump(mode="json")},
            "gate": {"verdicts": [verdict.model_dump(mode="json") for verdict in verdicts]},
        },
    )
    keep_run(found, record.model_copy(update=changes))
    return found


def test_of_a_build_it_is_the_verdict_of_its_model() -> None:
    found = refusals.in_build("separates", COMMIT.sha[:8], ledger(REFUSED))
    assert (found.verdict, found.model, found.commit) == (REFUSED, MODEL.sha256, COMMIT.sha)
    assert found.authors == ("ada",)


def test_of_a_release_it_is_the_verdict_that_stands_in_it() -> None:
    guarding = REFUSED.model_copy(update={"environments": ("prod",)})
    found = refusals.in_release("separates", "5" * 64, release(verdicts=(guarding,)))
    assert (found.verdict, found.model, found.release) == (guarding, MODEL.sha256, "5" * 64)
    assert found.authors == ("tumour #7", "Ada")


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ("separates", "passed it: auc 0.98 is at least 0.96"),
        ("calibrated", "was only warned by it"),
        ("another", "was judged by no gate another; its gates are: separates, calibrated"),
    ],
)
def test_where_nothing_refuses_there_is_nothing_to_override(gate: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        refusals.in_build(gate, COMMIT.sha, ledger(PASSED, WARNED))


@pytest.mark.parametrize("changes", [{"commit": "d" * 40}, {"results": {}}, {"results": {"gate": {"verdicts": "?"}}}])
def test_a_build_that_is_not_known_or_did_not_come_so_far_is_missing(changes: dict[str, Any]) -> None:
    with pytest.raises(InputMissingError, match="start its build"):
        refusals.in_build("separates", COMMIT.sha, ledger(REFUSED, **changes))


def test_too_few_digits_name_no_commit() -> None:
    with pytest.raises(UsageError, match="at least 6 digits"):
        refusals.in_build("separates", "cccc", ledger(REFUSED))
