"""The main job as its users run it: by commands, on real containers, with the policies that bootstrap made."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.world import WRITES, World, forget, settle, stages

if TYPE_CHECKING:
    from collections.abc import Iterator


ALL = [
    "validate", "preflight", "snapshot_data", "build_image", "prepare", "train", "evaluate", "examine", "gate",
    "register", "release", "deploy", "check_endpoint",
]  # fmt: skip
ONLY_LOOK = {"validate", "preflight", "gate"}
SLOW = "training.hyperparameters.trees=6000"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield settle(cloud, "tumour-byo", tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def first(world: World) -> dict[str, Any]:
    """The first run: from nothing to qa."""
    return world.run()


def test_the_first_run_goes_from_data_to_a_checked_endpoint(world: World, first: dict[str, Any]) -> None:
    assert first["result"] == "done"
    assert [stage["step"] for stage in first["stages"]] == ALL
    assert {stage["status"] for stage in first["stages"]} == {"done"}
    assert world.live("qa") == first["release"]


def test_nothing_changed_is_answered_without_a_write(world: World, first: dict[str, Any]) -> None:
    before = world.last_call()
    again = world.run()
    # Nobody has to pass the preflight where nothing is to be done.
    expected = {step: "done" if step in ONLY_LOOK else "recalled" for step in ALL} | {"preflight": "skipped"}
    assert stages(again) == expected
    assert again["release"] == first["release"]
    written = [call.action for call in world.calls_since(before) if call.action.partition(":")[2].startswith(WRITES)]
    assert [action for action in written if not action.startswith(("logs:", "cloudwatch:"))] == []


def test_an_agent_without_memory_does_nothing_twice_either(world: World, first: dict[str, Any]) -> None:
    forget(world)
    again = world.run()
    assert again["release"] == first["release"]
    assert {stages(again)[step] for step in ALL if step not in ONLY_LOOK} == {"recalled"}


def test_one_hyperparameter_runs_only_what_depends_on_it(world: World, first: dict[str, Any]) -> None:
    summary = world.run("--set", "training.hyperparameters.trees=151", "--until", "gate")
    assert stages(summary) == {
        "validate": "done", "preflight": "done", "snapshot_data": "recalled", "build_image": "recalled",
        "prepare": "recalled", "train": "done", "evaluate": "done", "examine": "done", "gate": "done",
    }  # fmt: skip


def test_one_changed_file_is_the_only_one_that_is_copied(world: World, first: dict[str, Any]) -> None:
    file = world.repository.folder / "data/tumours.csv"
    original = file.read_bytes()
    try:
        file.write_bytes(b"".join(original.splitlines(keepends=True)[:-1]))
        summary = world.run("--until", "snapshot_data")
    finally:
        file.write_bytes(original)
    assert summary["results"]["snapshot_data"]["copied_files"] == 1
    assert summary["results"]["snapshot_data"]["data"] != first["results"]["snapshot_data"]["data"]


def test_a_pull_request_compares_and_releases_nothing(world: World, first: dict[str, Any]) -> None:
    summary = world.run("--pr", "7", "--set", "training.hyperparameters.trees=152")
    assert [stage["step"] for stage in summary["stages"]] == ALL[: ALL.index("gate") + 1]
    assert summary["release"] is None


def test_a_bad_model_is_refused_with_the_limit_that_it_missed(world: World, first: dict[str, Any]) -> None:
    summary = world.run("--set", "training.hyperparameters.trees=1")
    assert (summary["result"], stages(summary)["gate"], stages(summary)["register"]) == (
        "refused",
        "refused",
        "not_run",
    )
    assert "0.96" in summary["error"]
    assert world.live("qa") == first["release"]


def test_a_dry_run_tells_what_would_be_written_and_writes_nothing(world: World, first: dict[str, Any]) -> None:
    before = world.last_call()
    told = world.modelyard("run", "--dry-run", "--json", "--set", "training.hyperparameters.trees=153").stdout
    planned = {stage["step"]: stage for stage in map(json.loads, told.splitlines())}
    assert planned["prepare"]["prospect"] == "unchanged"
    assert planned["train"]["prospect"] == "would_run"
    assert any(action["operation"] == "sagemaker:CreateTrainingJob" for action in planned["train"]["actions"])
    assert planned["evaluate"]["prospect"] == "not_known_yet"
    written = [call.action for call in world.calls_since(before) if call.action.partition(":")[2].startswith(WRITES)]
    assert [action for action in written if not action.startswith(("logs:", "cloudwatch:"))] == []


def test_a_run_from_the_middle_takes_the_rest_from_the_last_run(world: World, first: dict[str, Any]) -> None:
    summary = world.run("--from", "evaluate", "--until", "gate")
    assert stages(summary) == {"evaluate": "recalled", "examine": "recalled", "gate": "done"}


def test_a_release_goes_to_production_and_back(world: World, first: dict[str, Any]) -> None:
    world.modelyard("promote", first["release"][:12], "--to", "prod")
    assert world.live("prod") == first["release"]
    better = world.run("--set", "training.hyperparameters.trees=300")
    assert better["result"] == "done", better["error"]
    world.modelyard("promote", better["release"][:12], "--to", "prod")
    assert world.live("prod") == better["release"]
    world.modelyard("rollback", "prod")
    assert world.live("prod") == first["release"]


def test_a_job_s_log_can_be_read_long_after(world: World, first: dict[str, Any]) -> None:
    told = world.modelyard("logs", first["results"]["train"]["model"]["job"])
    assert "training-auc=" in told.stdout
    assert "is Completed" in told.stderr
    assert "has no job 'tumour-nothing'" in world.modelyard("logs", "tumour-nothing", exits=5).stderr


def test_a_release_tells_everything_that_made_it(world: World, first: dict[str, Any]) -> None:
    one = json.loads(world.modelyard("releases", first["release"][:8], "--json").stdout)
    assert one["release"] == first["release"]
    assert one["approval"] == "Approved"
    assert one["manifest"]["model"] == first["results"]["train"]["model"]
    people = world.modelyard("releases", first["release"]).stdout
    assert first["results"]["train"]["model"]["sha256"] in people
    assert "there is no release abcdef12" in world.modelyard("releases", "abcdef12", exits=5).stderr


def test_an_approval_from_outside_is_noticed(world: World, first: dict[str, Any]) -> None:
    package = first["results"]["register"]["package"]
    sagemaker = world.cloud.client("sagemaker")
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    try:
        rows = {row["release"]: row for row in json.loads(world.modelyard("releases", "--json").stdout)}
        assert rows[first["release"]]["approval"] == "Rejected"
        assert rows[first["release"]]["approved_by"].endswith("user/administrator")
    finally:
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")


def removals(world: World) -> list[dict[str, Any]]:
    """What `modelyard clean` would remove."""
    return list(json.loads(world.modelyard("clean", "--older-than", "0s", "--json").stdout)["found"])


def test_a_clean_up_takes_what_no_release_needs_and_nothing_else(world: World, first: dict[str, Any]) -> None:
    tried = world.run("--set", "training.hyperparameters.trees=154", "--until", "train", "--branch", "one")
    unwanted = tried["results"]["train"]["model"]["artifact"]
    world.run("--set", "training.hyperparameters.trees=155", "--until", "train", "--branch", "one")
    listed = [
        found["name"] for found in json.loads(world.modelyard("clean", "--older-than", "0s", "--json").stdout)["found"]
    ]
    assert any(unwanted.endswith(name) for name in listed)
    assert not any(first["results"]["train"]["model"]["artifact"].endswith(name) for name in listed)
    world.modelyard("clean", "--older-than", "0s", "--remove")
    assert removals(world) == []
    assert world.run()["release"] == first["release"]
    again = world.run("--set", "training.hyperparameters.trees=154", "--until", "train", "--branch", "one")
    assert stages(again)["train"] == "done"


def test_a_lost_agent_s_training_is_adopted(world: World, first: dict[str, Any]) -> None:
    lost = world.begin("run", "--set", SLOW, "--until", "train")
    name = _wait_for_training(world)
    lost.kill()
    lost.wait()
    summary = world.run("--set", SLOW, "--until", "train")
    assert stages(summary)["train"] == "done"
    assert summary["results"]["train"]["model"]["job"] == name
    started = [job["TrainingJobName"] for job in _jobs(world) if job["TrainingJobName"].startswith(name)]
    assert started == [name]


def test_an_aborted_build_says_interrupted_and_stops_a_pull_request_s_job(world: World, first: dict[str, Any]) -> None:
    aborted = world.begin("run", "--pr", "8", "--set", "training.hyperparameters.trees=6001", "--json")
    name = _wait_for_training(world)
    aborted.send_signal(signal.SIGTERM)
    told, _ = aborted.communicate(timeout=60)
    assert aborted.returncode == 130, told
    assert json.loads(told.splitlines()[-1])["result"] == "interrupted"
    states = {job["TrainingJobName"]: job["TrainingJobStatus"] for job in _jobs(world)}
    assert states[name] in {"Stopping", "Stopped"}


def _jobs(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.cloud.client("sagemaker").list_training_jobs(MaxResults=100)[
        "TrainingJobSummaries"
    ]
    return found


def _wait_for_training(world: World) -> str:
    """The name of a training job that is running now."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        running = [job["TrainingJobName"] for job in _jobs(world) if job["TrainingJobStatus"] == "InProgress"]
        if running:
            return str(running[0])
        time.sleep(0.1)
    raise AssertionError("no training job was started")
