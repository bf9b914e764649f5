"""A model repository through its jobs: prepare, train and evaluate, each of whose results is the next one's input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.predictions import Predictions
from agent.ports.jobs import JobKind
from agent.runner import run_step
from pipeline_steps import evaluate, prepare, train
from tests.contract.steps.job_world import RESOURCES, JobWorld, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[3] / "examples" / "tumour-byo"
METRICS = ("auc", "recall", "precision", "accuracy")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"), EXAMPLE / "container")


def preparation(world: JobWorld) -> prepare.Inputs:
    tumours = (EXAMPLE / "data" / "tumours.csv").read_text()
    return prepare.Inputs(
        project="tumour",
        bucket=world.bucket,
        role=world.role,
        image=world.image,
        script=world.copied_script(EXAMPLE / "prepare.py"),
        sources={"tumours": world.data_set("tumours", {"tumours.csv": tumours}, "text/csv")},
        outputs=("training", "evaluation", "split"),
        resources=RESOURCES,
        max_runtime=600,
    )


def test_the_tumour_example_is_prepared_trained_and_measured(world: JobWorld) -> None:
    context = world.context()
    prepared = run_step(prepare.STEP, preparation(world), context).result
    training = train.Inputs(
        project="tumour",
        bucket=world.bucket,
        role=world.role,
        image=world.image,
        channels={"training": prepared.data["training"]},
        hyperparameters={"trees": "20", "malignant_weight": "2"},
        resources=RESOURCES,
        max_runtime=600,
        metric_definitions={"training-auc": "training-auc=([0-9.]+)"},
    )
    trained = run_step(train.STEP, training, context).result
    evaluation = evaluate.Inputs(
        project="tumour",
        bucket=world.bucket,
        role=world.role,
        model=trained.model,
        champions=(),
        method=world.copied_script(EXAMPLE / "evaluate.py"),
        data=prepared.data["evaluation"],
        metrics=METRICS,
        predictions=Predictions(task="binary"),
        resources=RESOURCES,
        max_runtime=600,
    )
    measured = run_step(evaluate.STEP, evaluation, context).result.evaluation
    assert trained.metrics["training-auc"] > 0.95
    assert set(measured.metrics) >= set(METRICS)
    assert measured.metrics["auc"].value > 0.9


def test_jobs_are_tagged_with_what_made_them(world: JobWorld) -> None:
    context = world.context()
    job = run_step(prepare.STEP, preparation(world), context).result.job
    state = world.account.jobs.describe(JobKind.PROCESSING, job)
    assert state is not None
    found = world.cloud.client("sagemaker").list_tags(ResourceArn=state.arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in found} == {
        "modelyard:project": "tumour",
        "modelyard:step": "prepare",
        "modelyard:key": prepare.STEP.key(preparation(world)),
        "modelyard:run": context.run.id,
    }
