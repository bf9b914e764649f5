"""A release goes to production only with the yes of somebody else: by commands, and through the build server's door."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode
from agent.who import login
from tests.e2e.past import assert_consistent, history
from tests.e2e.world import World, steered, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = {"id": "jenkins-models-promote-3", "who": "bob", "build_url": "http://jenkins/job/promote/3/"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Production wants four eyes, and whoever is at this keyboard makes the releases."""
    with EmbeddedCloud() as cloud:
        made = steered(cloud, tmp_path_factory.mktemp("repositories"))
        with made.repository.configuration.open("a") as file:
            file.write(f"    approval: {{approvers: [{json.dumps(login())}, bob], four_eyes: true}}\n")
        made.repository.commit("Production wants four eyes")
        yield made


@pytest.fixture(scope="module")
def release(world: World) -> str:
    """The release that qa has proved."""
    return str(world.run()["release"])


@pytest.fixture(scope="module")
def promoted(world: World, release: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The release, reviewed, approved by bob, and promoted."""
    folder = tmp_path_factory.mktemp("build")
    found = step(world, folder, "review", {"release": release, "environment_name": "prod"})
    said = {"release": found["result"]["release"], "environment_name": "prod", "by": "bob", "reason": "it is time"}
    approval = step(world, folder, "approve", {**said, "review": found["result"]["digest"]})
    assert not approval["recalled"]
    assert step(world, folder, "approve", said)["result"] == approval["result"]
    chosen = {"release": release, "environment_name": "prod", "strategy": "configured"}
    step(world, folder, "promote", chosen, stage="promote")
    return release


def step(
    world: World, folder: Path, name: str, inputs: dict[str, str], *, exits: int = 0, stage: str = ""
) -> dict[str, Any]:
    """A step of a promote job; what its result file says."""
    request, result = folder / f"{name}.request.json", folder / f"{name}.result.json"
    request.write_text(json.dumps({"contract": 1, "step": name, "stage": stage or name, "run": RUN, "inputs": inputs}))
    world.modelyard("step", name, "--request", str(request), "--result", str(result), exits=exits)
    answer: dict[str, Any] = json.loads(result.read_text())
    return answer


def answered(world: World, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(world.modelyard(*words, "--json").stdout)
    return document


def test_without_an_approval_the_promotion_says_how_to_get_one(world: World, release: str) -> None:
    refused = world.modelyard("promote", release, "--to", "prod", exits=ExitCode.INPUT_MISSING)
    assert f"bob may approve it, in the job promote or with: modelyard approve {release[:12]}" in refused.stderr
    assert history(world, "prod") == []


def test_whoever_made_it_may_not_approve_it(world: World, release: str) -> None:
    words = ("approve", release[:12], "--to", "prod", "--reason", "it is mine")
    refused = world.modelyard(*words, exits=ExitCode.ACCESS_DENIED)
    assert f"{login()} is an author of the release" in refused.stderr


def test_nobody_approves_as_somebody_else_by_a_variable(world: World, release: str) -> None:
    words = ("approve", release[:12], "--to", "prod", "--reason", "it is mine")
    world.modelyard(*words, exits=ExitCode.ACCESS_DENIED, LOGNAME="bob", USER="bob")


def test_the_rule_is_not_changed_for_one_run(world: World, release: str) -> None:
    words = ("promote", release, "--to", "prod", "--set", "environments.prod.approval=")
    assert "cannot be changed for one run" in world.modelyard(*words, exits=ExitCode.USAGE).stderr


def test_the_evidence_is_for_people_and_for_programs(world: World, release: str) -> None:
    found = answered(world, "review", release[:12], "--to", "prod")
    assert (found["release"], found["needs_approval"], found["approvers"]) == (release, True, ["bob"])
    shown = world.modelyard("review", release[:12], "--to", "prod").stdout.splitlines()
    assert shown == found["lines"]


def test_a_strategy_that_there_is_not_is_told_with_those_that_there_are(world: World, release: str) -> None:
    refused = world.modelyard("promote", release, "--to", "prod", "--strategy", "slowly", exits=ExitCode.USAGE)
    assert "'configured', 'all_at_once', 'canary', 'linear', 'rolling'" in refused.stderr


def test_the_approval_is_in_the_history_and_told(world: World, promoted: str) -> None:
    (entry,) = history(world, "prod")
    assert (entry["approval"]["by"], entry["approval"]["reason"]) == ("bob", "it is time")
    (prod,) = [one for one in world.status()["environments"] if one["environment"] == "prod"]
    assert (prod["by"], prod["approved_by"], prod["approval_reason"]) == ("promote by bob", "bob", "it is time")
    assert "promote by bob, approved by bob: it is time" in world.modelyard("status").stdout
    (approval,) = answered(world, "releases", promoted)["approvals"]
    assert (approval["by"], approval["environment"], len(approval["review"])) == ("bob", "prod", 64)
    assert "approved by bob at" in world.modelyard("releases", promoted).stdout
    assert_consistent(world)


def test_what_can_be_chosen_is_told(world: World, promoted: str) -> None:
    better = str(world.run(*told(model="0.95"))["release"])
    found = answered(world, "choices")
    assert {name: found[name] for name in ("contract", "project", "environments", "rollback")} == {
        "contract": 1, "project": "steered", "environments": ["prod"], "rollback": {"qa": [promoted]},
    }  # fmt: skip
    assert [offer["value"] for offer in found["releases"]] == [better, promoted]
    assert "accuracy=0.95 | live in qa" in found["releases"][0]["label"]
    shown = world.modelyard("choices").stdout
    assert better[:12] in shown
    assert "strategies: configured, all_at_once" in shown


def test_the_evidence_compares_with_what_is_live(world: World, promoted: str) -> None:
    better = str(world.run(*told(model="0.97"))["release"])
    found = answered(world, "review", better, "--to", "prod")
    (metric,) = [change for change in found["changes"] if change["topic"] == "metrics"]
    assert (metric["live"], metric["wanted"], metric["judgement"]) == ("0.9", "0.97", "better")
    assert found["title"].endswith("accuracy 0.97 (better, was 0.9)")


@pytest.fixture(scope="module")
def taken_back(world: World, promoted: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A better release that was live in production until somebody rolled it back."""
    folder = tmp_path_factory.mktemp("rollback")
    better = str(world.run(*told(model="0.96"))["release"])
    step(world, folder, "approve", {"release": better, "environment_name": "prod", "by": "bob", "reason": "again"})
    step(world, folder, "promote", {"release": better, "environment_name": "prod"})
    found = step(world, folder, "review", {"action": "rollback", "release": "", "environment_name": "prod"})["result"]
    assert (found["release"], found["live"], found["needs_approval"]) == (promoted, better, False)
    assert [past["release"] for past in found["history"]] == [better, promoted]
    world.modelyard("rollback", "prod")
    return better


def test_a_rollback_shows_its_target_and_needs_nobody(world: World, promoted: str, taken_back: str) -> None:
    assert world.live("prod") == promoted


def test_the_history_has_the_metric_over_releases_and_the_rollback(
    world: World, promoted: str, taken_back: str, tmp_path: Path
) -> None:
    picture = tmp_path / "prod.svg"
    found = answered(world, "history", "prod", "--metric", "accuracy", "--svg", str(picture))
    told_of = [(one["release"], one["action"], one["metrics"]["accuracy"]["value"]) for one in found["deployments"]]
    assert told_of == [
        (promoted, "rollback", 0.9), (taken_back, "promote", 0.96), (promoted, "promote", 0.9),
    ]  # fmt: skip
    assert [one["live"] for one in found["deployments"]] == [True, False, False]
    assert [one["approved_by"] for one in found["deployments"]] == ["", "bob", "bob"]
    lines = world.modelyard("history", "prod").stdout.splitlines()
    assert lines[1].split()[:2] == ["*", "3"]
    assert lines[-2:] == ["accuracy  ▁█▁  0.9 to 0.96", "            ↩"]
    assert "rolled back to 0.9" in picture.read_text()
    refused = world.modelyard("history", "prod", "--metric", "acuracy", exits=ExitCode.USAGE)
    assert "they have: accuracy" in refused.stderr


def test_any_two_releases_are_compared(world: World, promoted: str, taken_back: str, tmp_path: Path) -> None:
    page = tmp_path / "two.html"
    found = answered(world, "compare", "prod", taken_back[:8], "--html", str(page))
    assert (found["before"]["release"], found["before"]["live"]) == (promoted, ["prod"])
    assert (found["before"]["approvals"]["prod"][0]["by"], found["after"]["release"]) == ("bob", taken_back)
    accuracy = found["metrics"]["accuracy"]
    assert (accuracy["before"], accuracy["after"], accuracy["judgement"]) == (0.9, 0.96, "better")
    assert accuracy["difference"] == pytest.approx(0.06)
    assert found["unknown"] == []
    assert taken_back in page.read_text()
    assert (tmp_path / "two.css").is_file()
    shown = world.modelyard("compare", "prod", taken_back).stdout
    assert "  ~  model   0.9 -> 0.96" in shown
    missing = world.modelyard("compare", "prod", "0" * 12, exits=ExitCode.INPUT_MISSING)
    assert "there is no release 000000000000" in missing.stderr


def test_a_report_shows_the_releases_before_it(world: World, taken_back: str, tmp_path: Path) -> None:
    measured = {"model": "m", "data": "d", "metrics": {"accuracy": {"value": 0.93}}, "report": "r", "job": "j"}
    outcome = {"stage": "evaluate", "status": "done", "result": {"evaluation": measured}}
    request = tmp_path / "publish.json"
    request.write_text(json.dumps({"contract": 1, "run": {"id": "b-1", "pull_request": 7}, "outcomes": [outcome]}))
    world.modelyard("publish", "--request", str(request), "--out", str(tmp_path / "out"))
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "Metrics over past releases" in page
    assert f"<code>{taken_back[:12]}</code>" in page
    assert "this build 0.93" in (tmp_path / "out" / "report" / "past.svg").read_text()
