"""Guards: asked once before the first thing that is done, by nobody where nothing is, and obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.errors import AccessDeniedError, ExitCode
from agent.pipeline.events import EventKind, Status
from agent.pipeline.run import run_stages
from tests.unit.pipeline.toys import Ear, Toys

if TYPE_CHECKING:
    from agent.context import Context
    from agent.pipeline.events import Summary
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring


@pytest.fixture
def toys() -> Toys:
    return Toys()


def refuse(_context: Context) -> None:
    raise AccessDeniedError("no way in")


def run(wiring: Wiring, context: Context, *stages: Stage) -> Summary:
    return run_stages(stages, wiring, context, Ear())


def statuses(summary: Summary) -> dict[str, Status]:
    return {end.step: end.status for end in summary.stages}


def test_a_guard_is_asked_once_and_before_anything_is_done(toys: Toys, wiring: Wiring, context: Context) -> None:
    guard = toys.stage("preflight", writes=False, guard=True)
    data, image = (toys.stage(name, needs=("preflight",)) for name in ("data", "image"))
    summary = run(wiring, context, guard, data, image, toys.stage("train", needs=("data", "image")))
    assert toys.ran[0] == "preflight"
    assert sorted(toys.ran) == ["data", "image", "preflight", "train"]
    assert set(statuses(summary).values()) == {Status.DONE}


def test_nobody_asks_a_guard_where_all_is_unchanged(toys: Toys, wiring: Wiring, context: Context) -> None:
    stages = (toys.stage("preflight", writes=False, guard=True), toys.stage("data", needs=("preflight",)))
    run(wiring, context, *stages)
    ear = Ear()
    again = run_stages(stages, wiring, context, ear)
    assert toys.ran == ["preflight", "data"]
    assert statuses(again) == {"preflight": Status.SKIPPED, "data": Status.RECALLED}
    assert [event.status for event in ear.heard if event.stage == "preflight"] == [None, Status.SKIPPED]


def test_a_guard_stands_before_later_stages_too(toys: Toys, wiring: Wiring, context: Context) -> None:
    guard, data = toys.stage("preflight", writes=False, guard=True), toys.stage("data", needs=("preflight",))
    run(wiring, context, guard, data, toys.stage("train", needs=("data",)))
    summary = run(wiring, context, guard, data, toys.stage("train", needs=("data",), word="another"))
    assert toys.ran == ["preflight", "data", "train", "preflight", "train"]
    assert statuses(summary) == {"preflight": Status.DONE, "data": Status.RECALLED, "train": Status.DONE}


def test_nothing_is_done_behind_a_guard_that_lets_nobody_pass(toys: Toys, wiring: Wiring, context: Context) -> None:
    guard = toys.stage("preflight", writes=False, guard=True, work=refuse)
    ear = Ear()
    stages = (guard, toys.stage("data", needs=("preflight",)), toys.stage("train", needs=("data",)))
    summary = run_stages(stages, wiring, context, ear)
    assert toys.ran == ["preflight"]
    assert statuses(summary) == {"preflight": Status.FAILED, "data": Status.NOT_RUN, "train": Status.NOT_RUN}
    assert (summary.exit_code, summary.error, summary.changed) == (ExitCode.ACCESS_DENIED, "no way in", False)
    begun = [event.stage for event in ear.heard if event.kind is EventKind.STARTED]
    assert sorted(begun) == sorted(event.stage for event in ear.heard if event.kind is EventKind.ENDED)


def test_a_guard_waits_for_what_it_needs_itself(toys: Toys, wiring: Wiring, context: Context) -> None:
    check = toys.stage("validate", writes=False, work=refuse)
    guard = toys.stage("preflight", needs=("validate",), writes=False, guard=True)
    summary = run(wiring, context, check, guard, toys.stage("data", needs=("preflight",)))
    assert toys.ran == ["validate"]
    assert statuses(summary)["preflight"] is Status.NOT_RUN


def test_a_guard_at_the_end_of_a_run_is_asked_like_any_stage(toys: Toys, wiring: Wiring, context: Context) -> None:
    summary = run(wiring, context, toys.stage("preflight", writes=False, guard=True))
    assert toys.ran == ["preflight"]
    assert statuses(summary) == {"preflight": Status.DONE}
