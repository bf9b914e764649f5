"""`docker push` and `docker pull` against the registries of the embedded cloud, each with an account's own password."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from docker.errors import APIError, ImageNotFound

from tests.docker.conftest import login, reached
from tests.engine import python_image

if TYPE_CHECKING:
    from docker import DockerClient

    from agent.cloud.embedded import EmbeddedCloud


@pytest.fixture(scope="module")
def pushed(engine: DockerClient, cloud: EmbeddedCloud) -> str:
    """The URI by digest of an image that the tools account has; the engine has forgotten that name of it."""
    uri = cloud.client("ecr").create_repository(repositoryName="team/model")["repository"]["repositoryUri"]
    name = reached(cloud, uri)
    engine.images.get(python_image()).tag(name, "1")
    lines = engine.images.push(name, "1", auth_config=login(cloud, "tools").document(), stream=True, decode=True)
    told = [line["aux"] for line in lines if "aux" in line]
    assert told, "the engine did not say which digest it pushed"
    engine.images.remove(f"{name}:1", noprune=True)
    return f"{uri}@{told[0]['Digest']}"


def test_what_was_pushed_is_pulled_by_its_digest(engine: DockerClient, cloud: EmbeddedCloud, pushed: str) -> None:
    image = engine.images.pull(reached(cloud, pushed), auth_config=login(cloud, "tools").document())
    assert image.id == engine.images.get(python_image()).id


def test_its_manifest_is_one_that_sagemaker_takes(cloud: EmbeddedCloud, pushed: str) -> None:
    uri, _, digest = pushed.partition("@")
    answer = cloud.client("ecr").batch_get_image(repositoryName="team/model", imageIds=[{"imageDigest": digest}])
    assert answer["images"][0]["imageManifestMediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert uri.startswith("111111111111.dkr.ecr.")


def test_another_account_pulls_only_what_the_repository_policy_lets_it(
    engine: DockerClient, cloud: EmbeddedCloud, pushed: str
) -> None:
    # By its tag: an engine that once had a manifest asks nobody for the digest again.
    image, prod = f"{reached(cloud, pushed.partition('@')[0])}:1", login(cloud, "prod").document()
    with pytest.raises((APIError, ImageNotFound), match="not authorized"):
        engine.images.pull(image, auth_config=prod)

    admit = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{cloud.running.administrator('prod').account}:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    cloud.client("ecr").set_repository_policy(
        repositoryName="team/model", policyText=json.dumps({"Version": "2012-10-17", "Statement": [admit]})
    )
    assert engine.images.pull(image, auth_config=prod).id == engine.images.get(python_image()).id


def test_another_account_does_not_push(engine: DockerClient, cloud: EmbeddedCloud, pushed: str) -> None:
    name = reached(cloud, pushed.partition("@")[0])
    engine.images.get(python_image()).tag(name, "stranger")
    answer = engine.images.push(name, "stranger", auth_config=login(cloud, "prod").document())
    assert "not authorized" in answer


def test_nobody_pulls_without_a_password(engine: DockerClient, cloud: EmbeddedCloud, pushed: str) -> None:
    with pytest.raises((APIError, ImageNotFound), match="expired"):
        engine.images.pull(
            f"{reached(cloud, pushed.partition('@')[0])}:1", auth_config={"username": "AWS", "password": "guessed"}
        )
