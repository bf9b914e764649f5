"""Several jobs at once: all of them end, and a failure has a name."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from agent.errors import InterruptedRunError, TemporaryError, UserCodeFailedError
from agent.jobs.side_by_side import Task, side_by_side
from tests.fakes import FakeJobs
from tests.unit.jobs.work import a_run, told

if TYPE_CHECKING:
    from agent.context import Context


def answer(value: int, _: Context) -> int:
    return value


def fail(error: Exception, _: Context) -> int:
    raise error


def task(name: str, value: int | Exception) -> Task[int]:
    return Task(name=name, work=partial(fail, value) if isinstance(value, Exception) else partial(answer, value))


def test_answers_come_in_the_order_of_the_tasks() -> None:
    assert side_by_side([task("a", 1), task("b", 2), task("c", 3)], a_run(FakeJobs())) == [1, 2, 3]


def test_tasks_run_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=60)
    tasks = [Task(name=name, work=lambda _: together.wait() >= 0) for name in ("a", "b")]
    assert side_by_side(tasks, a_run(FakeJobs())) == [True, True]


def test_a_failure_says_whose_it_is() -> None:
    with pytest.raises(UserCodeFailedError, match=r"^the champion in prod: too old$"):
        side_by_side(
            [task("the candidate", 1), task("the champion in prod", UserCodeFailedError("too old"))], a_run(FakeJobs())
        )


def test_all_failures_are_told_with_the_class_of_the_first() -> None:
    tasks = [task("a", TemporaryError("busy")), task("b", 1), task("c", UserCodeFailedError("wrong"))]
    with pytest.raises(TemporaryError, match="a: busy\nc: wrong"):
        side_by_side(tasks, a_run(FakeJobs()))


def test_an_interruption_comes_before_other_failures() -> None:
    tasks = [task("a", UserCodeFailedError("wrong")), task("b", InterruptedRunError("SIGTERM"))]
    with pytest.raises(InterruptedRunError, match=r"^SIGTERM$"):
        side_by_side(tasks, a_run(FakeJobs()))


def test_a_mistake_of_ours_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side([task("a", ZeroDivisionError()), task("b", 1)], a_run(FakeJobs()))


def test_reports_say_whose_they_are() -> None:
    def talk(context: Context) -> None:
        context.report.doing("Training")
        context.report.fact("started")
        context.report.warn("slow")
        context.report.log("epoch 1")

    context = a_run(FakeJobs())
    side_by_side([Task(name="a", work=talk), Task(name="b", work=lambda _: None)], context)
    assert [told(context, kind) for kind in ("doing", "fact", "warn", "log")] == [
        ["a: Training"],
        ["a: started"],
        ["a: slow"],
        ["[a] epoch 1"],
    ]


def test_one_task_alone_needs_no_name() -> None:
    context = a_run(FakeJobs())
    side_by_side([Task(name="a", work=lambda own: own.report.fact("started"))], context)
    assert told(context, "fact") == ["started"]
