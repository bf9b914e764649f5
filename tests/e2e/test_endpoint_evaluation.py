"""A model that is evaluated through its endpoints, on its way from a build into production."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.world import World, stages, steered, told

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERING = (
    "--set", "evaluation.script=",
    "--set", "evaluation.transform={}",
    "--set", "evaluation.predictions={task: binary}",
)  # fmt: skip
"""The model's own evaluation is of its serving code, too, so that both come to the same."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


def evaluating(environment: str, **metrics: Any) -> tuple[str, str]:
    """Words of a run whose environment evaluates the model through its endpoint."""
    return "--set", f"environments.{environment}.checks.evaluation={json.dumps({'data': 'rows', 'metrics': metrics})}"


def test_every_environment_evaluates_what_it_serves(world: World) -> None:
    built = world.run(*ANSWERING, *evaluating("qa", auc={"min": 0.9}, brier={"max": 0.1}))
    found = built["results"]["check_endpoint"]
    assert (found["evaluated"], found["missed"]) == (2, [])
    for name in ("accuracy", "auc", "log_loss"):
        assert found["metrics"][name]["value"] == found["metrics"][name]["own"]
    assert found["measurements"].startswith("s3://steered-111111111111-us-east-1/evaluations/steered-check-endpoint-")
    brought = ("promote", built["release"], "--to", "prod", *ANSWERING)
    said = world.modelyard(*brought, *evaluating("prod", auc={"min": 0.9})).stderr
    assert "auc 1 on 2 held-out rows, evaluated through endpoint steered-prod" in said


def test_a_limit_that_is_missed_keeps_a_release_where_it_is(world: World) -> None:
    failed = world.run(*ANSWERING, *told(model="0.95"), *evaluating("qa", brier={"max": 0.01}), exits=7)
    assert "of held-out rows, brier 0.025 is above 0.01" in failed["error"]
    refused = world.modelyard("promote", failed["release"], "--to", "prod", *ANSWERING, exits=2)
    assert "did not pass its check" in refused.stderr


def test_a_run_whose_check_alone_fails_is_known_although_it_wrote_nothing(world: World) -> None:
    asked = (*ANSWERING, *told(model="0.9"))
    world.run(*asked, *evaluating("qa", brier={"max": 0.1}))
    failed = world.run(*asked, *evaluating("qa", brier={"max": 0.001}), exits=7)
    assert stages(failed)["deploy"] == "recalled"
    (last,) = world.status()["runs"]
    assert (last["id"], last["result"]) == (failed["run"], "failed")
