"""Runs one step so that nothing is done twice and nothing is lost: recall, else work, and keep what came out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from agent.errors import ExitCode, InterruptedRunError, ModelyardError, with_this_machine
from agent.ledger.records import Attempt, StepRecord, parsed
from agent.step import StepModel
from agent.visit import ComeAgain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from agent.context import Context
    from agent.step import Action, Step

I = TypeVar("I", bound=StepModel)  # noqa: E741 - inputs, as in Step
R = TypeVar("R", bound=StepModel)


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[R]):
    """A step's result; ``recalled`` when it was there already and nothing was done. Times are the clock's, in UTC."""

    step: str
    key: str
    result: R
    recalled: bool
    started: datetime
    ended: datetime


def run_step(step: Step[I, R], inputs: I, context: Context, *, before: Callable[[], None] | None = None) -> Outcome[R]:
    """Answer the step's result, doing only what is not done yet; raises ModelyardError for every failure.

    Raises ComeAgain when the visit is over before the step is; the attempt goes on with the next one. ``before`` is
    called where there is something to do, before anything is done; what it raises ends the step.
    """
    started = context.clock.now()
    key = step.key(inputs)
    context = replace(context, key=key)
    recalled = recall(step, inputs, context)
    if recalled is not None:
        ended = context.clock.now()
        _end_former_visits(step, context)
        return Outcome(step=step.name, key=key, result=recalled, recalled=True, started=started, ended=ended)
    if before is not None:
        before()
    result = _attempt(step, inputs, context, started)
    return Outcome(step=step.name, key=key, result=result, recalled=False, started=started, ended=context.clock.now())


def recall(step: Step[I, R], inputs: I, context: Context) -> R | None:
    """What the step would answer without doing anything, or None where there is something to do."""
    context = replace(context, key=step.key(inputs))
    if step.recall is not None:
        return step.recall(inputs, context)
    record = context.ledger.done(step.name, context.key) if step.kept else None
    return None if record is None else _lasting(step, record, context)


def plan_step(step: Step[I, R], inputs: I, context: Context) -> Sequence[Action]:
    """The writes that running the step would do now; none when its result is recalled."""
    return () if recall(step, inputs, context) is not None else foresee(step, inputs, context)


def foresee(step: Step[I, R], inputs: I, context: Context) -> Sequence[Action]:
    """The writes of a step that is known to have something to do."""
    return () if step.plan is None else step.plan(inputs, replace(context, key=step.key(inputs)))


def leave_step(step: Step[I, R], inputs: I, context: Context) -> NoReturn:
    """End an interrupted run's step in order between its visits, as SIGTERM would have within one; starts nothing.

    The clock has been told to end. Always raises InterruptedRunError.
    """
    context = replace(context, key=step.key(inputs))
    attempt = _under_way(step, context)
    try:
        if attempt is not None and step.leave is not None:
            step.leave(inputs, context)
        context.clock.check()
        raise InterruptedRunError("the run was told to end")
    except ModelyardError as error:
        interruption = error if isinstance(error, InterruptedRunError) else InterruptedRunError(str(error))
        if attempt is not None:
            _note_failure(attempt, interruption, context)
        raise interruption from error


def _attempt(step: Step[I, R], inputs: I, context: Context, started: datetime) -> R:
    """Do the work; steps that write leave a trace of the attempt, whatever becomes of it."""
    visit = context.visit
    attempt = _under_way(step, context) if visit.limited or visit.resumed else None
    traced = step.effect == "write"
    if attempt is None:
        if visit.resumed and traced:
            visit.clear()  # for it was of an attempt that has ended
        attempt = _begun(step, context, started)
        if traced:
            context.ledger.note(attempt)
    try:
        with with_this_machine():
            result = step.run(inputs, context)
    except ComeAgain:
        raise
    except BaseException as error:
        if traced:
            _note_failure(attempt, error, context)
        raise
    if traced:
        _end(attempt, context, status="done")
    return _keep(step, inputs, result, attempt, context) if step.kept else result


def _begun(step: Step[I, R], context: Context, started: datetime) -> Attempt:
    run = context.run
    return Attempt(
        step=step.name,
        key=context.key,
        run=run.id,
        who=run.who,
        build_url=run.build_url,
        status="running",
        started=started,
    )


def _under_way(step: Step[I, R], context: Context) -> Attempt | None:
    """This run's attempt, if an earlier visit began it and none has ended it."""
    found = context.ledger.attempt(step.name, context.key, context.run.id) if step.effect == "write" else None
    return found if found is not None and found.status == "running" else None


def _end_former_visits(step: Step[I, R], context: Context) -> None:
    """Note that this run waits no more, where another one has done the work meanwhile."""
    attempt = _under_way(step, context) if context.visit.resumed else None
    if attempt is not None:
        _end(attempt, context, status="done")


def _keep(step: Step[I, R], inputs: I, result: R, attempt: Attempt, context: Context) -> R:
    record = StepRecord(
        step=attempt.step,
        key=attempt.key,
        run=attempt.run,
        who=attempt.who,
        build_url=attempt.build_url,
        inputs=inputs.model_dump(mode="json"),
        result=result.model_dump(mode="json"),
        started=attempt.started,
        ended=context.clock.now(),
    )
    kept = context.ledger.finish(record, outlived=lambda known: _lasting(step, known, context) is None)
    return result if kept is record else _result(step, kept, context)


def _lasting(step: Step[I, R], record: StepRecord, context: Context) -> R | None:
    """The result that the ledger keeps, if what it names is still there."""
    result = _result(step, record, context)
    return result if step.lasts is None or step.lasts(result, context) else None


def _result(step: Step[I, R], record: StepRecord, context: Context) -> R:
    """The result that the ledger keeps; DamagedError where it is not of that step."""
    return parsed(_json(record.result), step.result, context.ledger.uri(record.name))


def _note_failure(attempt: Attempt, error: BaseException, context: Context) -> None:
    """Say in the ledger how the attempt failed; the failure matters more than a ledger that cannot be reached."""
    interrupted = isinstance(error, InterruptedRunError | KeyboardInterrupt)
    code = error.exit_code if isinstance(error, ModelyardError) else ExitCode.BUG
    try:
        _end(
            attempt,
            context,
            status="interrupted" if interrupted else "failed",
            exit_code=ExitCode.INTERRUPTED if interrupted else code,
            error=str(error) or type(error).__name__,
        )
    except ModelyardError as unreachable:
        context.report.warn(f"the ledger does not know of this failure: {unreachable}")


def _end(attempt: Attempt, context: Context, **how: Any) -> None:
    context.ledger.note(attempt.model_copy(update={"ended": context.clock.now(), **how}))


def _json(document: Any) -> bytes:
    import json

    return json.dumps(document).encode()
