"""Gates over everything that a run can bring them: a refusal is a result, and touches nothing."""

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


@pytest.mark.parametrize(("least", "refusal"), [(0.9, None), (0.99, "auc 0.98 is below the least allowed 0.99")])
def test_a_verdict_asks_nothing_of_aws(world: World, least: float, refusal: str | None) -> None:
    inputs = gate.Inputs(
        gates={"separates": ThresholdGate(kind="threshold", metric="auc", min=least)},
        better={"auc": "higher"},
        evaluation=evaluation(),
        champions={},
    )
    since = world.last_call()
    result = run_step(gate.STEP, inputs, world.context()).result
    assert (result.refusal or "").startswith(refusal or "")
    assert (result.refusal is None) == (refusal is None)
    assert world.cloud.calls(since) == []
