"""Several jobs of one step at once: one that fails ends no other, and a failure says whose it was."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from agent.errors import InterruptedRunError, ModelyardError
from agent.visit import ComeAgain, together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.context import Context
    from agent.ports.reporter import Reporter

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Task(Generic[Answer]):
    """Work of one of several, whose ``name`` people know it by."""

    name: str
    work: Callable[[Context], Answer]


def side_by_side(tasks: Sequence[Task[Answer]], context: Context) -> list[Answer]:
    """Every task's answer, in order, after all of them have ended.

    Failures are told together, in an error of the first one's class; an interruption comes before all others. A visit
    is over when no task has anything left to do; failures are told by the visit that sees the last task end.
    """
    if len(tasks) == 1:
        return [tasks[0].work(context)]
    with ThreadPoolExecutor(max_workers=len(tasks), thread_name_prefix="job") as pool:
        futures = [pool.submit(task.work, _attributed(context, task.name)) for task in tasks]
    ends = [(task, _end(future)) for task, future in zip(tasks, futures, strict=True)]
    leaving = [(task, end) for task, end in ends if isinstance(end, ComeAgain)]
    failed = [(task.name, end) for task, end in ends if isinstance(end, ModelyardError)]
    if interruption := next((error for _, error in failed if isinstance(error, InterruptedRunError)), None):
        for task, _ in leaving:
            # It had ended its visit when the interruption came, and does not know what has become of its job.
            _put_in_order(task, _attributed(context, task.name))
        raise interruption
    if leaving:
        raise together([(task.name, end) for task, end in leaving])
    if failed:
        raise _together(failed)
    return [future.result() for future in futures]


def _end(future: Future[Answer]) -> BaseException | None:
    """How a task ended without an answer; what is no failure of ours to explain goes on as it is."""
    error = future.exception()
    if error is None or isinstance(error, ModelyardError | ComeAgain):
        return error
    raise error


def _put_in_order(task: Task[Answer], context: Context) -> None:
    try:
        task.work(context)
    except InterruptedRunError:
        return
    except ModelyardError as error:
        context.report.warn(str(error))


def _together(failed: Sequence[tuple[str, ModelyardError]]) -> ModelyardError:
    _, first = failed[0]
    return type(first)("\n".join(f"{name}: {error}" for name, error in failed))


def _attributed(context: Context, name: str) -> Context:
    return replace(context, report=_Attributed(context.report, name))


class _Attributed:
    """A :class:`agent.ports.reporter.Reporter` that says whose everything is."""

    def __init__(self, report: Reporter, name: str) -> None:
        self._report = report
        self._name = name

    def doing(self, what: str) -> None:
        self._report.doing(f"{self._name}: {what}")

    def fact(self, text: str) -> None:
        self._report.fact(f"{self._name}: {text}")

    def warn(self, text: str) -> None:
        self._report.warn(f"{self._name}: {text}")

    def log(self, line: str) -> None:
        self._report.log(f"[{self._name}] {line}")
