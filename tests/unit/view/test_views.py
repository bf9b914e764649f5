"""How a run looks: lines in a log, a tree at a terminal, one JSON object a line for programs."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console as Terminal

from agent.console import Console
from agent.pipeline.events import Event, EventKind, StageEnd, Status, Summary
from agent.view.summary import released, say_summary
from agent.view.table import answer_table
from agent.view.tree import TreeView
from agent.view.verdicts import say_verdicts
from agent.view.views import MARKS, WORDS, JsonView, LinesView, view_for
from tests import builds
from tests.fakes import EPOCH
from tests.unit.pipeline.toys import Toys

if TYPE_CHECKING:
    from agent.pipeline.stages import Stage

SETTLED = {Status.DONE, Status.RECALLED, Status.SKIPPED}


def event(kind: EventKind, text: str = "", *, stage: str = "train", status: Status | None = None) -> Event:
    return Event(kind=kind, at=EPOCH, stage=stage, text=text, status=status, seconds=2.5 if status else None)


@pytest.fixture
def stages() -> list[Stage]:
    toys = Toys()
    return [toys.stage("train"), toys.stage("check_endpoint")]


class Lines:
    """A console that remembers."""

    def __init__(self) -> None:
        self.people, self.machines = io.StringIO(), io.StringIO()
        self.console = Console(people=self.people, machines=self.machines)

    @property
    def said(self) -> list[str]:
        return self.people.getvalue().splitlines()

    @property
    def answered(self) -> list[str]:
        return self.machines.getvalue().splitlines()


def test_lines_name_their_stage_in_one_column(stages: list[Stage]) -> None:
    lines = Lines()
    view = LinesView(lines.console, stages)
    view.hear(event(EventKind.STARTED, "Train"))
    view.hear(event(EventKind.LOG, "epoch 1"))
    view.hear(event(EventKind.FACT, "made it", stage="check_endpoint"))
    view.hear(event(EventKind.ENDED, status=Status.DONE))
    assert lines.said == [
        "train           ▸ Train",
        "train             │ epoch 1",
        "check_endpoint    made it",
        "train           ✓ 2.5 s",
    ]


def test_a_state_that_repeats_is_said_once(stages: list[Stage]) -> None:
    lines = Lines()
    view = LinesView(lines.console, stages)
    for state in ("Starting", "Starting", "Training"):
        view.hear(event(EventKind.DOING, state))
    assert [line.split()[1] for line in lines.said] == ["Starting", "Training"]


def test_a_failure_is_said_with_its_reason(stages: list[Stage]) -> None:
    lines = Lines()
    LinesView(lines.console, stages).hear(event(EventKind.ENDED, "no such data", status=Status.FAILED))
    assert lines.said == ["train           ✗ 2.5 s, failed: no such data"]


def test_programs_get_one_object_a_line(stages: list[Stage]) -> None:
    lines = Lines()
    view = view_for(lines.console, stages, machine=True)
    assert isinstance(view, JsonView)
    view.hear(event(EventKind.ENDED, status=Status.RECALLED))
    (line,) = map(json.loads, lines.answered)
    assert (line["event"], line["stage"], line["status"]) == ("stage_ended", "train", "recalled")
    assert lines.said == []


def test_a_log_gets_lines(stages: list[Stage]) -> None:
    assert isinstance(view_for(Lines().console, stages, machine=False), LinesView)


def test_the_tree_shows_every_stage_and_stays(stages: list[Stage]) -> None:
    drawn = io.StringIO()
    view = TreeView(stages, Terminal(file=drawn, width=80, force_terminal=False))
    with view.showing():
        view.hear(event(EventKind.STARTED, "Train"))
        view.hear(event(EventKind.FACT, "made [it]"))
        view.hear(event(EventKind.ENDED, status=Status.DONE))
    assert [line.rstrip() for line in drawn.getvalue().splitlines()] == [
        "✓ Train  2.5 s",
        "    made [it]",
        "  Check_endpoint",
    ]


def test_every_status_has_a_mark_and_all_but_done_a_word() -> None:
    assert set(MARKS) == set(Status)
    assert set(WORDS) == set(Status) - {Status.DONE}


@pytest.mark.parametrize(
    ("status", "wrote", "said"),
    [
        (Status.DONE, True, "release aaaaaaaaaaaa is made; everything up to Train is done."),
        (Status.RECALLED, False, "Nothing changed: release aaaaaaaaaaaa is made; everything up to Train is done."),
        (Status.REFUSED, True, "Refused: the model does not pass its gates."),
        (Status.FAILED, True, "error: Train failed, exit code 7"),
        (Status.INTERRUPTED, True, "Interrupted; the next run goes on from here."),
    ],
)
def test_the_last_words_say_what_became_of_the_run(status: Status, said: str, *, wrote: bool) -> None:
    end = StageEnd(stage="train", step="train", title="Train", status=status, exit_code=7, wrote=wrote)
    result = Status.DONE if status in SETTLED else status
    summary = Summary(run="r", result=result, exit_code=0, release="a" * 64, stages=[end])
    lines = Lines()
    say_summary(summary, lines.console, done=released(summary))
    assert lines.said == [said]


def test_a_table_is_as_wide_as_it_needs_to_be() -> None:
    lines = Lines()
    answer_table(lines.console, ("A", "LONG"), [("1", "x"), ("22", "y")])
    assert lines.answered == ["A   LONG", "1   x", "22  y"]


def test_verdicts_are_a_table_with_the_columns_that_they_need() -> None:
    lines = Lines()
    say_verdicts({"gate": builds.overridden()[5].result}, lines.console)
    assert lines.said == [
        "GATE        RESULT      VALUE   MUST BE        GUARDS",
        "misses-few  overridden  0.88    at least 0.9   -",
        "not-worse   refused     0.9871  at least 0.99  prod",
        "gate misses-few overridden by grace until 2026-12-31 23:59Z: seen with the clinic",
    ]


@pytest.mark.parametrize("results", [{}, {"gate": {}}, {"gate": {"verdicts": []}}, {"gate": {"verdicts": [{"a": 1}]}}])
def test_a_run_without_verdicts_has_no_table(results: dict[str, Any]) -> None:
    lines = Lines()
    say_verdicts(results, lines.console)
    assert lines.said == []
