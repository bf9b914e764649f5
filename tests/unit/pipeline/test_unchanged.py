"""What is remembered of a run that changed nothing, and of which runs nothing is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from agent.aws.entering import Scope, Way
from agent.aws.questions import Asked, Entrance, Question
from agent.config.loading import load
from agent.pipeline.events import Event, EventKind, StageEnd, Status, Summary
from agent.pipeline.local_state import LocalState
from agent.pipeline.unchanged import Memory, memory_of, recollect, remember
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HERE = LocalState(digest="here", at_rest=True)
CONFIGURATION = load(ROOT / "examples" / "iris-byo" / "modelyard.yaml").configuration


def asked(*, complete: bool = True) -> Asked:
    told = Asked()
    told.complete = complete
    told.entrance = Entrance(url="https://sts.eu-west-1.amazonaws.com/", region="eu-west-1")
    way = Way(
        role="arn:aws:iam::111111111111:role/iris", external_id="iris", scope=Scope(project="iris", environment="tools")
    )
    for name in ("one", "two", "one"):
        told.questions.append(
            Question(
                service="s3", region="eu-west-1", method="GET", url=f"https://b/{name}", headers=(("range", "1"),),
                way=way, answer="a",
            )
        )  # fmt: skip
    return told


def summary(status: Status = Status.RECALLED, *, wrote: bool = False, result: Status = Status.DONE) -> Summary:
    end = StageEnd(stage="train", step="train", title="Train", status=status, seconds=3.5, key="k", wrote=wrote)
    return Summary(
        run="first", result=result, exit_code=0, release="r", stages=(end,), results={"train": {"model": "m"}}
    )


HEARD = [
    Event(kind=EventKind.STARTED, at=NOW, stage="train", text="Train"),
    Event(kind=EventKind.DOING, at=NOW, stage="train", text="looking"),
    Event(kind=EventKind.WARNING, at=NOW, stage="train", text="there are no gates"),
    Event(kind=EventKind.ENDED, at=NOW, stage="train", status=Status.RECALLED, seconds=3.5),
]


def memory() -> Memory:
    found = memory_of(HERE, asked(), HEARD, summary(), CONFIGURATION)
    assert found is not None
    return found


def test_what_is_remembered_is_recollected(tmp_path: Path) -> None:
    remember(tmp_path, memory())
    assert recollect(tmp_path, HERE) == memory()


def test_the_same_question_is_kept_once() -> None:
    assert [question.url for question in memory().questions] == ["https://b/one", "https://b/two"]


def test_another_state_of_this_machine_recollects_nothing(tmp_path: Path) -> None:
    remember(tmp_path, memory())
    assert recollect(tmp_path, LocalState(digest="another", at_rest=True)) is None


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"local": "another"}'])
def test_a_torn_file_recollects_nothing(tmp_path: Path, torn: bytes) -> None:
    remember(tmp_path, memory())
    (tmp_path / ".modelyard" / "unchanged.json").write_bytes(torn)
    assert recollect(tmp_path, HERE) is None


def test_a_run_that_did_something_forgets_what_was_remembered(tmp_path: Path) -> None:
    remember(tmp_path, memory())
    remember(tmp_path, memory_of(HERE, asked(), HEARD, summary(Status.DONE, wrote=True), CONFIGURATION))
    assert recollect(tmp_path, HERE) is None


def test_nothing_is_remembered_of_a_run_that_did_not_end_well() -> None:
    assert memory_of(HERE, asked(), HEARD, summary(result=Status.REFUSED), CONFIGURATION) is None


def test_nothing_is_remembered_of_a_run_that_did_more_than_look() -> None:
    assert memory_of(HERE, asked(complete=False), HEARD, summary(), CONFIGURATION) is None


def test_nothing_is_remembered_of_a_run_that_puts_off_the_end_of_an_endpoint() -> None:
    shown = StageEnd(stage="preview", step="preview", title="Preview", status=Status.RECALLED)
    ended = replace(summary(), stages=(*summary().stages, shown))
    assert memory_of(HERE, asked(), HEARD, ended, CONFIGURATION) is None


def test_nothing_is_remembered_while_files_are_being_written() -> None:
    assert memory_of(LocalState(digest="here", at_rest=False), asked(), HEARD, summary(), CONFIGURATION) is None


@pytest.mark.parametrize("path", ["/data/iris.csv", "../data", "data/../../iris"])
def test_nothing_is_remembered_of_data_outside_the_repository(path: str) -> None:
    name, source = next(iter(CONFIGURATION.data.items()))
    outside = CONFIGURATION.model_copy(update={"data": {name: source.model_copy(update={"path": path})}})
    assert memory_of(HERE, asked(), HEARD, summary(), outside) is None


def test_a_run_that_comes_to_the_same_tells_the_same_at_its_own_time() -> None:
    told = memory().events(NOW)
    assert [(event.kind, event.text, event.at) for event in told] == [
        (EventKind.STARTED, "Train", NOW),
        (EventKind.WARNING, "there are no gates", NOW),
        (EventKind.ENDED, "", NOW),
    ]
    assert told[-1].status is Status.RECALLED


def test_its_summary_is_that_of_the_new_run(tmp_path: Path) -> None:
    remember(tmp_path, memory())
    found = recollect(tmp_path, HERE)
    assert found is not None
    again = found.came_to("second")
    assert (again.run, again.release, again.changed) == ("second", "r", False)
    assert again.stages[0].status is Status.RECALLED
    assert again.document()["results"] == {"train": {"model": "m"}}


def test_a_run_that_an_override_let_pass_is_not_remembered() -> None:
    """It ends, and nobody is asked whether it has."""
    verdicts = [{"gate": "accurate", "override": {"by": "bob"}}]
    run = replace(summary(), results={"gate": {"verdicts": verdicts}})
    assert memory_of(HERE, asked(), HEARD, run, CONFIGURATION) is None
