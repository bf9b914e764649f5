"""What is allowed but hardly meant is said before anything is spent, and what is meant is not nagged about."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config.environment import Alarm, CanaryStrategy, CheckRequest, Checks, Endpoint, Environment, InstanceHosting
from agent.config.gate import ChampionGate, ThresholdGate
from agent.config.model import (
    Configuration,
    DataSource,
    Evaluation,
    Image,
    Metric,
    Tools,
    Training,
)
from agent.config.section import Resources
from pipeline_steps import validate
from tests.unit.pipeline_steps.surroundings import surroundings, told

RESOURCES = Resources(instance_type="ml.m5.large")
BLOCKS = ThresholdGate(kind="threshold", metric="auc", min=0.96)
ALARMED = CanaryStrategy(
    kind="canary", alarms={"errors": Alarm(metric="Invocation5XXErrors", statistic="Sum", above=5)}
)


def environment(account: str, **changes: Any) -> Environment:
    whole: dict[str, Any] = {
        "account": account,
        "region": "us-east-1",
        "execution_role": f"arn:aws:iam::{account}:role/tumour-execution",
        "endpoint": Endpoint(name=f"tumour-{account}", instance=InstanceHosting(type="ml.m5.large"), strategy=ALARMED),
        "checks": Checks(requests=(CheckRequest(body="1,2,3"),)),
    }
    return Environment(**{**whole, **changes})


def configuration(**changes: Any) -> Configuration:
    whole: dict[str, Any] = {
        "project": "tumour",
        "tools": Tools(
            account="111111111111",
            region="us-east-1",
            execution_role="arn:aws:iam::111111111111:role/tumour-execution",
        ),
        "data": {"training": DataSource(path="data/training"), "evaluation": DataSource(path="data/evaluation")},
        "image": Image(base_image=f"python@sha256:{'0' * 64}"),
        "training": Training(resources=RESOURCES),
        "evaluation": Evaluation(script="evaluate.py", resources=RESOURCES, metrics={"auc": Metric(better="higher")}),
        "gates": {"separates": BLOCKS},
        "environments": {
            "qa": environment("222222222222"),
            "prod": environment("333333333333", production=True, external_id="tumour-prod"),
        },
    }
    return Configuration(**{**whole, **changes})


def doubts(**changes: Any) -> list[str]:
    return list(validate.find_doubts(configuration(**changes)))


def production(**changes: Any) -> dict[str, Environment]:
    return {
        "qa": environment("222222222222", checks=Checks()),
        "prod": environment("333333333333", production=True, external_id="tumour-prod", **changes),
    }


def test_a_careful_configuration_raises_no_doubt() -> None:
    assert doubts() == []


def test_no_gates_let_every_model_pass() -> None:
    assert doubts(gates={}) == ["there are no gates: every model is released; write one under `gates`"]


def test_gates_that_only_warn_let_every_model_pass() -> None:
    warns = BLOCKS.model_copy(update={"severity": "warn"})
    assert doubts(gates={"separates": warns}) == [
        "no gate blocks: every model is released; give one the severity `block`"
    ]


@pytest.mark.parametrize(("compared", "count"), [("qa", 1), ("prod", 0)])
def test_a_champion_that_every_run_replaces_is_no_champion(compared: str, count: int) -> None:
    gate = ChampionGate(kind="champion", metric="auc", environment=compared)
    found = doubts(gates={"separates": BLOCKS, "not-worse": gate})
    assert len(found) == count
    assert all("gate `not-worse` compares with `qa`, where every run deploys" in doubt for doubt in found)


def test_a_model_is_not_measured_on_what_it_has_seen() -> None:
    training = Training(channels={"training": "evaluation"}, resources=RESOURCES)
    (doubt,) = doubts(training=training)
    assert "evaluated on `evaluation`, which it is trained on (channel `training`)" in doubt


def test_a_floating_base_image_is_another_one_tomorrow() -> None:
    (doubt,) = doubts(image=Image(base_image="python:3.11-slim"))
    assert doubt.startswith("the base image python:3.11-slim may be another one tomorrow")
    assert doubts(image=Image(builder="process", base_image="python:3.11-slim")) == []


def test_production_is_checked() -> None:
    (doubt,) = doubts(environments=production(checks=Checks()))
    assert doubt.startswith("production environment `prod` has no checks")


def test_production_has_alarms() -> None:
    endpoint = Endpoint(name="tumour-prod", instance=InstanceHosting(type="ml.m5.large"))
    (doubt,) = doubts(environments=production(endpoint=endpoint))
    assert doubt.startswith("production environment `prod` has no alarms")


def test_production_can_be_rolled_back_fast() -> None:
    (doubt,) = doubts(environments=production(keep=0))
    assert doubt.startswith("production environment `prod` keeps no earlier deployment")


def test_doubts_are_told_and_end_nothing() -> None:
    context = surroundings()
    result = validate.run(validate.Inputs(configuration=configuration(gates={})), context)
    assert list(result.warnings) == told(context, "warn")
    assert told(context, "fact") == ["tumour: 0 gates, then qa → prod"]


def test_a_configuration_comes_through_json_as_it_is() -> None:
    inputs = validate.Inputs(configuration=configuration())
    assert validate.Inputs.model_validate_json(inputs.model_dump_json()) == inputs
