"""Requests of a build server find the stage that they speak of, and nothing that their build does not have."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config.builds import Build
from agent.errors import UsageError
from agent.ledger.ledger import Ledger
from agent.pipeline.lookup import Found, Wanted, find_stage
from agent.release.store import ReleaseStore
from tests.fakes import MemoryObjects
from tests.unit.pipeline.configured import three_environments
from tests.unit.pipeline_steps.vouched import release

CONFIGURATION = three_environments()
MAIN, BRANCH, PULL_REQUEST = Build(branch="main"), Build(branch="better"), Build(pull_request=7)


@pytest.fixture
def releases() -> ReleaseStore:
    return ReleaseStore(Ledger(MemoryObjects(), "bucket"))


def find(releases: ReleaseStore, step: str, build: Build = MAIN, **wanted: Any) -> Found:
    return find_stage(Wanted(step=step, **wanted), CONFIGURATION, build, releases)


def title(found: Found) -> str:
    assert found.stage is not None
    return found.stage.title


def test_a_step_without_a_stage_is_the_one_of_its_own_name(releases: ReleaseStore) -> None:
    assert title(find(releases, "check_endpoint")) == "Check endpoint"


def test_a_stage_tells_several_of_one_step_apart(releases: ReleaseStore) -> None:
    assert title(find(releases, "check_endpoint", stage="check_endpoint-qa")) == "Check endpoint in qa"
    assert title(find(releases, "promote", stage="promote-qa")) == "Promote to qa"


def test_a_stage_is_of_the_step_that_is_asked_for(releases: ReleaseStore) -> None:
    with pytest.raises(UsageError, match="the stage promote-qa is not one of the step deploy"):
        find(releases, "deploy", stage="promote-qa")


@pytest.mark.parametrize(
    ("build", "step", "stage", "told"),
    [
        (BRANCH, "promote", "promote-qa", "a build of branch better has no stage promote-qa"),
        (PULL_REQUEST, "deploy", "", "a build of pull request 7 has no stage deploy"),
        (PULL_REQUEST, "rollback", "", "a build of pull request 7 has no stage rollback"),
        (Build(tag="v1"), "promote", "promote-prod", "a build of tag v1 has no stage promote-prod"),
    ],
)
def test_a_build_does_nothing_that_is_not_its_own(
    releases: ReleaseStore, build: Build, step: str, stage: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        find(releases, step, build, stage=stage, inputs={"release": "a" * 64, "environment_name": "qa"})


def test_a_promotion_names_release_and_environment(releases: ReleaseStore) -> None:
    digest = releases.write(release())
    found = find(releases, "promote", inputs={"release": digest[:8], "environment_name": "prod", "strategy": "canary"})
    assert title(found) == "Promote to prod"
    assert "release" not in found.inputs
    assert found.inputs["strategy"] == "canary"


@pytest.mark.parametrize("inputs", [{}, {"release": "123456"}, {"environment_name": "prod"}])
def test_a_promotion_of_nothing_says_what_it_needs(releases: ReleaseStore, inputs: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="the step promote needs the inputs release and environment_name"):
        find(releases, "promote", inputs=inputs)


def test_a_rollback_needs_no_release(releases: ReleaseStore) -> None:
    found = find(releases, "rollback", inputs={"release": "", "environment_name": "prod"})
    assert title(found) == "Roll prod back"


@pytest.mark.parametrize(("step", "build"), [("promote", MAIN), ("rollback", MAIN), ("promote", BRANCH)])
def test_the_check_of_a_promotion_is_of_what_was_promoted(releases: ReleaseStore, step: str, build: Build) -> None:
    results = {step: {"environment_name": "prod", "release": "a" * 64}}
    found = find(releases, "check_endpoint", build, results=results)
    assert found.stage is not None
    assert (found.stage.environment, found.stage.needs) == ("prod", (step,))
