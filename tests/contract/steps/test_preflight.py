"""A preflight of real roles in three accounts: what is bootstrapped passes, and what is spoilt is named."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, InputMissingError, ModelyardError
from agent.runner import run_step
from pipeline_steps import preflight
from tests.contract.steps.deploy_world import PROD, QA, TOOLS, World, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.cloud.clear_faults()


def inputs(world: World, **changes: Any) -> preflight.Inputs:
    whole: dict[str, Any] = {
        "project": world.project,
        "tools": world.configuration.tools,
        "environments": world.configuration.environments,
        "image_sources": "latest",  # the tag under which the world has its image
    }
    return preflight.Inputs(**{**whole, **changes})


def look(world: World, **changes: Any) -> dict[tuple[str, str], str]:
    result = run_step(preflight.STEP, inputs(world, **changes), world.context()).result
    return {(check.where.partition(" ")[0], check.what): check.found for check in result.checks}


def refused(world: World, kind: type[ModelyardError], **changes: Any) -> list[str]:
    """What is wrong, a line each."""
    with pytest.raises(kind) as caught:
        look(world, **changes)
    return [line for line in str(caught.value).splitlines() if "WRONG" in line]


def test_what_is_bootstrapped_lets_the_pipeline_work(world: World) -> None:
    found = look(world)
    assert found["tools", "artifact bucket"] == f"{world.bucket} in us-east-1"
    for name, account in (("tools", TOOLS), ("qa", QA), ("prod", PROD)):
        assert re.fullmatch(rf"arn:aws:sts::{account}:assumed-role/{world.project}-.*/\w+", found[name, "identity"])
        assert found[name, "image"] == f"{world.project}@{world.image.digest}"
    assert found["prod", "execution role"] == f"arn:aws:iam::{PROD}:role/{world.project}-prod-hosting"


def test_it_writes_nothing(world: World) -> None:
    since = world.last_call()
    look(world)
    assert world.writes(since) == []


def test_a_wrong_external_id_is_found_before_anything_is_spent(world: World) -> None:
    environments = {**world.configuration.environments, "prod": world.environment("prod", external_id="guessed")}
    wrong = refused(world, AccessDeniedError, environments=environments)
    assert any(
        re.search(rf"prod \({PROD}, us-east-1\)  identity: .*sts:AssumeRole.*-prod-deploy", line) for line in wrong
    )
    assert all(line.split()[1] == "prod" for line in wrong)


def test_another_project_has_nothing_here(world: World) -> None:
    """The project's role is told no more than that it may not ask."""
    wrong = refused(world, AccessDeniedError, project="another-project")
    assert any("artifact bucket" in line for line in wrong)
    assert any("image repository" in line for line in wrong)


def test_a_model_package_group_that_was_removed_is_missed(world: World) -> None:
    """All packages have to go before their group can."""
    sagemaker = world.sagemaker("tools")
    sagemaker.delete_model_package(ModelPackageName=world.package)
    sagemaker.delete_model_package_group(ModelPackageGroupName=world.project)
    try:
        (line,) = refused(world, InputMissingError)
    finally:
        sagemaker.create_model_package_group(ModelPackageGroupName=world.project)
    assert f"there is no model package group {world.project}; create it with: modelyard bootstrap apply" in line


def test_a_bad_moment_is_waited_out(world: World) -> None:
    for kind in ("throttling", "cut"):
        world.cloud.fault(kind, operation="sts:AssumeRole", count=2)
        world.cloud.fault(kind, operation="ecr:*", count=2)
        assert len(look(world)) == len(look(replace(world)))
