"""The history of an environment on a terminal: rows, the newest first, and the course of a metric in blocks."""

from __future__ import annotations

import io
from dataclasses import replace

from agent.console import Console
from agent.report.past import Past, Point, Series
from agent.view.history import history_document, show_history
from agent.view.spark import spark_lines
from tests import builds


def series(*values: float, rows: str = "", rollbacks: tuple[int, ...] = ()) -> Series:
    letters = rows or "a" * len(values)
    return Series(
        metric="recall",
        points=tuple(
            Point(
                value=value,
                standard_deviation=None,
                rows=letter,
                kind="rollback" if index in rollbacks else "release",
            )
            for index, (value, letter) in enumerate(zip(values, letters, strict=True))
        ),
    )


def shown(past: Past, *metrics: str) -> tuple[list[str], str]:
    people, machines = io.StringIO(), io.StringIO()
    found = [past.series(name) for name in metrics]
    show_history(past, [one for one in found if one.points], Console(people, machines))
    return machines.getvalue().splitlines(), people.getvalue()


def test_blocks_go_from_the_lowest_to_the_highest() -> None:
    assert spark_lines(series(0, 1, 2, 3, 4, 5, 6, 7))[0] == "▁▂▃▄▅▆▇█"
    assert spark_lines(series(-1, 1))[0] == "▁█"
    assert spark_lines(series(0.5, 0.5))[0] == "▄▄"


def test_other_rows_part_the_blocks_and_marks_stay_under_theirs() -> None:
    assert spark_lines(series(1, 2, 3, 1, rows="aabb", rollbacks=(3,))) == ("▁▅┆█▁", "    ↩")


def test_the_table_has_the_newest_first_and_marks_what_is_live() -> None:
    lines, people = shown(builds.past(), "recall")
    assert lines[0].split() == [
        "NUMBER", "ENDED", "RELEASE", "WHAT", "BY", "recall", "ROWS", "GATES", "SUBJECT",
    ]  # fmt: skip
    first = lines[1].split("  ")
    assert lines[1].startswith("*  4 ")
    assert {"4b4b4b4b4b4b", "rollback done", "ada", "0.95", "eeeeeeeeeeee", "1/1 passed", "more trees"} <= set(first)
    assert [line.split()[0] for line in lines[2:5]] == ["3", "2", "1"]
    assert lines[6:8] == ["recall  ▁▇┆█┆▇  0.91 to 0.96", "             ↩"]
    assert "different rows" in people


def test_gates_of_the_environment_that_did_not_pass_and_an_approval_are_told() -> None:
    past = builds.past()
    entry = past.entries[-1]
    assert entry.release is not None
    others = (
        builds.verdict("calibrated", "auc", 0.5, 0.6, passed=False, severity="warn"),
        builds.verdict("fair", "recall", 0.5, 0.6, passed=False, override=builds.override()),
        builds.verdict("elsewhere", "recall", 0.5, 0.6, passed=False, environments=("qa",)),
    )
    release = entry.release.model_copy(update={"verdicts": (*entry.release.verdicts, *others)})
    approval = {"by": "grace", "reason": "seen", "at": entry.deployment.ended, "run": "r"}
    deployment = entry.deployment.model_validate({**entry.deployment.model_dump(), "approval": approval})
    lines, _ = shown(Past(environment="prod", entries=(replace(entry, release=release, deployment=deployment),)))
    assert "1/3 passed, calibrated warned, fair overridden  " in lines[1]
    assert "ada, approved by grace" in lines[1]


def test_a_release_that_cannot_be_read_has_a_row_all_the_same() -> None:
    past = builds.past()
    lines, _ = shown(replace(past, entries=(replace(past.entries[0], release=None),)), "recall")
    assert lines[1].split()[-5:] == ["its", "document", "cannot", "be", "read"]


def test_programs_get_numbers_rows_and_verdicts() -> None:
    document = history_document(builds.past(), ["recall"])
    assert (document["contract"], document["environment"], document["live"]) == (1, "prod", "4b" * 32)
    newest = document["deployments"][0]
    assert (newest["number"], newest["action"], newest["live"], newest["rows"]) == (4, "rollback", True, "e" * 64)
    assert newest["metrics"] == {"recall": {"value": 0.95, "standard_deviation": None}}
    assert (newest["verdicts"][0]["gate"], newest["verdicts"][0]["outcome"]) == ("misses-few", "passed")
