"""Gates that demand proof judge intervals: proved, refuted, or not enough data, which refuses or only warns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Evaluation, Interval, Metric
from agent.config.gate import ChampionGate, ThresholdGate
from agent.config.prediction_gates import BusinessGate, CalibrationGate, FairnessGate, OutcomeValues, SlicesGate
from agent.config.predictions import Predictions
from agent.errors import InputMissingError
from agent.gates.findings import Estimated, Finding, Question, questions
from agent.gates.judging import judge
from agent.gates.subject import Subject

if TYPE_CHECKING:
    from agent.artifacts import Verdict
    from agent.config.gate import Gate

EVALUATION = Evaluation(
    model="2" * 64,
    data="4" * 64,
    metrics={"auc": Metric(value=0.8), "mse": Metric(value=2.0)},
    report="s3://bucket/evaluations/job/measured/1/evaluation.json",
    job="job",
    measurements="s3://bucket/evaluations/job/measured/1/measurements.json",
)
CHAMPION = EVALUATION.model_copy(update={"model": "1" * 64})


def number(value: float, half: float, of: str = "auc", *, rows: int = 400, of_rows: int = 1000) -> Estimated:
    """A value with an interval of 95 % of that half width."""
    interval = Interval(low=value - half, high=value + half, level=0.95)
    return Estimated(of=of, value=value, deviation=half / 1.96, interval=interval, rows=rows, of_rows=of_rows)


def finding(**estimates: Estimated | list[Estimated]) -> Finding:
    listed = {name: tuple(each) if isinstance(each, list) else (each,) for name, each in estimates.items()}
    return Finding(estimates=listed)


def judged(gate: Gate, found: Finding | None, champion: Evaluation | None = CHAMPION, **members: Any) -> Verdict:
    subject = Subject(
        evaluation=EVALUATION,
        champions={"prod": champion} if champion else {},
        better={"auc": "higher", "mse": "lower"},
        releases={"prod": "1a2b3c4d5e6f" + "0" * 52},
        findings={} if found is None else {"sure": found},
        **members,
    )
    (verdict,) = judge({"sure": gate}, subject)
    return verdict


def threshold(**settings: Any) -> ThresholdGate:
    return ThresholdGate(**{"kind": "threshold", "metric": "auc", "confidence": 0.95, "min": 0.75, **settings})


def champion(**settings: Any) -> ChampionGate:
    whole = {"kind": "champion", "metric": "auc", "environment": "prod", "confidence": 0.95, "margin": 0.02}
    return ChampionGate(**{**whole, **settings})


def test_an_interval_that_clears_the_limit_proves_it() -> None:
    verdict = judged(threshold(), finding(metric=number(0.8, 0.03)))
    assert (verdict.passed, verdict.conclusion, verdict.value, verdict.limit) == (True, "proved", 0.8, 0.75)
    assert verdict.interval == Interval(low=0.77, high=0.8300000000000001, level=0.95)
    assert verdict.sample_size == 400
    assert verdict.evidence == EVALUATION.measurements
    assert verdict.reason == "auc 0.8 (95 % interval 0.77 to 0.83, of 400 rows) is at least 0.75 (gate `sure`)"


def test_a_value_alone_proves_nothing_and_it_is_told_how_many_rows_would() -> None:
    verdict = judged(threshold(message="It separates."), finding(metric=number(0.8, 0.06)))
    assert (verdict.passed, verdict.conclusion, verdict.state) == (False, "not enough data", "refused")
    # 0.05 is what has to be seen: (1.96 + 0.84)² · (0.06 / 1.96 / 0.05)² times as many rows as these 1,000.
    assert verdict.rows_needed == pytest.approx(2942, abs=3)
    assert verdict.reason == (
        "not enough data to prove that auc 0.8 (95 % interval 0.74 to 0.86, of 400 rows) is at least 0.75: "
        f"about {verdict.rows_needed:,} rows like these 1,000 would do (gate `sure`): It separates."
    )


def test_a_value_on_the_wrong_side_of_which_nothing_is_proved_needs_better_rows() -> None:
    verdict = judged(threshold(), finding(metric=number(0.74, 0.06)))
    assert (verdict.conclusion, verdict.rows_needed) == ("not enough data", None)
    assert "more rows would do only if they were better than these" in verdict.reason


def test_an_interval_beyond_the_limit_refutes_it() -> None:
    verdict = judged(threshold(), finding(metric=number(0.7, 0.03)))
    assert (verdict.passed, verdict.conclusion, verdict.state) == (False, "refuted", "refused")
    assert verdict.reason == "auc 0.7 (95 % interval 0.67 to 0.73, of 400 rows) is below 0.75 (gate `sure`)"


def test_of_two_limits_both_have_to_be_cleared() -> None:
    verdict = judged(threshold(max=0.82), finding(metric=number(0.8, 0.03)))
    assert (verdict.passed, verdict.limit, verdict.comparison) == (False, 0.82, "at most")
    assert judged(threshold(max=0.9), finding(metric=number(0.8, 0.03))).passed


def test_want_of_data_may_warn_only_and_what_is_refuted_still_refuses() -> None:
    gate = threshold(not_enough_data="warn")
    doubtful, refuted = (judged(gate, finding(metric=number(value, 0.06))) for value in (0.8, 0.6))
    assert (doubtful.passed, doubtful.severity, doubtful.state) == (False, "warn", "warned")
    assert (refuted.severity, refuted.state) == ("block", "refused")


def test_a_metric_that_is_not_defined_proves_nothing() -> None:
    undefined = Estimated(of="auc", value=None, rows=0, of_rows=10)
    verdict = judged(threshold(), finding(metric=undefined))
    assert (verdict.state, verdict.conclusion, verdict.value) == ("refused", "not enough data", None)
    assert verdict.reason == "not enough data to judge auc: it is not defined for these rows (gate `sure`)"


def test_predictions_that_nobody_examined_are_missed() -> None:
    with pytest.raises(InputMissingError, match="modelyard run --from examine"):
        judged(threshold(), None)


def against(difference: float, half: float, held: float = 0.8) -> Finding:
    return finding(difference=number(difference, half)).model_copy(
        update={"champion": held, "candidate": held + difference}
    )


@pytest.mark.parametrize(
    ("margin", "difference", "half", "conclusion"),
    [
        (0.02, -0.005, 0.01, "proved"),  # non-inferiority
        (0.02, -0.005, 0.03, "not enough data"),
        (0.02, -0.05, 0.01, "refuted"),
        (0.0, 0.005, 0.002, "proved"),  # superiority
        (0.0, 0.005, 0.01, "not enough data"),
        (-0.01, 0.02, 0.005, "proved"),  # a minimum effect
        (-0.01, 0.02, 0.015, "not enough data"),
    ],
)
def test_the_paired_interval_has_to_clear_the_margin(
    margin: float, difference: float, half: float, conclusion: str
) -> None:
    verdict = judged(champion(margin=margin), against(difference, half))
    assert verdict.conclusion == conclusion
    assert verdict.passed == (conclusion == "proved")


def test_a_comparison_tells_both_values_and_their_difference() -> None:
    verdict = judged(champion(), against(-0.005, 0.03))
    assert (verdict.value, verdict.limit, verdict.comparison) == (0.795, 0.78, "at least")
    assert verdict.difference is not None
    assert (verdict.difference.value, verdict.sample_size) == (-0.005, 400)
    assert verdict.reason == (
        "not enough data to prove that auc 0.795 is no more than 0.02 below the 0.8 of the champion of prod (release "
        "1a2b3c4d5e6f): the difference is -0.005 (95 % interval -0.035 to 0.025, of 400 rows); about "
        f"{verdict.rows_needed:,} rows like these 1,000 would do (gate `sure`)"
    )


def test_where_lower_is_better_a_lower_difference_is_a_gain() -> None:
    gate = champion(metric="mse", margin=0.1)
    better, worse = (judged(gate, against(difference, 0.05, held=2.0)) for difference in (-0.2, 0.2))
    assert (better.passed, better.limit, better.comparison) == (True, 2.1, "at most")
    assert (worse.passed, worse.conclusion) == (False, "refuted")
    assert "mse 2.2 is no more than 0.1 above the 2 of the champion of prod" in worse.reason


def test_a_model_does_not_lose_to_itself_nor_to_nobody() -> None:
    assert judged(champion(margin=0.0), None, EVALUATION).passed
    assert judged(champion(margin=0.0), None, None).passed


def test_a_champion_without_predictions_is_no_proof() -> None:
    verdict = judged(champion(), Finding(absent="the champion of prod was evaluated without predictions"))
    assert (verdict.passed, verdict.conclusion) == (False, "not enough data")
    assert "the champion of prod was evaluated without predictions" in verdict.reason


def slices(**settings: Any) -> SlicesGate:
    return SlicesGate(**{"kind": "slices", "metric": "recall", "slice": "sex", **settings})


PARTS = [number(0.9, 0.02, "1"), number(0.7, 0.05, "2", rows=150, of_rows=150)]


def test_the_worst_slice_decides_and_small_ones_are_named() -> None:
    found = finding(slices=PARTS, gap=number(0.2, 0.06, "2")).model_copy(update={"too_small": ("3",)})
    verdict = judged(slices(min=0.8), found)
    assert (verdict.passed, verdict.metric, verdict.value, verdict.conclusion) == (False, "recall of sex 2", 0.7, "")
    assert verdict.reason == "recall of sex 2 0.7 is below 0.8; with too few rows: 3 (gate `sure`)"
    assert judged(slices(min=0.7), found).passed
    assert not judged(slices(min=0.7, confidence=0.95), found).passed
    gap = judged(slices(max_gap=0.1), found)
    assert gap.reason.startswith("the gap in recall between sex 2 and the rest 0.2 is above 0.1")


def test_a_gap_that_nothing_is_known_of_proves_nothing() -> None:
    verdict = judged(slices(min=0.5, max_gap=0.1), finding(slices=PARTS[:1]))
    assert (verdict.state, verdict.conclusion) == ("refused", "not enough data")
    assert "not enough data to judge the gap in recall by sex: it is not defined" in verdict.reason
    assert judged(slices(min=0.5, max_gap=0.1, not_enough_data="warn"), finding(slices=PARTS[:1])).state == "warned"


def test_slices_of_which_none_has_enough_rows_prove_nothing() -> None:
    verdict = judged(slices(min=0.8), Finding(too_small=("1", "2")))
    assert (verdict.state, verdict.conclusion) == ("refused", "not enough data")
    assert "no part of the data has enough rows to be measured; with too few rows: 1, 2" in verdict.reason


def test_groups_are_held_to_each_limit_on_both_sides() -> None:
    gate = FairnessGate(kind="fairness", slice="sex", disparate_impact=0.8, equal_opportunity=0.1)
    fair = {"disparate_impact": number(0.9, 0.1, "2"), "equal_opportunity": number(-0.05, 0.02, "2")}
    assert judged(gate, finding(**fair)).passed
    favoured = judged(gate, finding(**{**fair, "disparate_impact": number(1.4, 0.1, "2")}))
    assert (favoured.passed, favoured.limit, favoured.comparison) == (False, 1.25, "at most")
    missed = judged(gate, finding(**{**fair, "equal_opportunity": number(-0.2, 0.02, "2")}))
    assert (missed.metric, missed.limit) == ("difference of true positive rates of sex 2", -0.1)
    unsure = {**fair, "disparate_impact": number(0.9, 0.11, "2")}
    for found, proved in ((fair, True), (unsure, False)):
        assert judged(gate.model_copy(update={"confidence": 0.95}), finding(**found)).passed is proved


def test_calibration_is_held_to_each_limit() -> None:
    found = finding(ece=number(0.04, 0.01, "ece"), brier=number(0.2, 0.01, "brier"))
    assert judged(CalibrationGate(kind="calibration", max_ece=0.05), found).passed
    verdict = judged(CalibrationGate(kind="calibration", max_ece=0.05, max_brier=0.15), found)
    assert (verdict.passed, verdict.metric, verdict.limit) == (False, "brier", 0.15)


def test_what_decisions_are_worth_is_told_beside_the_threshold_that_is_worth_most() -> None:
    gate = BusinessGate(kind="business", values=OutcomeValues(true_positive=10), min=1.5)
    verdict = judged(gate, finding(expected=number(1.2, 0.1, "0.5"), best=number(2.0, 0.1, "0.3")))
    assert verdict.reason == (
        "expected value 1.2 is below 1.5, by the threshold 0.5; 2 by 0.3, which is worth most on these rows "
        "(gate `sure`)"
    )
    as_good = judged(gate, finding(expected=number(1.2, 0.1, "0.5"), best=number(1.2, 0.1, "0.3")))
    assert as_good.reason == "expected value 1.2 is below 1.5 (gate `sure`)"


def test_intervals_of_several_gates_hold_together_unless_each_is_left_alone() -> None:
    gates: dict[str, Gate] = {
        "one": threshold(),
        "two": champion(confidence=0.9),
        "shown": slices(min=0.5),
        "plain": ThresholdGate(kind="threshold", metric="auc", min=0.5),
    }
    asked = questions(gates, Predictions(task="binary"))
    assert {name: question.level for name, question in asked.items()} == {
        "one": pytest.approx(0.975), "two": pytest.approx(0.95), "shown": 0.95,
    }  # fmt: skip
    assert questions(gates, None) == {}
    alone = questions(gates, Predictions(task="binary", correction="none"))
    assert {name: question.level for name, question in alone.items()} == {"one": 0.95, "two": 0.9, "shown": 0.95}


def test_another_limit_is_no_other_question() -> None:
    settings = Predictions(task="binary")
    assert questions({"one": threshold(min=0.7)}, settings) == questions({"one": threshold(min=0.9)}, settings)
    assert questions({"one": threshold()}, settings)["one"] == Question(kind="threshold", level=0.95, metric="auc")


def test_a_model_that_is_the_same_on_every_row_is_not_better_but_not_worse() -> None:
    same = finding(difference=number(0.0, 0.0)).model_copy(update={"champion": 0.8, "candidate": 0.8})
    assert judged(champion(margin=0), same).conclusion == "refuted"
    assert judged(champion(margin=0.02), same).conclusion == "proved"


def test_a_limit_that_is_reached_is_not_missed() -> None:
    perfect = Estimated(
        of="recall", value=1, deviation=0, interval=Interval(low=0.93, high=1, level=0.95), rows=50, of_rows=50
    )
    verdict = judged(threshold(min=1.0), finding(metric=perfect))
    assert (verdict.passed, verdict.conclusion) == (False, "not enough data")
    assert " is below " not in verdict.reason
