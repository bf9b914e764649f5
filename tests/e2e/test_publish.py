"""`modelyard publish` after real builds: the report, the comment on a host, the run in the ledger; it never fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests import builds
from tests.code_host import TOKEN, code_host
from tests.e2e.publishing import RUN, documents, outcomes_of, publish, request
from tests.e2e.world import World, steered, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


def last_runs(world: World) -> dict[str, dict[str, Any]]:
    return {
        run["branch"] if run["pull_request"] is None else f"PR {run['pull_request']}": run
        for run in world.status()["runs"]
    }


@pytest.fixture(scope="module")
def outcomes(world: World) -> list[dict[str, Any]]:
    """What a pull request's stages really answered."""
    summary = world.run("--pr", "12", *told(model=0.7))
    return outcomes_of(summary)


def test_a_real_build_of_a_pull_request_is_reported_commented_and_kept(
    world: World, outcomes: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = request(outcomes, "UNSTABLE", tmp_path, run={**RUN, "pull_request": 12})
    with code_host() as host:
        host.add("please look")
        there = {"CHANGE_URL": host.page("github"), "MODELYARD_PR_TOKEN": TOKEN}
        first = publish(world, file, tmp_path, **there)
        assert first["comment"]["state"] == "created"
        again = publish(world, file, tmp_path, **there)
        assert again["comment"] == {"state": "updated", "url": first["comment"]["url"], "reason": ""}
        assert host.comments[102] == (tmp_path / "out" / "comment.md").read_text()
    assert first["contract"] == 1
    assert first["description"].startswith("Refused by the gate accurate: accuracy misses 0.8 by 0.1")
    assert first["ledger"] == {"state": "kept", "reason": ""}
    assert "accuracy 0.7" in [badge["text"] for badge in first["badges"]]
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "<small>higher is better</small>" in page
    names = [case.get("name") for case in ET.parse(tmp_path / "out" / "junit.xml").iter("testcase")]
    assert "Train" in names
    kept = last_runs(world)["PR 12"]
    assert (kept["id"], kept["who"], kept["result"]) == ("jenkins-steered-PR-12-7", "ada", "refused")
    assert {stage["step"] for stage in kept["stages"]} >= {"train", "evaluate"}


def test_an_interrupted_build_is_in_the_ledger(world: World, tmp_path: Path) -> None:
    file = request(documents(builds.interrupted()), "ABORTED", tmp_path, run={**RUN, "id": "aborted"})
    published = publish(world, file, tmp_path)
    assert published["check"]["conclusion"] == "CANCELED"
    assert published["ledger"]["state"] == "kept"
    kept = last_runs(world)["better"]
    assert (kept["id"], kept["result"]) == ("aborted", "interrupted")


def test_a_build_that_found_everything_done_leaves_no_record(world: World, tmp_path: Path) -> None:
    found = [{**one, "recalled": True} for one in documents(builds.trained())]
    file = request(found, "SUCCESS", tmp_path, run={**RUN, "id": "nothing-new", "branch": "calm"})
    assert publish(world, file, tmp_path)["ledger"]["state"] == "none"
    assert "calm" not in last_runs(world)


def test_a_promotion_is_kept_but_is_not_the_last_run_of_its_branch(world: World, tmp_path: Path) -> None:
    run = {**RUN, "id": "promote-4", "branch": "main"}
    file = request(documents(builds.promotion()), "SUCCESS", tmp_path, kind="promotion", run=run)
    published = publish(world, file, tmp_path)
    assert published["description"] == "Release 5a5a5a5a5a5a is live in prod"
    assert published["ledger"]["state"] == "kept"
    assert "main" not in last_runs(world)
    assert "runs/promote-4.json" in world.ledger.names("runs/")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_host_on_a_bad_day_is_said_and_fails_nothing(
    world: World, outcomes: list[dict[str, Any]], tmp_path: Path, status: int
) -> None:
    file = request(outcomes, "SUCCESS", tmp_path, run={**RUN, "pull_request": 12})
    with code_host() as host:
        host.status = status
        published = publish(world, file, tmp_path, CHANGE_URL=host.page("github"), MODELYARD_PR_TOKEN=TOKEN)
    assert published["comment"]["state"] == "failed"
    assert str(status) in published["comment"]["reason"]


@pytest.fixture
def repository(world: World, tmp_path: Path) -> Path:
    """A copy of the repository without any cloud."""
    import shutil

    shutil.copytree(world.repository.folder, tmp_path / "copy", ignore=shutil.ignore_patterns(".modelyard"))
    return tmp_path / "copy"


def alone(folder: Path, file: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Publish without an identity."""
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "publish", "--request", file, "--out", str(folder / "out")],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        },
    ],
    ids=["no identity", "no cloud"],
)
def test_without_identity_or_ledger_there_is_a_report_all_the_same(
    repository: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    done = alone(repository, request(documents(builds.refused()), "UNSTABLE", tmp_path), **environ)
    assert done.returncode == 0, done.stderr
    assert "the ledger does not know of this build" in done.stderr
    published = json.loads((repository / "out" / "published.json").read_text())
    assert published["ledger"]["state"] == "failed"
    assert (repository / "out" / "report" / "index.html").is_file()


def test_a_configuration_that_is_wrong_is_no_reason_for_no_report(repository: Path, tmp_path: Path) -> None:
    (repository / "modelyard.yaml").write_text("project: steered\ntrainning: {}\n")
    failed = builds.outcome("validate", status="failed", exit_code=2, error="modelyard.yaml has 5 errors")
    done = alone(repository, request(documents([failed]), "FAILURE", tmp_path))
    assert done.returncode == 0, done.stderr
    page = (repository / "out" / "report" / "index.html").read_text()
    assert "modelyard.yaml has 5 errors" in page
    assert '<p class="project">steered</p>' in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "publish.json"),
        ('{"contract": 2}', "contract"),
        ('{"contract": 1, "outcomes": [{}]}', "outcomes.0.stage"),
        ('{"contract": 1, "result": "GREEN"}', "result"),
        ('{"contract": 1, "started": "yesterday"}', "started"),
    ],
)
def test_a_request_that_is_none_is_a_usage_error(repository: Path, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "publish.json"
    file.write_text(text)
    done = alone(repository, str(file))
    assert done.returncode == 2
    assert says in done.stderr
    assert not (repository / "out" / "published.json").exists()
