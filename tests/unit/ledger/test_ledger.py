"""Documents of the ledger are whole, and nobody's is lost, however many write them at once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import DamagedError, ExitCode, InputMissingError, TemporaryError
from agent.ledger.environments import Deployment, Environments
from agent.ledger.leases import EnvironmentLock
from agent.ledger.ledger import Ledger
from agent.ledger.records import Attempt, Record, StepRecord
from tests.fakes import EPOCH, FakeClock, KeptReport, MemoryObjects
from tests.unit.ledger.interleaving import interleave

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "k" * 64


class Sum(Record):
    """A document that every writer adds to."""

    total: int = 0
    writers: tuple[str, ...] = ()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryObjects(), "bucket")


def record(run: str) -> StepRecord:
    result = {"model": {"limit": None, "name": "ü"}}
    return StepRecord(
        step="train", key=KEY, run=run, who="tester", inputs={}, result=result, started=EPOCH, ended=EPOCH
    )


def attempt(run: str, status: str = "running") -> Attempt:
    return Attempt.model_validate(
        {"step": "train", "key": KEY, "run": run, "who": "tester", "status": status, "started": EPOCH}
    )


def deployment(run: str) -> Deployment:
    return Deployment(
        environment="qa",
        release="r" * 64,
        action="deploy",
        status="done",
        run=run,
        who="tester",
        endpoint="endpoint",
        config="config",
        settings="s" * 64,
        started=EPOCH,
        ended=EPOCH,
    )


# --- one writer ---------------------------------------------------------------------------------------------------


def test_a_finished_step_is_found_by_step_and_key(ledger: Ledger) -> None:
    assert ledger.done("train", KEY) is None
    assert ledger.finish(record("run-1")) == record("run-1")
    assert ledger.done("train", KEY) == record("run-1")
    assert ledger.done("evaluate", KEY) is None


def test_the_first_record_of_a_step_counts(ledger: Ledger) -> None:
    ledger.finish(record("run-1"))
    assert ledger.finish(record("run-2")) == record("run-1")


def test_a_record_that_is_outlived_gives_way_to_the_next_one(ledger: Ledger) -> None:
    first, second, third = (record(run=f"run-{number}") for number in (1, 2, 3))
    ledger.finish(first)
    assert ledger.finish(second, outlived=lambda known: known == first) == second
    assert ledger.finish(third, outlived=lambda known: known == first) == second
    assert ledger.done(first.step, first.key) == second


def test_an_attempt_is_kept_as_it_stands_now(ledger: Ledger) -> None:
    ledger.note(attempt("run-1"))
    ledger.note(attempt("run-2"))
    ledger.note(attempt("run-1", "failed"))
    name = f"steps/train/{KEY}/attempts"
    assert ledger.names(f"{name}/") == [f"{name}/run-1.json", f"{name}/run-2.json"]
    assert ledger.expect(f"{name}/run-1.json", Attempt).status == "failed"


def test_a_document_is_replaced_only_by_who_has_seen_it(ledger: Ledger) -> None:
    ledger.create("sum.json", Sum(total=1))
    seen = ledger.version("sum.json", Sum)
    assert seen is not None
    assert ledger.replace("sum.json", Sum(total=2), etag=seen[1])
    assert not ledger.replace("sum.json", Sum(total=3), etag=seen[1])
    assert ledger.read("sum.json", Sum) == Sum(total=2)


def test_what_a_newer_modelyard_wrote_into_a_document_is_passed_over(ledger: Ledger) -> None:
    ledger.create_bytes("sum.json", b'{"total": 1, "colour": "blue"}')
    assert ledger.read("sum.json", Sum) == Sum(total=1)


def test_a_document_that_must_be_there_is_named(ledger: Ledger) -> None:
    with pytest.raises(InputMissingError, match=r"the ledger has no s3://bucket/ledger/runs/x\.json"):
        ledger.expect("runs/x.json", Sum)


def test_documents_lie_below_the_ledger_s_own_prefix(ledger: Ledger) -> None:
    ledger.create("runs/a.json", Sum())
    assert [listed.key for listed in ledger.objects.list("bucket", "")] == ["ledger/runs/a.json"]
    assert ledger.uri("runs/a.json") == "s3://bucket/ledger/runs/a.json"


# --- several writers at once, in every order ----------------------------------------------------------------------

ORDERS = st.lists(st.integers(0, 3), max_size=60)
RUNS = [f"run-{number}" for number in range(4)]


def together(
    order: list[int], write: Callable[[Ledger, str], object], before: Callable[[Ledger], object] = lambda _: None
) -> Ledger:
    """The ledger after every run has written in its turn; each has a ledger of its own over the same objects."""
    objects = MemoryObjects()
    before(Ledger(objects, "bucket"))
    interleave(objects, [partial(write, Ledger(objects, "bucket"), run) for run in RUNS], order)
    return Ledger(objects, "bucket")


@settings(deadline=None)
@given(order=ORDERS)
def test_everyone_is_told_the_same_record(order: list[int]) -> None:
    answers: list[StepRecord] = []
    ledger = together(order, lambda ledger, run: answers.append(ledger.finish(record(run))))
    assert answers == [ledger.done("train", KEY)] * len(RUNS)


@settings(deadline=None)
@given(order=ORDERS)
def test_what_is_put_is_one_writer_s_whole_document(order: list[int]) -> None:
    ledger = together(order, lambda ledger, run: ledger.put("sum.json", Sum(total=len(run), writers=(run,) * 9)))
    kept = ledger.expect("sum.json", Sum)
    assert kept in [Sum(total=len(run), writers=(run,) * 9) for run in RUNS]


@settings(deadline=None)
@given(order=ORDERS)
def test_no_addition_is_lost(order: list[int]) -> None:
    def add(ledger: Ledger, run: str) -> None:
        while True:
            seen = ledger.version("sum.json", Sum)
            old, etag = seen or (Sum(), "")
            new = Sum(total=old.total + 1, writers=(*old.writers, run))
            if ledger.replace("sum.json", new, etag=etag) if seen else ledger.create("sum.json", new):
                return

    kept = together(order, add).expect("sum.json", Sum)
    assert (kept.total, sorted(kept.writers)) == (len(RUNS), RUNS)


@settings(deadline=None)
@given(order=ORDERS)
def test_every_deployment_has_its_own_place_in_the_history(order: list[int]) -> None:
    ledger = together(order, lambda ledger, run: Environments(ledger).add(deployment(run)))
    history = Environments(ledger).history("qa")
    assert [entry.number for entry in history] == [1, 2, 3, 4]
    assert sorted(entry.run for entry in history) == RUNS


@settings(deadline=None)
@given(order=ORDERS, used=st.booleans())
def test_of_all_who_want_an_environment_one_has_it(order: list[int], used: bool) -> None:
    entered: list[str] = []
    refused: list[str] = []

    def lock(ledger: Ledger, run: str) -> EnvironmentLock:
        return EnvironmentLock(ledger, "qa", key=f"key of {run}", run=run, who="tester", build_url="")

    def use(ledger: Ledger) -> None:
        earlier = lock(ledger, "earlier")
        earlier.enter(FakeClock(), KeptReport())
        earlier.leave(FakeClock())

    def enter(ledger: Ledger, run: str) -> None:
        try:
            lock(ledger, run).enter(FakeClock(), KeptReport(), patience=timedelta(0))
            entered.append(run)
        except TemporaryError:
            refused.append(run)

    together(order, enter, use if used else lambda _: None)
    assert len(entered) == 1
    assert sorted(entered + refused) == RUNS


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"step": "tra', "EOF while parsing"),
        (b"\xff\xfe", "Invalid JSON"),
        (b'{"step": "train"}', "key: Field required"),
        (b"[]", "should be an object"),
    ],
)
def test_a_document_that_is_damaged_is_named_with_what_was_expected_and_how_to_bring_it_back(
    ledger: Ledger, content: bytes, why: str
) -> None:
    name = f"steps/train/{KEY}/done.json"
    ledger.create_bytes(name, content)
    with pytest.raises(DamagedError) as damaged:
        ledger.done("train", KEY)
    told = str(damaged.value)
    assert told.startswith(f"s3://bucket/ledger/{name} is damaged: expected a document StepRecord in JSON, but ")
    assert why in told
    assert f"aws s3api list-object-versions --bucket bucket --prefix ledger/{name}" in told
    assert damaged.value.exit_code == ExitCode.INPUT_MISSING
