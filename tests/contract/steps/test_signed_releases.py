"""What was signed is what is deployed: anything else is refused before a single write, with the digests of both."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from agent.artifacts import CommitInfo
from agent.clock import SystemClock
from agent.cloud.embedded import EmbeddedCloud
from agent.composition import Opened
from agent.config.releases import Releases
from agent.errors import InputMissingError
from agent.images.builders import Builders
from agent.release.keys import KnownKeys
from agent.release.statement import encode
from agent.release.store import ReleaseStore
from agent.runner import run_step
from agent.sbom.making import sbom_of
from pipeline_steps import deploy, promote, review, rollback
from tests.contract.steps.deploy_world import PROD, QA, TOOLS, World, new_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.artifacts import Champion, Sbom

OTHER = b"something else"
FOUND = hashlib.sha256(OTHER).hexdigest()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def key_of(world: World, uri: str) -> str:
    return uri.removeprefix(f"s3://{world.bucket}/")


def envelope_key(release: str) -> str:
    return f"ledger/releases/{release}.json"


def envelope(world: World, release: str) -> bytes:
    return bytes(world.s3.get_object(Bucket=world.bucket, Key=envelope_key(release))["Body"].read())


def put(world: World, key: str, body: bytes) -> None:
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=body)


def refused(world: World, act: Callable[[], object], *told: str) -> None:
    """It ends with the digests, and no account has seen a write but that the attempt was made."""
    began = world.last_call()
    with pytest.raises(InputMissingError) as caught:
        act()
    for part in told:
        assert part in str(caught.value)
    assert world.writes(began, QA) == world.writes(began, PROD) == []
    assert {call.action for call in world.writes(began)} <= {"s3:PutObject"}


def promotion(world: World, release: str, **changes: object) -> promote.Inputs:
    return world.promotion(release).model_copy(update=changes)


def proved(world: World, *, signed: bool = True) -> str:
    """A release that qa serves and has checked."""
    release = world.release("one", signed=signed)
    world.deploy(release)
    world.check()
    return release


def test_a_signed_release_is_verified_by_the_deploy_role_with_the_public_key(world: World) -> None:
    release, began = proved(world), world.last_call()
    world.promote(release)
    asked = [(call.action, call.status) for call in world.cloud.calls(began) if call.action.startswith("kms:Get")]
    assert asked == [("kms:GetPublicKey", 200)]
    assert "kms:Sign" not in {call.action for call in world.cloud.calls(began)}


def test_a_changed_artifact_is_refused(world: World) -> None:
    release = world.release("one")
    model = ReleaseStore(world.ledger).read(release).model
    put(world, key_of(world, model.artifact), OTHER)
    refused(world, partial(world.deploy, release), f"expected sha256 {model.sha256}, found {FOUND}")


def test_a_changed_data_snapshot_is_refused(world: World) -> None:
    release = world.release("one", rows="5,5\n")
    data = ReleaseStore(world.ledger).read(release).data["evaluation"]
    put(world, key_of(world, data.manifest), OTHER)
    refused(world, partial(world.deploy, release), f"expected sha256 {data.digest}, found {FOUND}")


def test_an_image_that_is_not_there_is_refused(world: World) -> None:
    digest = f"sha256:{'9' * 64}"
    release = with_image(world, lambda uri: f"{uri.rpartition('@')[0]}@{digest}")
    refused(world, partial(world.deploy, release), f"expected {digest}, found nothing")


@pytest.mark.parametrize("step", ["deploy", "promote"])
def test_an_image_of_another_account_is_refused_whoever_signed_it(world: World, step: str) -> None:
    """Even one that lets everybody in; that SageMaker gets none is up to roles (tests/proof/test_attempts.py)."""
    ecr = world.client("ecr", "prod")
    name, statement = "foreign", {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
    uri = ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName=name, policyText=policy)
    release = with_image(world, lambda ours: f"{uri}@{ours.rpartition('@')[2]}")
    acts: dict[str, Callable[[], object]] = {
        "deploy": partial(world.deploy, release),
        "promote": partial(run_step, promote.STEP, promotion(world, release, before=()), world.context()),
    }
    try:
        refused(world, acts[step], uri, f"in the registry of account {PROD}", f"of the tools account {TOOLS}")
    finally:
        ecr.delete_repository(repositoryName=name)


def with_image(world: World, address: Callable[[str], str]) -> str:
    """A signed release of an image with another address."""
    made = ReleaseStore(world.ledger).read(world.release("one"))
    image = made.image.model_copy(update={"uri": address(made.image.uri)})
    changed = made.model_copy(update={"image": image, "model": made.model.model_copy(update={"image": image})})
    return ReleaseStore(world.ledger).write(changed, world.signing())


def with_sbom(world: World) -> tuple[str, Sbom]:
    """A release that names the bill of materials of its image."""
    made = ReleaseStore(world.ledger).read(world.release("one"))
    context = replace(world.context(), builder=Builders(SystemClock()))
    sbom = sbom_of(world.project, made.image.digest, context)
    return ReleaseStore(world.ledger).write(made.model_copy(update={"sbom": sbom}), world.signing()), sbom


def test_the_bill_of_materials_is_a_byproduct_of_the_signed_statement(world: World) -> None:
    release, sbom = with_sbom(world)
    statement = json.loads(base64.b64decode(json.loads(envelope(world, release))["payload"]))
    (told,) = statement["predicate"]["runDetails"]["byproducts"]
    assert (told["digest"], told["mediaType"]) == ({"sha256": sbom.sha256}, "application/vnd.cyclonedx+json")
    assert ReleaseStore(world.ledger).read(release).sbom == sbom
    world.deploy(release)


def test_an_edited_bill_of_materials_is_refused(world: World) -> None:
    release, sbom = with_sbom(world)
    before = world.s3.get_object(Bucket=world.bucket, Key=key_of(world, sbom.uri))["Body"].read()
    put(world, key_of(world, sbom.uri), OTHER)
    refused(world, partial(world.deploy, release), f"expected sha256 {sbom.sha256}, found {FOUND}")
    put(world, key_of(world, sbom.uri), before)


@pytest.mark.parametrize("where", [20, 2000, -20])
def test_an_edited_byte_of_the_envelope_is_refused(world: World, where: int) -> None:
    """In the payload, and in the signature."""
    release = world.release("one")
    content = bytearray(envelope(world, release))
    content[where] = ord("A") if content[where] != ord("A") else ord("B")
    put(world, envelope_key(release), bytes(content))
    refused(world, partial(world.deploy, release))


def test_another_statement_in_the_envelope_is_refused_with_both_digests(world: World) -> None:
    release = world.release("one")
    document = json.loads(envelope(world, release))
    statement = base64.b64decode(document["payload"]).replace(b'"c' + b"c" * 39, b'"d' + b"d" * 39)
    document["payload"] = base64.b64encode(statement).decode()
    put(world, envelope_key(release), json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    found = hashlib.sha256(statement).hexdigest()
    refused(world, partial(world.deploy, release), f"expected sha256 {release}, found {found}")


def test_the_signature_of_another_release_is_refused(world: World) -> None:
    first, release = world.release("one"), world.release("two")
    document = json.loads(envelope(world, release))
    document["signatures"] = json.loads(envelope(world, first))["signatures"]
    put(world, envelope_key(release), json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    refused(world, partial(world.deploy, release), f"did not sign the document of sha256 {release}")


def test_a_release_that_lost_its_envelope_is_refused_for_production(world: World) -> None:
    release = proved(world)
    put(world, envelope_key(release), encode(ReleaseStore(world.ledger).read(release)))
    refused(world, partial(world.promote, release), "is not signed, and production takes no other")


def test_an_unsigned_release_stays_readable_and_goes_to_tests_only(world: World) -> None:
    release = proved(world, signed=False)
    assert ReleaseStore(world.ledger).read(release).project == world.project
    refused(world, partial(world.promote, release), "is not signed, and production takes no other")
    taken = promotion(world, release, releases=Releases(unsigned_in_production=True))
    assert run_step(promote.STEP, taken, world.context()).result.release == release


def test_a_key_that_is_not_pinned_is_refused(world: World) -> None:
    release = proved(world)
    sealed = ReleaseStore(world.ledger).sealed(release)
    assert sealed is not None
    other = Releases(trusted_keys=("a" * 64,))
    act = partial(run_step, promote.STEP, promotion(world, release, releases=other), world.context())
    refused(world, act, f"expected one of {'a' * 64}, found {sealed.key_id}")
    pinned = promotion(world, release, releases=Releases(trusted_keys=(sealed.key_id,)))
    began = world.last_call()
    assert run_step(promote.STEP, pinned, world.context()).result.release == release
    assert [call for call in world.cloud.calls(began) if call.action.startswith("kms:Get")] == []


def test_a_review_says_who_signed_and_refuses_what_a_promotion_would(world: World) -> None:
    release = proved(world)
    wanted = review.Inputs(
        project=world.project,
        release=release,
        tools=world.configuration.tools,
        environment_name="prod",
        environment=world.environment("prod"),
        before=("qa",),
        main_branches=world.configuration.main_branches,
    )
    sealed = ReleaseStore(world.ledger).sealed(release)
    assert sealed is not None
    found = run_step(review.STEP, wanted, world.context()).result
    assert f"signature: by key {sealed.key_id}" in found.verified
    put(world, envelope_key(release), encode(ReleaseStore(world.ledger).read(release)))
    refused(world, partial(run_step, review.STEP, wanted, world.context()), "is not signed")


def test_a_rollback_to_what_is_not_signed_any_more_is_refused(world: World) -> None:
    first = proved(world)
    world.promote(first)
    second = world.release("two")
    world.deploy(second)
    world.check()
    world.promote(second)
    put(world, envelope_key(first), encode(ReleaseStore(world.ledger).read(first)))
    back = rollback.Inputs(
        project=world.project, environment_name="prod", environment=world.environment("prod"), release=first
    )
    refused(world, partial(run_step, rollback.STEP, back, world.context()), "is not signed")
    assert world.answer("prod") == "two"


def champion(world: World) -> Champion | None:
    """What a build's gates compare with."""
    context = world.context()
    opened = Opened(
        configuration=world.configuration,
        folder=world.folder,
        commit=CommitInfo(sha=""),
        context=context,
        clock=SystemClock(),
    )
    return opened.champion_of("prod")


def test_the_champion_of_production_is_what_was_signed(world: World) -> None:
    release = proved(world)
    world.promote(release)
    found = champion(world)
    assert (found.release if found else "") == release
    document = json.loads(envelope(world, release))
    document["signatures"][0]["sig"] = json.loads(envelope(world, world.release("two")))["signatures"][0]["sig"]
    put(world, envelope_key(release), json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(InputMissingError, match="is not what was signed"):
        champion(world)


def test_a_champion_that_was_never_signed_is_compared_with(world: World) -> None:
    """It is live; were it refused, nothing signed could follow it."""
    release = proved(world, signed=False)
    allowed = Releases(unsigned_in_production=True)
    run_step(promote.STEP, promotion(world, release, releases=allowed), world.context())
    found = champion(world)
    assert (found.release if found else "") == release


def test_a_key_file_that_says_another_key_is_refused(world: World) -> None:
    """Whoever can write the ledger still has no key that KMS knows."""
    release = world.release("one")
    sealed = ReleaseStore(world.ledger).sealed(release)
    assert sealed is not None
    known = KnownKeys(world.ledger).find(sealed.key_id)
    put(world, f"ledger/keys/{sealed.key_id}.pem", known.key.pem.replace(b"M", b"N", 1))
    refused(world, partial(world.deploy, release))
    put(world, f"ledger/keys/{sealed.key_id}.pem", f"Key: {known.arn}\n".encode() + known.key.pem)
    assert known.arn.split(":")[4] == TOOLS


def test_a_deployment_of_a_signed_release_again_writes_nothing(world: World) -> None:
    release = world.release("one")
    world.deploy(release)
    began = world.last_call()
    assert run_step(deploy.STEP, deploy_inputs(world, release), world.context()).recalled
    assert world.writes(began) == []


def deploy_inputs(world: World, release: str) -> deploy.Inputs:
    return deploy.Inputs(project=world.project, release=release, environment_name="qa", environment=world.environment())
