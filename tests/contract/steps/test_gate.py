"""Gates on a cloud: a refusal is a result, and nothing is written; only overrides are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.gate import ThresholdGate
from agent.runner import run_step
from pipeline_steps import gate
from tests.contract.steps.deploy_world import World, new_world
from tests.unit.pipeline_steps.vouched import evaluation

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


def judged(world: World, least: float) -> gate.Result:
    inputs = gate.Inputs(
        gates={"separates": ThresholdGate(kind="threshold", metric="auc", min=least)},
        better={"auc": "higher"},
        evaluation=evaluation(),
        champions={},
    )
    return run_step(gate.STEP, inputs, world.context()).result


def test_a_verdict_asks_nothing_of_aws(world: World) -> None:
    since = world.last_call()
    assert judged(world, 0.9).refusal is None
    assert world.cloud.calls(since) == []


def test_a_refusal_asks_only_whether_somebody_overrides_it(world: World) -> None:
    since = world.last_call()
    refusal = judged(world, 0.99).refusal or ""
    assert refusal.startswith("auc 0.98 is below the least allowed 0.99")
    asked = {call.action for call in world.cloud.calls(since)}
    assert asked <= {"sts:AssumeRole", "s3:ListBucket"}
