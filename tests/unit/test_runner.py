"""One attempt for one run and content, over as many visits as it takes, and in order when the run is interrupted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.context import Context, RunInfo
from agent.errors import CloudFailedError, InterruptedRunError, TemporaryError
from agent.ledger.ledger import Ledger
from agent.runner import leave_step, run_step
from agent.step import Step
from agent.visit import Note
from tests.fakes import EPOCH, FakeClock, KeptReport, MemoryObjects
from tests.unit.pipeline.toys import ToyInputs, ToyResult
from tests.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.ledger.records import Attempt
    from agent.runner import Outcome

INPUTS = ToyInputs(word="good")


class Seen(Note):
    times: int


def a_step(
    looks: int = 3, *, leave: Callable[[ToyInputs, Context], object] | None = None, writes: bool = True
) -> Step[Any, Any]:
    """A step that is done when it has looked so often."""

    def run(inputs: ToyInputs, context: Context) -> ToyResult:
        seen = context.visit.recall("toy", Seen) or Seen(times=0)
        context.visit.remember("toy", Seen(times=seen.times + 1))
        if seen.times < looks:
            context.visit.rest(context.clock, 1, "playing", since=EPOCH)
        return ToyResult(said=inputs.word)

    run.__module__ = "toys.toy"
    effect: Any = "write" if writes else "read"
    plan = (lambda _inputs, _context: ()) if writes else None
    return Step(inputs=ToyInputs, result=ToyResult, run=run, plan=plan, leave=leave, account="tools", effect=effect)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def visits(objects: MemoryObjects, tmp_path: Path) -> Visits:
    nobody: Any = None
    return Visits(
        context=Context(
            accounts=nobody,
            ledger=Ledger(objects, "bucket"),
            builder=nobody,
            clock=FakeClock(),
            report=KeptReport(),
            run=RunInfo(id="run-1", who="somebody", build_url="https://ci/1"),
            folder=tmp_path,
        )
    )


def run(step: Step[Any, Any]) -> Callable[[Context], Outcome[Any]]:
    return lambda context: run_step(step, INPUTS, context)


def attempt(visits: Visits, step: Step[Any, Any]) -> Attempt | None:
    return visits.context.ledger.attempt("toy", step.key(INPUTS), "run-1")


def test_a_waiting_attempt_is_running_since_its_first_visit(visits: Visits, objects: MemoryObjects) -> None:
    step = a_step()
    visits.come(run(step))
    written = len(objects.made("PutObject"))
    visits.come(run(step))
    found = attempt(visits, step)
    assert found is not None
    assert (found.status, found.started) == ("running", EPOCH)
    assert len(objects.made("PutObject")) == written


def test_visits_come_to_the_record_of_an_undisturbed_run(visits: Visits) -> None:
    step = a_step()
    outcome = visits.until_done(run(step))
    assert (outcome.key, outcome.recalled, outcome.result) == (step.key(INPUTS), False, ToyResult(said="good"))
    record = visits.context.ledger.done("toy", outcome.key)
    assert record is not None
    assert (record.started, record.ended > EPOCH, record.result) == (EPOCH, True, {"said": "good"})
    found = attempt(visits, step)
    assert found is not None
    assert (found.status, found.started, found.ended) == ("done", EPOCH, record.ended)


def test_an_attempt_that_has_failed_leaves_nothing_to_know(visits: Visits) -> None:
    """Whoever tries again with the state of before begins anew."""
    step = a_step()
    visits.come(run(step))
    before = dict(visits.state)
    failing = replace(step, run=_failing(TemporaryError("busy")))
    with pytest.raises(TemporaryError):
        visits.come(run(failing))
    found = attempt(visits, step)
    assert found is not None
    assert found.status == "failed"
    visits.state = before
    visits.come(run(step))
    assert visits.state == {"toy": {"times": 1}}
    again = attempt(visits, step)
    assert again is not None
    assert again.started > EPOCH


def _failing(error: Exception) -> Callable[[ToyInputs, Context], ToyResult]:
    def run(inputs: ToyInputs, context: Context) -> ToyResult:
        raise error

    run.__module__ = "toys.toy"
    return run


def test_an_attempt_whose_work_another_run_has_done_meanwhile_is_over(visits: Visits) -> None:
    step = a_step()
    visits.come(run(step))
    run_step(step, INPUTS, replace(visits.context, run=RunInfo(id="run-2", who="another")))
    outcome = visits.come(run(step))
    assert outcome is not None
    assert outcome.recalled
    found = attempt(visits, step)
    assert found is not None
    assert found.status == "done"


def test_a_step_that_only_reads_leaves_no_attempt(visits: Visits, objects: MemoryObjects) -> None:
    visits.until_done(run(a_step(writes=False)))
    assert objects.made("PutObject") == []


# --- interrupted between visits ------------------------------------------------------------------------------------


def interrupt(visits: Visits, step: Step[Any, Any]) -> InterruptedRunError:
    assert isinstance(visits.context.clock, FakeClock)
    visits.context.clock.interrupted = True
    with pytest.raises(InterruptedRunError) as interruption:
        leave_step(step, INPUTS, visits.next)
    return interruption.value


@pytest.mark.parametrize(
    "end",
    [InterruptedRunError("the run was told to end"), CloudFailedError("it cannot be stopped"), None],
    ids=["interrupted", "failed", "was-over"],
)
def test_what_is_under_way_is_put_in_order_and_noted_as_interrupted(visits: Visits, end: Exception | None) -> None:
    left: list[dict[str, Any]] = []

    def leave(inputs: ToyInputs, context: Context) -> None:
        left.append(context.visit.state)
        assert context.key == step.key(inputs)
        if end is not None:
            raise end

    step = a_step(leave=leave)
    visits.come(run(step))
    error = interrupt(visits, step)
    assert left == [{"toy": {"times": 1}}]
    found = attempt(visits, step)
    assert found is not None
    assert (found.status, found.exit_code, found.started) == ("interrupted", 130, EPOCH)
    assert found.error == str(error) == str(end or "the run was told to end")


def test_where_nothing_is_under_way_nothing_is_written(visits: Visits, objects: MemoryObjects) -> None:
    left: list[object] = []
    interrupt(visits, a_step(leave=lambda inputs, _: left.append(inputs)))
    assert (left, objects.made("PutObject")) == ([], [])


def test_what_was_done_stays_done(visits: Visits, objects: MemoryObjects) -> None:
    step = a_step(leave=lambda *_: pytest.fail("there is nothing to leave"))
    visits.until_done(run(step))
    written = len(objects.made("PutObject"))
    interrupt(visits, step)
    assert len(objects.made("PutObject")) == written
    found = attempt(visits, step)
    assert found is not None
    assert found.status == "done"


def test_a_step_that_does_not_wait_only_has_its_attempt_ended(visits: Visits) -> None:
    step = a_step()
    visits.come(run(step))
    interrupt(visits, step)
    found = attempt(visits, step)
    assert found is not None
    assert found.status == "interrupted"
