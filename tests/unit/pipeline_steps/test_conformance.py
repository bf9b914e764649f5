"""Every file of `pipeline_steps` is a step in full: what derives from it can rely on its shape."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.builds import Build
from agent.config.data_gates import LeakageGate
from agent.config.gate import CustomGate, ThresholdGate
from agent.config.pull_requests import EphemeralEndpoint, PullRequests
from agent.config.robustness import RobustnessGate, ShufflePerturbation
from agent.config.supply_gates import BaseImageGate
from agent.config.system_gates import ModelSizeGate
from agent.pipeline.stages import course
from agent.registry import find_step, step_names, summary
from agent.view.step_reference import steps_page
from tests.sources import ROOT
from tests.unit.pipeline.configured import predicting, three_environments

if TYPE_CHECKING:
    from agent.step import Step, StepModel

BESIDE_THE_PIPELINE = {"approve", "override", "review", "rollback"}


@pytest.fixture(params=step_names())
def step(request: pytest.FixtureRequest) -> Step[Any, Any]:
    return find_step(request.param)


def test_a_step_is_named_after_its_file(step: Step[Any, Any]) -> None:
    assert step.name in step_names()
    assert summary(step.name).endswith(".")


def test_every_field_is_described(step: Step[Any, Any]) -> None:
    models: tuple[type[StepModel], ...] = (step.inputs, step.result)
    undescribed = [
        f"{model.__name__}.{name}"
        for model in models
        for name, known in model.model_fields.items()
        if not known.description
    ]
    assert undescribed == []


def test_its_functions_take_inputs_and_context(step: Step[Any, Any]) -> None:
    for function in filter(None, (step.run, step.plan, step.recall, step.leave)):
        assert len(inspect.signature(function).parameters) == 2, function


def test_it_has_json_schemas(step: Step[Any, Any]) -> None:
    assert step.inputs.model_json_schema()["type"] == "object"
    assert step.result.model_json_schema()["type"] == "object"


def test_every_step_has_a_place_in_the_pipeline_or_beside_it() -> None:
    builds = (Build(branch="main"), Build(pull_request=7))
    sure = ThresholdGate(kind="threshold", metric="accuracy", min=0.9, confidence=0.95)
    configuration = predicting(
        three_environments(
            pull_requests=PullRequests(endpoint=EphemeralEndpoint(environment="dev")),
            gates={
                "own": CustomGate(kind="custom", entry_point="gates:own"),
                "sure": sure,
                "stands": RobustnessGate(
                    kind="robustness",
                    metric="accuracy",
                    max_drop=0.1,
                    perturbations={"any": ShufflePerturbation(kind="shuffle", columns=("column1",))},
                ),
                "base": BaseImageGate(kind="base-image"),
                "apart": LeakageGate(kind="leakage"),
                "small": ModelSizeGate(kind="model-size", most_mb=1),
            },
        )
    )
    steps = {stage.step.name for build in builds for stage in course(configuration, build)}
    assert steps | BESIDE_THE_PIPELINE == set(step_names())


@pytest.mark.parametrize("build", [Build(branch="main"), Build(branch="better"), Build(pull_request=7)], ids=str)
def test_stages_need_only_stages_before_them(build: Build) -> None:
    seen: set[str] = set()
    for stage in course(three_environments(), build):
        assert set(stage.needs) <= seen, stage.name
        seen.add(stage.name)


def test_the_reference_page_is_current() -> None:
    assert (ROOT / "docs/reference/steps.md").read_text() == steps_page("python docs/steps.py")
