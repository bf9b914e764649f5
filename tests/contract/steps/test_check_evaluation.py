"""The step `check_endpoint` evaluates a model through its endpoint: what clients get is what is measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.predictions import Predictions
from agent.errors import UserCodeFailedError
from agent.measurements import Measurements
from tests.contract.steps.deploy_world import World, new_world
from tests.fakes import KeptReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.environment import Environment

GOOD = "".join(f"{n % 2},{0.3 * (n % 2) + 0.01 * (n % 60)},{'mf'[n % 3 == 0]}\n" for n in range(1200))
"""Labels, scores that tell the classes apart as well as not, and sexes."""
BY_SEX = Predictions(task="binary", slices=("sex",), columns={"sex": "column2"})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def evaluating(world: World, metrics: dict[str, Any], **settings: Any) -> Environment:
    return world.environment(checks={"evaluation": {"metrics": metrics, **settings}})


def test_a_good_model_is_measured_with_intervals_and_slices(world: World) -> None:
    release = world.release(rows=GOOD, columns="1")
    world.deploy(release)
    environment = evaluating(world, {"auc": {"min": 0.7, "confidence": 0.95}, "recall": {"min": 0.1}}, concurrency=3)
    result = world.check(environment=environment, predictions=BY_SEX, metrics=("auc",))
    auc = result.metrics["auc"]
    assert result.evaluated == 1200
    assert auc.interval is not None
    assert 0.7 < auc.interval.low < auc.value < auc.interval.high < 1
    assert auc.own == 0.9
    assert {"log_loss", "f1", "mcc"} <= set(result.metrics)
    found = Measurements.model_validate_json(kept(world, result.measurements))
    assert [(each.value, each.rows) for each in found.slices[0].slices] == [("m", 800), ("f", 400)]
    assert set(found.slices[0].slices[0].metrics) == {"auc", "recall"}
    assert found.roc
    assert found.predictions.rows == 1200
    assert kept(world, found.predictions.uri + "predictions.parquet")[:4] == b"PAR1"
    assert "binary_classification_metrics" in json.loads(kept(world, found_report(result.measurements)))
    check = world.environments.checked("qa", release)
    assert check is not None
    assert (check.passed, check.evaluated, check.metrics["auc"].value) == (True, 1200, auc.value)


def found_report(measurements: str) -> str:
    """The report in SageMaker's format beside the measurements."""
    return measurements.replace("measurements.json", "evaluation.json")


def kept(world: World, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def test_a_model_that_is_served_otherwise_than_it_was_evaluated_is_told(world: World) -> None:
    """Its own evaluation says that the AUC is 0.9."""
    world.deploy(world.release(rows=GOOD, columns="1"))
    ctx = world.context()
    world.check(environment=evaluating(world, {"auc": {"min": 0.5}}), predictions=BY_SEX, metrics=("auc",), ctx=ctx)
    assert isinstance(ctx.report, KeptReport)
    (told,) = ctx.report.of("warn")
    assert "own evaluation: auc is 0." in told
    assert "and was 0.9; compare how" in told


def test_a_limit_that_is_missed_fails_and_everything_measured_is_kept(world: World) -> None:
    release = world.release(rows=GOOD, columns="1")
    world.deploy(release)
    limits = {"auc": {"min": 0.99}, "accuracy": {"min": 0.5}, "brier": {"max": 0.01, "confidence": 0.9}}
    with pytest.raises(UserCodeFailedError) as failure:
        world.check(environment=evaluating(world, limits), predictions=BY_SEX)
    told = str(failure.value)
    assert "of held-out rows, auc 0." in told
    assert "is below 0.99" in told
    assert "brier 0." in told
    assert "(90 % interval 0." in told
    assert "accuracy" not in told
    check = world.environments.checked("qa", release)
    assert check is not None
    assert not check.passed
    assert len(check.missed) == 2
    assert check.measurements
    assert failure.value.found["metrics"] == json.loads(check.model_dump_json())["metrics"]


def test_classes_are_measured_without_probabilities(world: World) -> None:
    world.deploy(world.release(rows="".join(f"{n % 3},{n % 3 if n % 5 else 1}.0\n" for n in range(300))))
    limits = {"accuracy": {"min": 0.8, "confidence": 0.95}, "macro_f1": {"min": 0.8}}
    result = world.check(environment=evaluating(world, limits), predictions=Predictions(task="multiclass"))
    assert result.metrics["accuracy"].value == pytest.approx(1 - 40 / 300)
    assert "log_loss" not in result.metrics


def test_too_few_rows_prove_nothing(world: World) -> None:
    world.deploy(world.release(rows="".join(f"{n % 2},{0.6 - 0.2 * (n % 3 == 0)}\n" for n in range(12)), columns="1"))
    limits = {"accuracy": {"min": 0.4, "confidence": 0.95}}
    with pytest.raises(UserCodeFailedError, match="not enough data to prove that accuracy"):
        world.check(environment=evaluating(world, limits), predictions=Predictions(task="binary"))


def test_a_metric_that_rows_do_not_tell_decides_only_where_it_is_limited(world: World) -> None:
    world.deploy(world.release(rows=GOOD, columns="1"))
    result = world.check(
        environment=evaluating(world, {"accuracy": {"min": 0}}, rows=1), predictions=BY_SEX, metrics=("auc", "accuracy")
    )
    assert "accuracy" in result.metrics
    assert "auc" not in result.metrics
    with pytest.raises(UserCodeFailedError, match="not enough data to judge auc: it is not defined for these rows"):
        world.check(environment=evaluating(world, {"auc": {"min": 0.5}}, rows=1), predictions=BY_SEX)


@pytest.mark.parametrize(
    ("doing", "told"),
    [
        ({"answer": "benign"}, "the answer to row 0 is 'benign', expected the probability of class 1"),
        ({"answer": "0.5\n0.5"}, "1 held-out rows were answered with 2 predictions, expected one a line"),
        ({"answer": "0.5", "status": "500"}, "held-out rows: "),
    ],
)
def test_answers_that_cannot_be_measured_are_told(world: World, doing: dict[str, Any], told: str) -> None:
    release = world.release(rows="1,0.5\n", **doing)
    world.deploy(release)
    with pytest.raises(UserCodeFailedError) as failure:
        world.check(environment=evaluating(world, {"auc": {"min": 0.5}}), predictions=Predictions(task="binary"))
    assert told in str(failure.value)
    check = world.environments.checked("qa", release)
    assert check is not None
    assert (check.passed, check.evaluated, check.metrics) == (False, 1, {})


def test_the_same_rows_are_asked_again_and_their_answers_kept_once(world: World) -> None:
    release = world.release(rows=GOOD, columns="1")
    world.deploy(release)
    failing = evaluating(world, {"auc": {"min": 0.99}}, rows=200)
    for _ in range(2):
        with pytest.raises(UserCodeFailedError, match="auc"):
            world.check(environment=failing, predictions=BY_SEX)
    check = world.environments.checked("qa", release)
    assert check is not None
    assert check.evaluated == 200
    place = check.measurements.partition("/measured/")[0].partition("/evaluations/")[2]
    found = world.s3.list_objects_v2(Bucket=world.bucket, Prefix="evaluations/" + place.partition("/")[0])
    assert sum(each["Key"].endswith(".parquet") for each in found["Contents"]) == 1
