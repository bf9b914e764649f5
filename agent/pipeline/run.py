"""Runs the stages: each as soon as what it needs is done, several at once, and none after one was refused or failed."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.errors import ExitCode, InterruptedRunError, ModelyardError
from agent.pipeline.events import Event, EventKind, StageEnd, StageReporter, Status, Summary
from agent.pipeline.guards import Guard, GuardError, guarding, guards_of, needs_of
from agent.runner import run_step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.context import Context
    from agent.pipeline.events import Listener
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring
    from agent.step import StepModel

_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """A stage's end, with its result where it has one, and the error that ended it where there was one."""

    end: StageEnd
    result: StepModel | None = None
    error: BaseException | None = None


def run_stages(stages: Sequence[Stage], wiring: Wiring, context: Context, listener: Listener) -> Summary:
    """Run stages whose further needs ``wiring.results`` holds already; the summary says how each of them ended.

    Failures of stages do not raise: they are in the summary, with the exit code of the first one.
    """
    results: dict[str, StepModel] = dict(wiring.results)
    ended: dict[str, _Ended] = {}
    running: dict[Future[_Ended], Stage] = {}
    guards = {stage.name: Guard(stage, stops=_stops) for stage in guarding(stages)}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="stage") as pool:
        while True:
            if not any(_stops(end) for end in ended.values()):
                for stage in _ready(stages, ended, running.values()):
                    seen = replace(wiring, results=dict(results))
                    run = partial(_run_stage, wiring=seen, context=context, listener=listener)
                    asked = [guards[guard.name] for guard in guards_of(stage, stages)]
                    running[pool.submit(run, stage, before=partial(_pass, asked, run))] = stage
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                stage = running.pop(future)
                ended[stage.name] = future.result()
                ended |= {name: guard.end for name, guard in guards.items() if guard.end is not None}
                results |= {name: end.result for name, end in ended.items() if end.result is not None}
    for guard in guarding(stages):
        if guard.name not in ended and all(need in ended and not _stops(ended[need]) for need in guard.needs):
            ended[guard.name] = _run_stage(replace(guard, wire=_nothing), wiring, context, listener)
    return _summarise(stages, ended, results, context)


def _ready(stages: Sequence[Stage], ended: Mapping[str, _Ended], running: Sequence[Stage] | Any) -> list[Stage]:
    names = {stage.name for stage in stages}
    begun = ended.keys() | {stage.name for stage in (*running, *guarding(stages))}
    return [
        stage
        for stage in stages
        if stage.name not in begun and all(need in ended for need in needs_of(stage, stages) if need in names)
    ]


def _pass(guards: Sequence[Guard[_Ended]], run: Callable[[Stage], _Ended]) -> None:
    """Have the guards asked that nobody had to pass before; GuardError where one lets nobody pass."""
    for guard in guards:
        guard.ask(run)


def _nothing(_wiring: Wiring) -> None:
    """The inputs of a guard that nobody had to pass."""


def _stops(ended: _Ended) -> bool:
    return ended.end.status in {Status.REFUSED, Status.FAILED, Status.INTERRUPTED}


def _run_stage(
    stage: Stage,
    wiring: Wiring,
    context: Context,
    listener: Listener,
    before: Callable[[], None] | None = None,
) -> _Ended:
    clock = context.clock
    started = clock.now()
    listener.hear(Event(kind=EventKind.STARTED, at=started, stage=stage.name, text=stage.title))
    report = StageReporter(stage=stage.name, clock=clock, listener=listener, explain=partial(_told, wiring=wiring))
    ended = _work(stage, wiring, replace(context, report=report), before)
    now = clock.now()
    seconds = round((now - started).total_seconds(), 3)
    listener.hear(
        Event(
            kind=EventKind.ENDED,
            at=now,
            stage=stage.name,
            text=ended.end.error,
            status=ended.end.status,
            seconds=seconds,
        )
    )
    return replace(ended, end=replace(ended.end, seconds=seconds))


def _told(text: str, wiring: Wiring) -> str:
    """A failure or a warning, with the line to mend where it is about a permission."""
    from agent.bootstrap.missing import explained

    return explained(text, wiring.configuration)


def _work(stage: Stage, wiring: Wiring, context: Context, before: Callable[[], None] | None) -> _Ended:
    """The stage's end, whatever it is: the other stages and the summary must not be lost with it."""
    writes = stage.step.effect == "write"
    end = StageEnd(stage=stage.name, step=stage.step.name, title=stage.title, status=Status.DONE, wrote=writes)
    try:
        context.clock.check()
        inputs = stage.wire(wiring)
        if inputs is None:
            return _Ended(end=replace(end, status=Status.SKIPPED, wrote=False))
        outcome = run_step(stage.step, inputs, context, before=before)
    except GuardError:
        return _Ended(end=replace(end, status=Status.NOT_RUN, wrote=False))
    except InterruptedRunError as error:
        failed = replace(end, status=Status.INTERRUPTED, error=str(error), exit_code=ExitCode.INTERRUPTED)
        return _Ended(end=failed, error=error)
    except ModelyardError as error:
        told = _told(str(error), wiring)
        return _Ended(end=replace(end, status=Status.FAILED, error=told, exit_code=error.exit_code), error=error)
    refusal = outcome.result.refusal
    status = Status.REFUSED if refusal else Status.RECALLED if outcome.recalled else Status.DONE
    wrote = writes and not outcome.recalled
    return _Ended(
        end=replace(end, status=status, key=outcome.key, error=refusal or "", wrote=wrote), result=outcome.result
    )


def _summarise(
    stages: Sequence[Stage], ended: Mapping[str, _Ended], results: Mapping[str, StepModel], context: Context
) -> Summary:
    ends = tuple(
        ended[stage.name].end
        if stage.name in ended
        else StageEnd(stage=stage.name, step=stage.step.name, title=stage.title, status=Status.NOT_RUN)
        for stage in stages
    )
    stopping = next((end for status in _WORST_FIRST for end in ends if end.status is status), None)
    released = results.get("release")
    return Summary(
        run=context.run.id,
        result=stopping.status if stopping else Status.DONE,
        exit_code=stopping.exit_code if stopping else ExitCode.DONE,
        release=getattr(released, "release", None),
        stages=ends,
        results={name: result.model_dump(mode="json") for name, result in results.items()},
        error=stopping.error if stopping else "",
    )


_WORST_FIRST = (Status.INTERRUPTED, Status.FAILED, Status.REFUSED)
