"""An image is audited by the pipeline's role: what it is built upon is signed, in ECR, by a key of the repository."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.supply_gates import BaseImageGate
from agent.errors import AccessDeniedError, TemporaryError
from agent.gates.base_image import BaseImage
from agent.images.builders import Builders
from agent.images.registry import Registry, RegistryEndpoint
from agent.runner import run_step
from pipeline_steps import audit_image
from tests import cosign_made
from tests.contract.registry.test_layer_builds import target
from tests.contract.steps.deploy_world import Nap, World, new_world
from tests.cosigned import Shelf, Signer, payload, statement
from tests.docker_registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.artifacts import Judgement

PLATFORM = Signer()
KEY = "keys/platform.pub"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("model"))


class Bases(Shelf):
    """A repository of base images in ECR, which its policy lets the pipeline read."""

    def named(self, digest: str) -> str:
        """An image's whole name."""
        return f"{self.registry.name}/{self.repository}@{digest}"


def bases(world: World, *, readable: bool = True) -> Bases:
    place = target(world.cloud, f"bases-{uuid4().hex[:8]}")
    if readable:
        reading = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        role = {"AWS": world.configuration.tools.role}
        policy = {"Statement": [{"Effect": "Allow", "Principal": role, "Action": reading}]}
        ecr = world.cloud.client("ecr")
        ecr.set_repository_policy(repositoryName=place.repository, policyText=json.dumps(policy))
    endpoint = RegistryEndpoint(base_url=place.base_url, host=place.host, password=place.token)
    return Bases(registry=Registry(endpoint), repository=place.repository)


def audited(world: World, *names: str, pem: str = PLATFORM.pem) -> Judgement:
    inputs = audit_image.Inputs(
        image=world.image,
        sbom=None,
        bases=tuple(BaseImage(name=name, where="Dockerfile:1") for name in names),
        keys={KEY: pem},
        gates={"base": BaseImageGate(kind="base-image", signed_by=(KEY,))},
    )
    context = replace(world.context(), builder=Builders(Nap()))
    return run_step(audit_image.STEP, inputs, context).result.answers["base"]


def test_a_bundle_that_refers_to_the_image_proves_it(world: World) -> None:
    shelf = bases(world)
    digest = shelf.image()
    shelf.refer(digest, PLATFORM.bundle(statement(digest)))
    answer = audited(world, shelf.named(digest))
    assert answer.reason == f"1 base image named by digest, signed by {KEY} (gate `base`)"


def test_so_does_a_payload_beside_it(world: World) -> None:
    shelf = bases(world)
    digest = shelf.image()
    shelf.beside(digest, (payload(digest), PLATFORM.sign(payload(digest))))
    assert audited(world, shelf.named(digest)).passed


def test_an_image_that_a_stranger_made_or_put_in_its_place_is_refused(world: World) -> None:
    shelf, stranger = bases(world), Signer()
    ours, theirs, bare = shelf.image("ours"), shelf.image("theirs"), shelf.image("bare")
    shelf.refer(theirs, stranger.bundle(statement(theirs)))
    shelf.refer(ours, PLATFORM.bundle(statement(theirs)))
    answer = audited(world, *map(shelf.named, (ours, theirs, bare)), "python:3.11")
    assert (answer.passed, answer.value) == (False, 4)
    assert f"(Dockerfile:1) has a signature by {KEY} that is of another image ({theirs})" in answer.reason
    assert f"{shelf.named(theirs)} (Dockerfile:1) is signed by somebody else than {KEY}" in answer.reason
    assert f"{shelf.named(bare)} (Dockerfile:1) is not signed by {KEY}" in answer.reason
    assert "python:3.11 (Dockerfile:1) floats" in answer.reason


def test_a_repository_that_lets_nobody_in_is_an_error(world: World) -> None:
    shelf = bases(world, readable=False)
    with pytest.raises(AccessDeniedError, match=rf"{shelf.repository}.*answered 403"):
        audited(world, shelf.named(shelf.image()))


@pytest.mark.requires("docker-registry")
def test_an_image_of_any_registry_is_proved_by_what_cosign_left_there(world: World, tmp_path: Path) -> None:
    digest = cosign_made.image()
    with docker_registry(tmp_path) as registry:
        endpoint = RegistryEndpoint(base_url=f"http://{registry.address}")
        for made in cosign_made.KEY_OF:
            repository = made.lower().replace(" ", "-")
            cosign_made.put(made, Registry(endpoint), repository)
            name = f"{registry.address}/{repository}@{digest}"
            assert audited(world, name, pem=cosign_made.key(cosign_made.KEY_OF[made])).passed
            assert not audited(world, name).passed
    with pytest.raises(TemporaryError, match="got no answer"):
        audited(world, name)
