"""A release against the one that is live: each row says what it was, what it is to be, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import DataSet, Evaluation, Metric, Verdict
from agent.deployment.comparison import compared
from agent.deployment.evidence_lines import aligned, change_lines
from agent.deployment.measured import metric_pairs
from tests.unit.deployment.stage import release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Release
    from agent.deployment.evidence import Change

BETTER: Any = {"auc": "higher", "rmse": "lower"}


def evaluated(
    model: str, *, data: str = "d" * 64, metrics: Mapping[str, float] | None = None, **more: float
) -> Evaluation:
    measured = {name: Metric(value=value) for name, value in {**(metrics or {}), **more}.items()}
    return Evaluation(model=model, data=data, metrics=measured, report="", job="job")


def made(number: int = 1, **members: Any) -> Release:
    return release(number).model_copy(update=members)


def row(changes: tuple[Change, ...], topic: str, name: str) -> Change:
    (found,) = [change for change in changes if (change.topic, change.name) == (topic, name)]
    return found


@pytest.mark.parametrize(
    ("metric", "new", "old", "judgement"),
    [
        ("auc", 0.93, 0.91, "better"),
        ("auc", 0.91, 0.93, "worse"),
        ("rmse", 1.5, 2.0, "better"),
        ("rmse", 2.0, 1.5, "worse"),
        ("auc", 0.9, 0.9, "same"),
        ("unknown", 0.9, 0.8, "changed"),
    ],
)
def test_a_metric_is_judged_by_its_direction(metric: str, new: float, old: float, judgement: str) -> None:
    one, two = (made(evaluation=evaluated("1" * 64, metrics={metric: value})) for value in (new, old))
    found = row(compared(one, two, better=BETTER), "metrics", metric)
    assert (found.live, found.wanted, found.judgement) == (f"{old:g}", f"{new:g}", judgement)


def test_what_the_live_model_achieves_on_the_same_rows_counts_more() -> None:
    live = made(2, evaluation=evaluated("2" * 64, data="e" * 64, auc=0.95))
    measured = evaluated(live.model.sha256, auc=0.90)
    candidate = made(evaluation=evaluated("1" * 64, auc=0.92), champions={"prod": measured})
    found = row(compared(candidate, live, better=BETTER), "metrics", "auc")
    assert (found.live, found.judgement) == ("0.9", "better")
    assert "different rows" not in found.note
    alone = row(compared(made(evaluation=evaluated("1" * 64, auc=0.92)), live, better=BETTER), "metrics", "auc")
    assert (alone.live, alone.judgement) == ("0.95", "incomparable")
    assert alone.note == "higher is better, measured on different rows"


def test_an_older_release_may_have_measured_the_newer_model() -> None:
    older = made(2, evaluation=evaluated("2" * 64, data="e" * 64, auc=0.95))
    again = made(1, evaluation=evaluated("1" * 64, auc=0.92))
    older = older.model_copy(update={"champions": {"prod": evaluated(again.model.sha256, data="e" * 64, auc=0.96)}})
    pair = metric_pairs(again, older, better=BETTER)["auc"]
    assert (pair.before, pair.after, pair.judgement, pair.same_rows) == (0.95, 0.96, "better", True)
    assert pair.difference == pytest.approx(0.01)


def test_there_is_no_difference_between_values_of_different_rows() -> None:
    one, two = (
        made(evaluation=evaluated("1" * 64, auc=0.92)),
        made(2, evaluation=evaluated("2" * 64, data="e" * 64, auc=0.9)),
    )
    pair = metric_pairs(one, two, better=BETTER)["auc"]
    assert (pair.before, pair.after, pair.difference, pair.same_rows) == (0.9, 0.92, None, False)
    (line,) = list(change_lines([row(compared(one, two, better=BETTER), "metrics", "auc")]))[1:]
    assert line == "  ?  auc  0.9 -> 0.92  incomparable  higher is better, measured on different rows"


def test_metrics_that_only_one_of_them_has_are_shown() -> None:
    one, two = made(evaluation=evaluated("1" * 64, auc=0.9)), made(2, evaluation=evaluated("2" * 64, f1=0.8))
    changes = compared(one, two, better=BETTER)
    assert (row(changes, "metrics", "auc").judgement, row(changes, "metrics", "f1").judgement) == ("new", "gone")


def test_data_say_how_much_they_have_grown() -> None:
    def data(digest: str, files: int, size: int) -> dict[str, DataSet]:
        return {"rows": DataSet(name="rows", digest=digest * 64, manifest="", files=files, size=size)}

    found = row(
        compared(made(data=data("b", 2, 1_500_000)), made(2, data=data("a", 1, 500)), better={}), "data", "rows"
    )
    assert (found.live, found.wanted) == ("aaaaaaaaaaaa (1 file, 500 B)", "bbbbbbbbbbbb (2 files, 1.5 MB)")
    assert (found.judgement, found.note) == ("changed", "+1.5 MB")


def test_what_both_have_alike_is_the_same() -> None:
    one = made(hyperparameters={"depth": "5", "rate": "0.1"})
    two = made(2, hyperparameters={"depth": "4", "eta": "1"})
    changes = compared(one, two, better={})
    assert row(changes, "image", "digest").judgement == "same"
    assert row(changes, "model", "sha256").judgement == "changed"
    judged = {change.name: change.judgement for change in changes if change.topic == "hyperparameters"}
    assert judged == {"depth": "changed", "rate": "new", "eta": "gone"}


def test_without_anything_live_all_is_new() -> None:
    one = made(evaluation=evaluated("1" * 64, auc=0.9), hyperparameters={"depth": "5"})
    assert {change.judgement for change in compared(one, None, better=BETTER)} == {"new"}


def test_gates_speak_for_themselves() -> None:
    verdict = Verdict(
        gate="good", metric="auc", value=0.7, limit=0.8, comparison="at least", passed=False, severity="warn",
        reason="auc 0.7 is below 0.8",
    )  # fmt: skip
    found = row(compared(made(verdicts=(verdict,)), None, better={}), "gates", "good")
    assert (found.judgement, found.wanted, found.note) == ("failed", "auc 0.7 is below 0.8", "only warns")


def test_verdicts_of_both_are_told_and_which_of_them_have_turned() -> None:
    def said(gate: str, *, passed: bool) -> Verdict:
        return Verdict(
            gate=gate, metric="auc", value=0.7, limit=0.8, comparison="at least", passed=passed, severity="block",
            reason=f"{gate}: {passed}",
        )  # fmt: skip

    old = made(2, verdicts=(said("good", passed=False), said("older", passed=True)))
    changes = compared(made(verdicts=(said("good", passed=True),)), old, better={})
    good, older = row(changes, "gates", "good"), row(changes, "gates", "older")
    assert (good.live, good.wanted, good.judgement, good.note) == (
        "good: False",
        "good: True",
        "passed",
        "failed before",
    )
    assert (older.live, older.wanted, older.judgement) == ("older: True", "", "gone")
    assert list(change_lines([good, older])) == [
        "gates:",
        "  +  good   good: True   failed before",
        "  !  older  older: True  the release has no such gate",
    ]


def test_uncommitted_changes_are_told() -> None:
    one = made()
    dirty = one.model_copy(update={"commit": one.commit.model_copy(update={"dirty": True, "subject": "try"})})
    assert row(compared(dirty, one, better={}), "commit", "sha").wanted.endswith("with uncommitted changes")


def test_lines_are_in_columns_and_say_what_is_better() -> None:
    one, two = (made(evaluation=evaluated("1" * 64, auc=auc, f1=0.5)) for auc in (0.93, 0.91))
    lines = list(change_lines([c for c in compared(one, two, better=BETTER) if c.topic == "metrics"]))
    assert lines == [
        "metrics:",
        "  +  auc  0.91 -> 0.93  better  +0.02, higher is better",
        "  =  f1   0.5",
    ]


def test_lines_show_of_a_digest_its_first_digits() -> None:
    changes = compared(made(1), made(2), better={})
    lines = list(change_lines([change for change in changes if change.topic in {"image", "model"}]))
    assert lines == [
        "image:",
        "  =  digest  sha256:111111111111",
        "model:",
        "  ~  sha256  000000000000 -> 000000000000",
    ]


def test_a_column_without_text_takes_no_room() -> None:
    assert list(aligned([("a", "", "c"), ("aaa", "", "c")])) == ["  a    c", "  aaa  c"]
