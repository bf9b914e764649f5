"""Images in ECR: where they are pushed to, and what of them another account gets to see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.aws.images import EcrImages
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, InputMissingError, TemporaryError
from agent.images.registry import Registry, RegistryEndpoint
from tests.contract.provision import push_image

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS, PROD = "111111111111", "333333333333"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture(autouse=True)
def no_faults(cloud: EmbeddedCloud) -> Iterator[None]:
    yield
    cloud.clear_faults()


@pytest.fixture(scope="module")
def image(cloud: EmbeddedCloud) -> str:
    return push_image(cloud, "tumour")


@pytest.fixture
def images(cloud: EmbeddedCloud, image: str) -> EcrImages:
    return EcrImages(clients(cloud, "tools"), TOOLS)


def clients(cloud: EmbeddedCloud, account: str) -> Clients:
    administrator = cloud.running.administrator(account)
    return Clients(
        credentials=Credentials(
            access_key_id=administrator.access_key_id, secret_access_key=administrator.secret_access_key
        ),
        region=cloud.running.region,
        endpoint_url=cloud.endpoint,
        attempts=2,
    )


def test_a_repository_tells_where_to_push(cloud: EmbeddedCloud, images: EcrImages, image: str) -> None:
    target = images.push_target("tumour")
    assert target.uri == image.partition("@")[0]
    assert target.host == f"{TOOLS}.dkr.ecr.us-east-1.amazonaws.com"
    endpoint = RegistryEndpoint(base_url=target.base_url, host=target.host, password=target.token)
    assert Registry(endpoint).resolve(target.repository, "latest") == image.partition("@")[2]
    assert target.token not in repr(target)


def test_a_repository_that_is_missing_is_to_be_bootstrapped(images: EcrImages) -> None:
    for ask in (lambda: images.push_target("absent"), lambda: images.find("absent", "latest", registry=TOOLS)):
        with pytest.raises(InputMissingError, match=rf"{TOOLS}, us-east-1 .* absent; .*modelyard bootstrap apply"):
            ask()


def test_an_image_is_found_by_digest_and_by_tag(images: EcrImages, image: str) -> None:
    digest = image.partition("@")[2]
    found = images.find("tumour", digest, registry=TOOLS)
    assert found is not None
    assert (found.digest, found.media_type) == (digest, DOCKER)
    assert found.size > 0
    assert images.find("tumour", "latest", registry=TOOLS) == found


def test_an_image_that_is_not_there_is_none(images: EcrImages) -> None:
    assert images.find("tumour", f"sha256:{'0' * 64}", registry=TOOLS) is None
    assert images.find("tumour", "absent", registry=TOOLS) is None


def test_an_index_is_seen_as_one(cloud: EmbeddedCloud, images: EcrImages, image: str) -> None:
    digest = image.partition("@")[2]
    entry = {"mediaType": DOCKER, "digest": digest, "size": 1}
    cloud.client("ecr").put_image(
        repositoryName="tumour",
        imageTag="index",
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}),
        imageManifestMediaType=INDEX,
    )
    found = images.find("tumour", "index", registry=TOOLS)
    assert found is not None
    assert found.media_type == INDEX


def test_another_account_sees_an_image_only_when_the_repository_lets_it(
    cloud: EmbeddedCloud, images: EcrImages, image: str
) -> None:
    foreign, digest = EcrImages(clients(cloud, "prod"), PROD), image.partition("@")[2]
    with pytest.raises(AccessDeniedError, match=rf"ecr:BatchGetImage on tumour of registry {TOOLS} in account {PROD}"):
        foreign.find("tumour", digest, registry=TOOLS)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{PROD}:user/administrator"},
                "Action": "ecr:BatchGetImage",
            }
        ],
    }
    cloud.client("ecr").set_repository_policy(repositoryName="tumour", policyText=json.dumps(policy))
    found = foreign.find("tumour", digest, registry=TOOLS)
    assert found is not None
    assert found.digest == digest


def test_a_registry_that_stays_busy_is_worth_a_later_try(cloud: EmbeddedCloud, images: EcrImages) -> None:
    cloud.fault("throttling", operation="ecr:BatchGetImage", count=2)
    with pytest.raises(TemporaryError, match="ThrottlingException"):
        images.find("tumour", "latest", registry=TOOLS)
