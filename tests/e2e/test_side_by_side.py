"""Builds at the same time: they do everything once between them, and change an environment one after the other."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.agents import Agent
from tests.e2e.past import assert_consistent, history
from tests.e2e.world import World, another_agent, steered

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = ("sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob", "sagemaker:CreateModelPackage")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


def both(*agents: tuple[World, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Run the pipeline on several agents at once; their summaries."""
    with ExitStack() as stack:
        begun = [
            stack.enter_context(Agent(world, "run", "--json", *words, BUILD_TAG=f"build-{number}"))
            for number, (world, words) in enumerate(agents, 1)
        ]
        told = [agent.end() for agent in begun]
    summaries: list[dict[str, Any]] = [json.loads(out.splitlines()[-1]) for out in told]
    assert [(summary["result"], summary["error"]) for summary in summaries] == [("done", "")] * len(agents)
    return summaries


@pytest.fixture(scope="module")
def same(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two builds of the same commit, the first ones of the project."""
    return both((world, ()), (another_agent(world, tmp_path_factory.mktemp("agents")), ()))


def test_two_builds_of_one_commit_do_everything_once(world: World, same: list[dict[str, Any]]) -> None:
    counts = {operation: len(world.answered(operation)) for operation in JOBS}
    # Two that register at the same moment say the same ClientToken, and get the same version.
    packages = {summary["results"]["register"]["package"] for summary in same}
    assert (*[counts[operation] for operation in JOBS[:2]], len(packages)) == (2, 1, 1)
    assert same[0]["release"] == same[1]["release"] == world.live("qa")
    assert [entry["status"] for entry in history(world, "qa")] == ["done"]
    assert len(world.answered("sagemaker:CreateEndpoint")) == 1
    assert_consistent(world)


@pytest.fixture(scope="module")
def different(
    world: World, same: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """Two builds of different commits of one branch."""
    copy = another_agent(world, tmp_path_factory.mktemp("agents"))
    for agent, accuracy in ((world, "0.91"), (copy, "0.92")):
        file = agent.repository.configuration
        file.write_text(file.read_text().replace('model: "0.9"', f'model: "{accuracy}"'))
        agent.repository.commit(f"an accuracy of {accuracy}")
    return both((world, ()), (copy, ()))


def test_two_builds_of_different_commits_deploy_one_after_the_other(
    world: World, different: list[dict[str, Any]]
) -> None:
    entries = history(world, "qa")[1:]
    assert {entry["release"] for entry in entries} == {summary["release"] for summary in different}
    assert [entry["status"] for entry in entries] == ["done", "done"]
    assert entries[0]["ended"] <= entries[1]["ended"]
    assert entries[1]["replaced"] == entries[0]["release"], "the second one saw the first"
    assert world.live("qa") == entries[1]["release"]
    assert_consistent(world)


def promote(world: World, *releases: str) -> None:
    """Promote releases to production, all at once."""
    with ExitStack() as stack:
        agents = [stack.enter_context(Agent(world, "promote", release, "--to", "prod")) for release in releases]
        for agent in agents:
            agent.end()


def test_two_promotions_of_one_release_deploy_it_once(world: World, same: list[dict[str, Any]]) -> None:
    release = str(same[0]["release"])
    promote(world, release, release)
    assert [(entry["release"], entry["action"]) for entry in history(world, "prod")] == [(release, "promote")]
    assert world.live("prod") == release


def test_two_promotions_of_different_releases_come_one_after_the_other(
    world: World, different: list[dict[str, Any]]
) -> None:
    before = len(history(world, "prod"))
    promote(world, *(str(summary["release"]) for summary in different))
    entries = history(world, "prod")[before:]
    assert {entry["release"] for entry in entries} == {summary["release"] for summary in different}
    assert [entry["status"] for entry in entries] == ["done", "done"]
    assert world.live("prod") == entries[-1]["release"]
    assert_consistent(world)


def test_a_promotion_and_a_deployment_elsewhere_do_not_wait_for_each_other(
    world: World, different: list[dict[str, Any]]
) -> None:
    release = next(one for one in (str(summary["release"]) for summary in different) if one != world.live("prod"))
    with Agent(world, "run", "--set", "training.hyperparameters.model=0.97") as deploying:
        deploying.hold("sagemaker:UpdateEndpoint", seconds=50)
        world.modelyard("promote", release, "--to", "prod")
        assert world.answered("sagemaker:UpdateEndpoint", deploying.since)[-1].account == "333333333333"
        assert world.live("prod") == release
