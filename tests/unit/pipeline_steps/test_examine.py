"""The step `examine` answers gates by rows: the candidate's, and those of each champion, as they were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from agent.config.gate import ChampionGate, ThresholdGate
from agent.config.prediction_gates import BusinessGate, CalibrationGate, FairnessGate, OutcomeValues, SlicesGate
from agent.config.predictions import Predictions
from agent.config.robustness import RobustnessGate, ShufflePerturbation
from agent.errors import InputMissingError
from agent.evaluation.measuring import Wanted, evaluated
from agent.evaluation.prediction_files import Place
from agent.gates.findings import copy_name, questions
from pipeline_steps import examine, gate
from tests.fakes import FakeAccount, KeptReport, MemoryObjects
from tests.unit.evaluation.predicted import binary, parquet
from tests.unit.pipeline_steps.surroundings import surroundings, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Evaluation, Verdict
    from agent.config.gate import Gate

SETTINGS = Predictions(task="binary", slices=("sex",))
BETTER: Mapping[str, Any] = {"auc": "higher", "recall": "higher"}


def measured(objects: MemoryObjects, job: str, columns: dict[str, Any]) -> Evaluation:
    """What the step `evaluate` makes of a job's predictions."""
    place = Place(bucket="bucket", prefix=f"evaluations/{job}/")
    objects.create(place.bucket, f"{place.prefix}predictions.parquet", parquet(columns))
    wanted = Wanted(place=place, settings=SETTINGS, metrics=("auc", "recall"))
    return evaluated(wanted, objects, KeptReport(), model=job.ljust(64, "0"), data="d" * 64, job=job)


def verdicts(
    objects: MemoryObjects,
    gates: Mapping[str, Gate],
    candidate: Evaluation,
    perturbed: Mapping[str, Evaluation] | None = None,
    **champions: Evaluation,
) -> dict[str, Verdict]:
    """What all gates say, by the two steps."""
    inputs = examine.Inputs(
        predictions=SETTINGS,
        evaluation=candidate,
        champions=champions,
        questions=questions(gates, SETTINGS),
        perturbed=perturbed or {},
    )
    found = examine.run(inputs, surroundings(FakeAccount(objects=objects))).findings
    judged = gate.judge(
        gate.Inputs(gates=gates, better=BETTER, evaluation=candidate, champions=champions, findings=found)
    )
    return {verdict.gate: verdict for verdict in judged}


def champion(**settings: Any) -> ChampionGate:
    return ChampionGate(
        **{"kind": "champion", "metric": "auc", "environment": "prod", "confidence": 0.95, "margin": 0.02, **settings}
    )


def test_a_model_as_good_as_the_champion_is_proved_to_be_and_a_worse_one_is_refuted() -> None:
    objects = MemoryObjects()
    held = measured(objects, "champion", binary(4000, seed=1))
    alike, worse = (measured(objects, f"candidate-{noise}", binary(4000, seed=2, noise=noise)) for noise in (1.0, 2.0))
    gates: dict[str, Gate] = {"not-worse": champion(), "finds": champion(metric="recall", margin=0.05)}
    passed, refused = (verdicts(objects, gates, each, prod=held) for each in (alike, worse))
    assert {name: verdict.conclusion for name, verdict in passed.items()} == dict.fromkeys(gates, "proved")
    assert {name: verdict.conclusion for name, verdict in refused.items()} == dict.fromkeys(gates, "refuted")
    difference = refused["not-worse"].difference
    assert difference is not None
    assert difference.value == pytest.approx(worse.metrics["auc"].value - held.metrics["auc"].value)
    assert difference.interval is not None
    # Two gates share the mistakes that one may make.
    assert difference.interval.level == pytest.approx(0.975)


def test_few_rows_prove_nothing_and_it_is_told_how_many_would() -> None:
    objects = MemoryObjects()
    held, few = (measured(objects, name, binary(150, seed=seed)) for name, seed in (("champion", 1), ("few", 2)))
    verdict = verdicts(objects, {"not-worse": champion(margin=0.005)}, few, prod=held)["not-worse"]
    assert (verdict.state, verdict.conclusion) == ("refused", "not enough data")
    assert verdict.sample_size == 150


def test_where_a_slice_is_served_badly_the_mean_does_not_hide_it() -> None:
    objects, columns = MemoryObjects(), binary(3000)
    spoilt = columns["slice_sex"] == 2
    columns["score"] = np.where(spoilt, 0.5 + (columns["score"] - 0.5) * 0.1 - 0.06, columns["score"])
    candidate = measured(objects, "candidate", columns)
    gates: dict[str, Gate] = {
        "finds": ThresholdGate(kind="threshold", metric="recall", min=0.3, confidence=0.95),
        "everywhere": SlicesGate(kind="slices", metric="recall", slice="sex", min=0.3, max_gap=0.2),
        "alike": FairnessGate(kind="fairness", slice="sex", reference="1", disparate_impact=0.8, equalised_odds=0.2),
    }
    found = verdicts(objects, gates, candidate)
    assert found["finds"].passed
    assert not found["everywhere"].passed
    assert found["everywhere"].reason.startswith("recall of sex 2 0 is below 0.3; ")
    assert "the gap in recall between sex 2 and the rest" in found["everywhere"].reason
    assert (found["alike"].passed, found["alike"].comparison) == (False, "at least")


def test_calibration_and_worth_are_of_the_predictions() -> None:
    objects, columns = MemoryObjects(), binary(2000)
    candidate = measured(objects, "candidate", columns)
    gates: dict[str, Gate] = {
        "honest": CalibrationGate(kind="calibration", max_brier=0.25),
        "pays": BusinessGate(
            kind="business", values=OutcomeValues(true_positive=10, false_positive=-1), min=2.0, confidence=0.95
        ),
    }
    found = verdicts(objects, gates, candidate)
    brier = float(np.mean((columns["score"] - columns["label"]) ** 2))
    assert found["honest"].value == pytest.approx(brier)
    decided = columns["score"] >= 0.5
    worth = np.where(decided, np.where(columns["label"] == 1, 10, -1), 0)
    assert found["pays"].value == pytest.approx(worth.mean())
    assert "which is worth most on these rows" in found["pays"].reason


def test_a_champion_that_is_the_candidate_or_absent_is_not_compared_with() -> None:
    objects = MemoryObjects()
    candidate = measured(objects, "candidate", binary(200))
    gates: dict[str, Gate] = {"not-worse": champion()}
    assert verdicts(objects, gates, candidate, prod=candidate)["not-worse"].passed
    assert verdicts(objects, gates, candidate)["not-worse"].passed
    old = candidate.model_copy(update={"model": "0" * 64, "predictions": None})
    verdict = verdicts(objects, gates, candidate, prod=old)["not-worse"]
    assert (verdict.passed, verdict.conclusion) == (False, "not enough data")


def robust(metric: str, *perturbations: str, **settings: Any) -> RobustnessGate:
    shuffled = ShufflePerturbation(kind="shuffle", columns=("column1",))
    return RobustnessGate(
        kind="robustness", metric=metric, perturbations=dict.fromkeys(perturbations, shuffled), **settings
    )


def test_the_worst_perturbation_decides_and_all_are_told() -> None:
    objects = MemoryObjects()
    candidate = measured(objects, "candidate", binary(3000, noise=1.0))
    mild, wild = (measured(objects, f"noise-{noise}", binary(3000, noise=noise)) for noise in (1.02, 2.0))
    gates: dict[str, Gate] = {
        "stands": robust("auc", "mild", "wild", max_drop=0.05, confidence=0.95),
        "mostly": robust("auc", "mild", max_drop=0.05, confidence=0.95),
        # Of a metric whose lower values are better, a drop is upwards.
        "decides": robust("brier", "wild", max_drop=0.01),
    }
    perturbed = {
        copy_name(name, of): {"mild": mild, "wild": wild}[of] for name, each in gates.items()
        for of in each.perturbations  # type: ignore[union-attr]
    }  # fmt: skip
    found = verdicts(objects, gates, candidate, perturbed)
    drop = candidate.metrics["auc"].value - wild.metrics["auc"].value
    stands = found["stands"]
    assert (stands.metric, stands.conclusion, stands.limit) == ("drop of auc under wild", "refuted", 0.05)
    assert stands.value == pytest.approx(drop)
    assert stands.interval is not None
    assert stands.interval.low < drop < stands.interval.high
    # Two of the three gates share the mistakes that one may make.
    assert stands.interval.level == pytest.approx(0.975)
    assert f"auc is {candidate.metrics['auc'].value:.4g} on the data as they are" in stands.reason
    assert f", {mild.metrics['auc'].value:.4g} under mild (a drop of " in stands.reason
    assert f", {wild.metrics['auc'].value:.4g} under wild (a drop of " in stands.reason
    assert (found["mostly"].conclusion, found["mostly"].passed) == ("proved", True)
    decides = found["decides"]
    worse = wild.metrics["brier"].value - candidate.metrics["brier"].value
    assert not decides.passed
    assert decides.value == pytest.approx(worse)
    assert worse > 0


def test_few_rows_prove_no_robustness_and_a_copy_that_nobody_evaluated_is_missed() -> None:
    objects = MemoryObjects()
    candidate, other = (measured(objects, f"seed-{seed}", binary(150, seed=seed)) for seed in (1, 2))
    gates: dict[str, Gate] = {"stands": robust("auc", "mild", max_drop=0.001, confidence=0.95)}
    verdict = verdicts(objects, gates, candidate, {"stands/mild": other})["stands"]
    assert (verdict.state, verdict.conclusion, verdict.sample_size) == ("refused", "not enough data", 150)
    with pytest.raises(InputMissingError, match="copy stands/mild; begin there: modelyard run --from perturb"):
        verdicts(objects, gates, candidate)


def test_it_says_how_many_rows_it_looked_at_and_needs_predictions() -> None:
    objects = MemoryObjects()
    candidate = measured(objects, "candidate", binary(200))
    asked = questions({"honest": CalibrationGate(kind="calibration", max_ece=0.1)}, SETTINGS)
    inputs = examine.Inputs(predictions=SETTINGS, evaluation=candidate, champions={}, questions=asked)
    context = surroundings(FakeAccount(objects=objects))
    examine.run(inputs, context)
    assert told(context, "fact") == ["200 rows looked at for honest"]
    without = inputs.model_copy(update={"evaluation": candidate.model_copy(update={"predictions": None})})
    with pytest.raises(InputMissingError, match="begin there: modelyard run --from evaluate"):
        examine.run(without, surroundings(FakeAccount(objects=objects)))
