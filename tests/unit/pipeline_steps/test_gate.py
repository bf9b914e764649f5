"""Gates say yes or no by one value each, in the same words to everyone, and nobody is let through by accident."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.artifacts import Judgement, Metric
from agent.config.gate import ChampionGate, CustomGate, ThresholdGate
from agent.errors import InputMissingError, UsageError
from agent.gates import limits
from agent.gates.overriding import found
from agent.ledger.overrides import KeptOverride, Overrides
from pipeline_steps import gate
from tests.fakes import EPOCH, MemoryObjects
from tests.unit.pipeline_steps.surroundings import surroundings, told
from tests.unit.pipeline_steps.vouched import evaluation

if TYPE_CHECKING:
    from agent.artifacts import Evaluation, Verdict
    from agent.context import Context
    from agent.gates.subject import Better

RELEASE = "1a2b3c4d5e6f" + "0" * 52
NUMBERS = st.floats(-1e6, 1e6)


def threshold(**settings: Any) -> ThresholdGate:
    return ThresholdGate(kind="threshold", metric="recall", **settings)


def champion(**settings: Any) -> ChampionGate:
    return ChampionGate(**{"kind": "champion", "metric": "auc", "environment": "prod", **settings})


def judged(
    gate_: ThresholdGate | ChampionGate,
    candidate: Evaluation,
    champion_: Evaluation | None = None,
    better: Better = "higher",
) -> Verdict:
    inputs = gate.Inputs(
        gates={"finds-tumours": gate_},
        better={gate_.metric: better},
        evaluation=candidate,
        champions={} if champion_ is None else {"prod": champion_},
        releases={} if champion_ is None else {"prod": RELEASE},
    )
    return gate.judge(inputs)[0]


def test_a_value_below_the_least_allowed_is_refused_with_value_limit_and_message() -> None:
    verdict = judged(threshold(min=0.95, message="At most one in twenty is missed."), evaluation(recall=0.91))
    assert not verdict.passed
    assert (verdict.value, verdict.limit, verdict.comparison) == (0.91, 0.95, "at least")
    assert verdict.reason == (
        "recall 0.91 is below the least allowed 0.95 (gate `finds-tumours`): At most one in twenty is missed."
    )


def test_a_value_above_the_most_allowed_is_refused() -> None:
    verdict = judged(threshold(max=6.0), evaluation(recall=6.5))
    assert not verdict.passed
    assert verdict.reason == "recall 6.5 is above the most allowed 6 (gate `finds-tumours`)"


@pytest.mark.parametrize("value", [0.9, 0.95, 1.0])
def test_a_limit_itself_passes(value: float) -> None:
    verdict = judged(threshold(min=0.9, max=1.0, message="Not shown."), evaluation(recall=value))
    assert verdict.passed
    assert verdict.reason == f"recall {value:g} is at least 0.9 and at most 1 (gate `finds-tumours`)"


def test_of_two_limits_the_one_that_is_missed_is_told() -> None:
    verdict = judged(threshold(min=0.9, max=0.99), evaluation(recall=1.0))
    assert (verdict.passed, verdict.limit, verdict.comparison) == (False, 0.99, "at most")


@given(value=NUMBERS, limit=NUMBERS)
def test_condition_and_message_speak_of_the_same_numbers(value: float, limit: float) -> None:
    verdict = judged(threshold(min=limit), evaluation(recall=value))
    assert verdict.passed == (value >= limit)
    assert (verdict.value, verdict.limit) == (value, limit)
    shown, bound = limits.shown(value, limit)
    assert shown in verdict.reason
    assert bound in verdict.reason


@given(value=NUMBERS, limit=NUMBERS)
def test_different_numbers_never_look_the_same(value: float, limit: float) -> None:
    shown, bound = limits.shown(value, limit)
    assert (shown == bound) == (value == limit)


def test_a_champion_that_is_better_by_more_than_the_margin_wins() -> None:
    verdict = judged(champion(margin=0.005, message="Keep it."), evaluation(auc=0.981), evaluation(auc=0.991))
    assert not verdict.passed
    assert (verdict.limit, verdict.comparison) == (0.986, "at least")
    assert verdict.reason == (
        "auc 0.981 is below 0.986: the champion of prod (release 1a2b3c4d5e6f) has 0.991, and the margin is 0.005 "
        "(gate `finds-tumours`): Keep it."
    )


def test_a_candidate_within_the_margin_passes() -> None:
    verdict = judged(champion(margin=0.01), evaluation(auc=0.981), evaluation(auc=0.991))
    assert verdict.passed
    assert verdict.reason.startswith("auc 0.981 is at least 0.981: the champion of prod")


@pytest.mark.parametrize(("mse", "passed"), [(0.8, True), (0.81, False), (0.1, True)])
def test_where_lower_is_better_the_margin_goes_up(mse: float, passed: bool) -> None:
    verdict = judged(champion(margin=0.1), evaluation(auc=mse), evaluation(auc=0.7), better="lower")
    assert (verdict.passed, verdict.limit, verdict.comparison) == (passed, 0.8, "at most")


def test_a_negative_margin_demands_an_improvement() -> None:
    verdict = judged(champion(margin=-0.01), evaluation(auc=0.991), evaluation(auc=0.991))
    assert not verdict.passed
    assert "has 0.991 and must be beaten by 0.01" in verdict.reason


@given(value=NUMBERS)
def test_a_model_never_loses_to_itself(value: float) -> None:
    for better in ("higher", "lower"):
        assert judged(champion(), evaluation(auc=value), evaluation(auc=value), better=better).passed


def test_there_is_nothing_to_lose_to_before_the_first_deployment() -> None:
    verdict = judged(champion(), evaluation(auc=0.5))
    assert (verdict.passed, verdict.limit, verdict.comparison) == (True, None, "none")
    assert verdict.reason == "nothing is deployed to prod yet that auc could lose to (gate `finds-tumours`)"


def test_models_measured_on_different_rows_are_not_compared() -> None:
    other = evaluation(auc=0.9).model_copy(update={"data": "9" * 64})
    with pytest.raises(InputMissingError, match=f"champion of prod was measured on the rows {'9' * 64}"):
        judged(champion(), evaluation(auc=0.99), other)


def test_all_gates_are_judged_and_only_those_that_block_refuse() -> None:
    inputs = gate.Inputs(
        gates={
            "warns": threshold(min=0.99, severity="warn"),
            "separates": ThresholdGate(kind="threshold", metric="auc", min=0.99, message="It must tell them apart."),
            "misses-few": threshold(min=0.97, message="Misses cost lives."),
            "passes": threshold(min=0.5),
        },
        better={},
        evaluation=evaluation(auc=0.98, recall=0.95),
        champions={},
    )
    result = gate.Result(verdicts=gate.judge(inputs))
    assert [verdict.passed for verdict in result.verdicts] == [False, False, False, True]
    assert result.refusal == (
        "auc 0.98 is below the least allowed 0.99 (gate `separates`): It must tell them apart; "
        "recall 0.95 is below the least allowed 0.97 (gate `misses-few`): Misses cost lives."
    )


def test_a_warning_refuses_nothing() -> None:
    verdict = judged(threshold(min=0.99, severity="warn"), evaluation(recall=0.9))
    assert not verdict.passed
    assert gate.Result(verdicts=(verdict,)).refusal is None


def test_a_metric_that_was_not_measured_is_no_verdict() -> None:
    with pytest.raises(InputMissingError, match=r"judges the metric recall, but s3://.*evaluation.json .* only: auc"):
        judged(threshold(min=0.9), evaluation(auc=0.9))


def test_a_threshold_may_judge_what_training_reported() -> None:
    inputs = gate.Inputs(
        gates={"fits": ThresholdGate(kind="threshold", metric="training-auc", min=0.9)},
        better={},
        evaluation=evaluation(auc=0.9),
        champions={},
        training={"training-auc": 0.95},
    )
    assert gate.judge(inputs)[0].value == 0.95


def test_a_gate_without_a_limit_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="`finds-tumours` has neither `min` nor `max`"):
        judged(threshold(), evaluation(recall=0.9))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_metric(value: float) -> None:
    """NaN compares false with every limit, so it would pass a check that asks for a violation."""
    with pytest.raises(ValidationError):
        Metric(value=value)
    with pytest.raises(ValidationError):
        Metric.model_validate_json(json.dumps({"value": value}))


# --- scope and overrides -------------------------------------------------------------------------------------------

MISSED = gate.Inputs(
    gates={"finds-tumours": threshold(min=0.97)},
    better={},
    evaluation=evaluation(recall=0.95),
    champions={},
    author="Ada",
)


def test_a_gate_that_guards_an_environment_lets_a_release_be_made() -> None:
    verdict = judged(threshold(min=0.97, environments=("prod",)), evaluation(recall=0.95))
    assert verdict.state == "refused"
    assert gate.Result(verdicts=(verdict,)).refusal is None


def keep_override(context: Context, **changes: Any) -> None:
    (verdict,) = gate.judge(MISSED)
    now = context.clock.now()
    fine = KeptOverride(
        gate="finds-tumours", model=MISSED.evaluation.model, found=found(verdict), by="bob", reason="the clinic agreed",
        at=now, until=now + timedelta(days=1), authors=("ada",), run="run-0",
    )  # fmt: skip
    Overrides(context.ledger).add(fine.model_copy(update=changes))


def test_an_override_lets_the_pipeline_go_on_and_the_verdict_stays() -> None:
    context = surroundings()
    keep_override(context)
    result = gate.run(MISSED, context)
    assert (result.refusal, result.verdicts[0].passed, result.verdicts[0].state) == (None, False, "overridden")
    assert any("overridden by bob until" in line for line in told(context, "warn"))


@pytest.mark.parametrize(
    "changes",
    [{"by": "Ada"}, {"model": "9" * 64}, {"gate": "another"}, {"until": EPOCH}],
    ids=["by the author", "of another model", "of another gate", "expired"],
)
def test_any_other_override_lets_nothing_pass(changes: dict[str, Any]) -> None:
    context = surroundings()
    keep_override(context, **changes)
    assert gate.run(MISSED, context).refusal is not None


def test_the_ledger_is_not_asked_where_every_gate_is_satisfied() -> None:
    objects = MemoryObjects()  # it has no bucket
    satisfied = MISSED.model_copy(update={"gates": {"finds-tumours": threshold(min=0.9)}})
    assert gate.run(satisfied, surroundings(objects=objects)).refusal is None


def test_a_custom_gate_that_was_not_asked_is_no_pass() -> None:
    own = CustomGate(kind="custom", entry_point="checks:own")
    inputs = MISSED.model_copy(update={"gates": {"own": own}})
    with pytest.raises(InputMissingError, match="gate `own` has not been asked"):
        gate.judge(inputs)
    answer = Judgement(passed=False, value=3, limit=2, comparison="at most", reason="three are missed")
    (verdict,) = gate.judge(inputs.model_copy(update={"answers": {"own": answer}}))
    assert (verdict.kind, verdict.state, verdict.reason) == ("custom", "refused", "three are missed (gate `own`)")
