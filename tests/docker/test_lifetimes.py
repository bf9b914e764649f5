"""What a cloud leaves in an engine: nothing of its containers, however it ends, and the images while it is kept."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.runtime.engine.labels import CLOUD, cloud_id, image_repository
from tests.contract.provision import create_role, push_image
from tests.docker.contained import IMAGES, Account, built, pushed
from tests.engine import python_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import DockerClient

pytestmark = pytest.mark.timeout(600)
_SECONDS = 60


@pytest.fixture(scope="module")
def account(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """In a cloud that is kept, and runs each image where it can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        state = tmp_path_factory.mktemp("kept") / "cloud"
        with EmbeddedCloud(state=state, runtime="auto") as cloud:
            yield Account(cloud=cloud)
            cloud.reset()


@pytest.fixture(scope="module")
def image(engine: DockerClient, account: Account) -> str:
    name = built(engine, IMAGES / "contract", "modelyard-tests/contract:root", "root", BASE_IMAGE=python_image())
    return pushed(engine, account.cloud, name, "contract")


@pytest.fixture
def absent(engine: DockerClient, account: Account, tmp_path: Path) -> str:
    """An image that the tools account has, and the engine no more."""
    (tmp_path / "train").write_text("#!/bin/sh\necho pulled > /opt/ml/model/answer\n")
    (tmp_path / "train").chmod(0o755)
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY train /usr/local/bin/\n")
    name = built(engine, tmp_path, f"modelyard-tests/absent:{os.getpid()}", BASE_IMAGE=python_image())
    identity = engine.images.get(name).id
    uri = pushed(engine, account.cloud, name, "absent")
    engine.images.remove(name)
    assert identity not in {each.id for each in engine.images.list()}
    return uri


def things(engine: DockerClient, account: Account) -> list[str]:
    """The containers and networks of a cloud that the engine has."""
    mark: dict[str, str | list[str] | bool] = {"label": f"{CLOUD}={cloud_id(account.cloud.place.folder)}"}
    containers = [str(each.name) for each in engine.containers.list(all=True, filters=mark, ignore_removed=True)]
    return [*containers, *(str(each.name) for each in engine.networks.list(filters=mark))]


def image_names(engine: DockerClient, repository: str) -> list[str]:
    return [tag for each in engine.images.list(repository) for tag in each.tags]


def until(seen: Callable[[], bool], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not seen():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def test_each_image_runs_where_it_can(engine: DockerClient, account: Account, image: str) -> None:
    isolation = account.cloud.status()["isolation"]
    assert isolation.startswith("containers of Docker ")
    assert "images without an operating system: " in isolation
    with account.serving(image) as contained, account.serving(push_image(account.cloud, "programs")) as process:
        assert account.asked(contained)["asked"] == "hello"
        assert account.ask(process, "1,2")
        assert sum("endpoint" in name for name in things(engine, account)) == 1


def test_a_role_that_may_not_pull_gets_no_container_though_the_engine_has_the_image(
    account: Account, image: str
) -> None:
    actions = ["s3:*", "logs:*", "cloudwatch:PutMetricData"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    role = create_role(account.client("iam"), "without-ecr", policy)
    described = account.train(image, {"scene": "tell"}, RoleArn=role)
    assert described["TrainingJobStatus"] == "Failed"
    assert "does not have GetAuthorizationToken permission for the image" in described["FailureReason"]


def test_another_account_s_role_pulls_as_far_as_the_repository_lets_it(account: Account, absent: str) -> None:
    prod = Account(cloud=account.cloud, name_in_cloud="prod")
    refused = prod.train(absent, {})
    assert refused["TrainingJobStatus"] == "Failed"
    assert "does not have BatchGetImage permission for the image" in refused["FailureReason"]

    admit = {
        "Effect": "Allow",
        "Principal": {"AWS": prod.role},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    account.client("ecr").set_repository_policy(
        repositoryName="absent", policyText=json.dumps({"Version": "2012-10-17", "Statement": [admit]})
    )
    described = prod.train(absent, {})
    assert described["TrainingJobStatus"] == "Completed", (described, account.cloud.log[-4000:])
    assert prod.model_files(described) == {"answer": b"pulled\n"}


def test_the_image_is_named_for_the_cloud_and_not_for_its_port(
    engine: DockerClient, account: Account, image: str
) -> None:
    ours = image_repository(cloud_id(account.cloud.place.folder))
    digest = image.partition("@")[2]
    assert f"{ours}:{digest.replace(':', '-')}" in image_names(engine, ours)
    registry = account.cloud.endpoint.partition("//")[2]
    tags = [name for each in engine.api.images() for name in (*(each["RepoTags"] or ()), *(each["RepoDigests"] or ()))]
    assert [name for name in tags if name.startswith(registry)] == []


def test_a_killed_cloud_leaves_no_container_and_goes_on_with_its_endpoints(
    engine: DockerClient, account: Account, image: str
) -> None:
    with account.serving(image) as endpoint:
        assert len(things(engine, account)) >= 2
        account.cloud.kill()
        until(lambda: not things(engine, account), lambda: things(engine, account))
        account.cloud.start()
        account.forget_clients()
        assert account.settled(endpoint)["EndpointStatus"] == "InService"
        assert account.asked(endpoint)["asked"] == "hello"


def test_what_an_earlier_life_has_left_goes_when_the_cloud_starts(
    engine: DockerClient, account: Account, image: str
) -> None:
    account.cloud.stop()
    assert things(engine, account) == []
    marks = {CLOUD: cloud_id(account.cloud.place.folder)}
    engine.containers.run(python_image(), ["sleep", "600"], labels=marks, detach=True, network_mode="none")
    engine.networks.create("modelyard-left-over", labels=marks)
    assert len(things(engine, account)) == 2
    account.cloud.start()
    assert things(engine, account) == []


def test_a_cloud_that_is_emptied_forgets_its_images(engine: DockerClient, account: Account, image: str) -> None:
    ours = image_repository(cloud_id(account.cloud.place.folder))
    assert image_names(engine, ours)
    account.cloud.reset()
    assert image_names(engine, ours) == []
