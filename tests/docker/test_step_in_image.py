"""Steps in the agent image, as mlStep runs them in the mode `docker`, on a bootstrapped cloud."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import NotFound

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode
from tests import builds
from tests.code_host import TOKEN, certificate_in, code_host
from tests.docker.agent_image import agent_image
from tests.docker.node import BUILD_TAG, Node, node
from tests.e2e.past import attempts
from tests.e2e.world import World, steered

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

pytestmark = pytest.mark.timeout(900)  # the first run fetches wheels and builds the image

CHAIN = ("validate", "preflight", "snapshot_data", "build_image", "prepare")
_PATIENCE_SECONDS = 90


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield steered(cloud, tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def place(world: World, docker_host: str) -> Iterator[Node]:
    """A node whose workspace has the model repository; a container's own loopback is not the host's."""
    environ = {name: value for name, value in world.environ.items() if name.startswith("AWS_")}
    with node(docker_host, agent_image(), ML_NETWORK="host", **environ) as found:
        shutil.copytree(world.repository.folder, found.workspace, dirs_exist_ok=True)
        for path in (found.workspace, *found.workspace.rglob("*")):
            os.chown(path, found.user, found.user)
        yield found


@pytest.fixture(scope="module")
def results(place: Node) -> dict[str, Any]:
    """What the steps before the training answered."""
    answers: dict[str, Any] = {}
    for step in CHAIN:
        place.run("step", place.request(step, results=answers))
        answers[step] = place.result(step)["result"]
    return answers


def training(place: Node, results: dict[str, Any], **hyperparameters: object) -> dict[str, str]:
    settings = [f"training.hyperparameters.{name}={value}" for name, value in hyperparameters.items()]
    return place.request("train", results=results, settings=settings)


def container_of(engine: DockerClient, place: Node) -> Container:
    """The container in which the training step runs."""
    (running,) = [one for one in engine.containers.list() if _works_in(one, place)]
    return running


def _works_in(container: Container, place: Node) -> bool:
    return bool(container.attrs["Config"]["WorkingDir"] == str(place.workspace))


def await_that(reached: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Return once something is so, while the step is still at work."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_steps_hand_on_what_they_found(place: Node, results: dict[str, Any]) -> None:
    assert results["snapshot_data"]["data"]
    place.run("step", training(place, results))
    answer = place.result("train")
    assert (answer["status"], answer["exit_code"]) == ("done", 0)


def test_what_they_leave_is_of_the_user_who_asked(place: Node, results: dict[str, Any]) -> None:
    left = [path for path in place.workspace.rglob("*") if path.lstat().st_uid != place.user]
    assert (place.workspace / ".modelyard").is_dir()
    assert left == []


def test_the_stages_come_from_the_image(place: Node) -> None:
    place.run("stages", place.asked("stages"))
    groups = place.result("stages")["groups"]
    stages = [stage["step"] for group in groups for level in group["levels"] for stage in level]
    assert stages[: len(CHAIN)] == list(CHAIN)


def test_a_mistake_has_its_exit_code_and_its_words(place: Node) -> None:
    told = place.run("step", place.request("validate", settings=["training.trees=3"]), exits=ExitCode.USAGE).stderr
    assert "training.trees" in told
    assert "training.trees" in place.result("validate")["error"]


def test_a_build_is_published_from_the_image_to_a_host_that_the_node_trusts(place: Node, tmp_path: Path) -> None:
    """The file of the authorities is named twice, as is usual where boto3 and others must trust the same."""
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:  # the node's user has to come by
            folder.chmod(0o755)
    certificate = certificate_in(tmp_path)
    authorities = {"AWS_CA_BUNDLE": str(certificate), "REQUESTS_CA_BUNDLE": str(certificate)}
    outcomes = [outcome.model_dump(mode="json") for outcome in builds.passed()]
    asked = place.asked("publish", run={"id": "published", "pull_request": 12}, outcomes=outcomes)
    with code_host(certificate) as host:
        there = {"CHANGE_URL": host.page("github"), "MODELYARD_PR_TOKEN": TOKEN}
        said = place.run("publish", {**asked, **authorities, **there})
    assert TOKEN not in said.stdout + said.stderr
    published = place.result("publish")
    assert (published["comment"]["state"], published["ledger"]["state"]) == ("created", "kept"), published
    assert (place.workspace / ".modelyard/build/report/index.html").is_file()


def test_an_abort_reaches_the_step_which_ends_in_order(
    world: World, engine: DockerClient, place: Node, results: dict[str, Any]
) -> None:
    since = world.last_call()
    process = place.begin("step", training(place, results, sleep=5, number="aborted"))
    await_that(lambda: world.answered("sagemaker:CreateTrainingJob", since), process)
    container = container_of(engine, place)

    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=_PATIENCE_SECONDS)

    assert process.returncode == ExitCode.INTERRUPTED, told
    assert (place.result("train")["status"], place.result("train")["exit_code"]) == ("interrupted", 130)
    assert "interrupted" in {one["status"] for one in attempts(world, "train", run=BUILD_TAG)}
    with pytest.raises(NotFound):
        container.reload()


def test_what_a_lost_agent_left_ends_in_order_and_its_job_is_adopted(
    world: World, engine: DockerClient, place: Node, results: dict[str, Any]
) -> None:
    since = world.last_call()
    request = training(place, results, sleep=5, number="lost")
    process = place.begin("step", request)
    await_that(lambda: world.answered("sagemaker:CreateTrainingJob", since), process)
    left = container_of(engine, place)
    process.kill()
    process.communicate()
    left.reload()
    assert left.status == "running"

    place.run("step", request)

    assert place.result("train")["status"] == "done"
    assert len(world.answered("sagemaker:CreateTrainingJob", since)) == 1
    with pytest.raises(NotFound):
        left.reload()


def test_a_build_with_the_engine_reaches_it_from_the_image(place: Node, results: dict[str, Any]) -> None:
    place.write("container/Dockerfile", 'FROM scratch\nCOPY train /opt/program/\nCMD ["train"]\n')
    place.write("container/train", str(place.workspace))
    settings = [f"image.{key}" for key in ("builder=engine", "context=container", "dockerfile=container/Dockerfile")]
    earlier = {step: results[step] for step in ("validate", "preflight")}
    place.run("step", place.request("build_image", settings=settings, results=earlier))
    answer = place.result("build_image")
    assert (answer["status"], answer["recalled"]) == ("done", False)
    assert "@sha256:" in answer["result"]["image"]["uri"]
