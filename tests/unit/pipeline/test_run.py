"""Running stages: in order, at once where they may, none after a failure, and with a summary however it ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import ExitCode, InterruptedRunError, UserCodeFailedError
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


def statuses(summary: Summary) -> dict[str, Status]:
    return {end.step: end.status for end in summary.stages}


def run(wiring: Wiring, context: Context, *stages: Stage) -> Summary:
    return run_stages(stages, wiring, context, Ear())


def test_stages_run_after_what_they_need(toys: Toys, wiring: Wiring, context: Context) -> None:
    summary = run(wiring, context, toys.stage("first"), toys.stage("second", needs=("first",)))
    assert toys.ran == ["first", "second"]
    assert statuses(summary) == {"first": Status.DONE, "second": Status.DONE}
    assert (summary.result, summary.exit_code) == (Status.DONE, ExitCode.DONE)


def test_stages_that_do_not_need_each_other_run_at_once(toys: Toys, wiring: Wiring, context: Context) -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(_context: Context) -> None:
        both.wait()

    summary = run(wiring, context, toys.stage("left", work=meet), toys.stage("right", work=meet))
    assert statuses(summary) == {"left": Status.DONE, "right": Status.DONE}


def test_a_refused_stage_ends_the_run_without_an_error(toys: Toys, wiring: Wiring, context: Context) -> None:
    summary = run(wiring, context, toys.stage("gate", word="bad"), toys.stage("release", needs=("gate",)))
    assert toys.ran == ["gate"]
    assert statuses(summary) == {"gate": Status.REFUSED, "release": Status.NOT_RUN}
    assert (summary.result, summary.exit_code, summary.error) == (Status.REFUSED, ExitCode.DONE, "not good enough")


def test_a_failed_stage_ends_the_run_with_its_exit_code(toys: Toys, wiring: Wiring, context: Context) -> None:
    def fail(_context: Context) -> None:
        raise UserCodeFailedError("division by zero")

    summary = run(wiring, context, toys.stage("train", work=fail), toys.stage("evaluate", needs=("train",)))
    assert statuses(summary) == {"train": Status.FAILED, "evaluate": Status.NOT_RUN}
    assert (summary.exit_code, summary.error) == (ExitCode.USER_CODE_FAILED, "division by zero")


def test_what_runs_beside_a_failed_stage_comes_to_its_end(toys: Toys, wiring: Wiring, context: Context) -> None:
    failed = threading.Event()

    def fail(_context: Context) -> None:
        failed.set()
        raise UserCodeFailedError("no")

    def outlast(_context: Context) -> None:
        assert failed.wait(30)

    summary = run(wiring, context, toys.stage("left", work=fail), toys.stage("right", work=outlast))
    assert statuses(summary) == {"left": Status.FAILED, "right": Status.DONE}


def test_an_interrupted_run_says_so(toys: Toys, wiring: Wiring, context: Context) -> None:
    def stop(_context: Context) -> None:
        raise InterruptedRunError("SIGTERM")

    summary = run(wiring, context, toys.stage("train", work=stop))
    assert (summary.result, summary.exit_code) == (Status.INTERRUPTED, ExitCode.INTERRUPTED)


def test_a_stage_without_inputs_is_skipped_and_holds_nobody_up(toys: Toys, wiring: Wiring, context: Context) -> None:
    summary = run(wiring, context, toys.stage("prepare", skipped=True), toys.stage("train", needs=("prepare",)))
    assert statuses(summary) == {"prepare": Status.SKIPPED, "train": Status.DONE}


def test_the_second_run_recalls_what_the_first_one_did(toys: Toys, wiring: Wiring, context: Context) -> None:
    stages = (toys.stage("train"), toys.stage("gate", needs=("train",), writes=False))
    assert run(wiring, context, *stages).changed
    again = run(wiring, context, *stages)
    assert toys.ran == ["train", "gate", "gate"]
    assert statuses(again)["train"] is Status.RECALLED
    assert not again.changed


def test_another_word_is_other_work(toys: Toys, wiring: Wiring, context: Context) -> None:
    run(wiring, context, toys.stage("train", word="one"))
    run(wiring, context, toys.stage("train", word="two"))
    assert toys.ran == ["train", "train"]


def test_listeners_hear_each_stage_begin_tell_and_end(toys: Toys, wiring: Wiring, context: Context) -> None:
    def tell(told: Context) -> None:
        told.report.fact("made it")

    ear = Ear()
    run_stages([toys.stage("train", work=tell)], wiring, context, ear)
    assert [event.kind for event in ear.heard] == [EventKind.STARTED, EventKind.FACT, EventKind.ENDED]
    assert ear.heard[1].text == "made it"
    assert ear.heard[2].status is Status.DONE


def test_an_error_of_our_own_is_not_hidden(toys: Toys, wiring: Wiring, context: Context) -> None:
    def blunder(_context: Context) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(wiring, context, toys.stage("train", work=blunder))


def test_the_summary_is_a_json_document(toys: Toys, wiring: Wiring, context: Context) -> None:
    import json

    document: dict[str, Any] = json.loads(json.dumps(run(wiring, context, toys.stage("train")).document()))
    assert document["event"] == "summary"
    assert document["result"] == "done"
    assert document["stages"][0]["step"] == "train"
    assert document["results"]["train"] == {"said": "good"}
