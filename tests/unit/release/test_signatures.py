"""Only what the project's key signed goes to production, whichever byte somebody edits and whichever key they have."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from agent.config.releases import Releases
from agent.errors import AccessDeniedError, InputMissingError
from agent.release.envelope import VerificationKey, seal
from agent.release.keys import KnownKey, KnownKeys
from agent.release.statement import encode
from agent.release.store import ReleaseStore
from tests.unit.pipeline_steps.vouched import BUCKET, DATA
from tests.unit.release.test_verification import World

if TYPE_CHECKING:
    from collections.abc import Callable

UNSIGNED = Releases(sign=False)


@pytest.fixture
def world() -> World:
    return World()


def sealed_by(world: World, arn: str, payload: bytes) -> bytes:
    key = VerificationKey(world.keys.public_key(arn).der)
    KnownKeys(world.ledger).keep(KnownKey(key=key, arn=arn))
    return seal(payload, key, lambda digest: world.keys.sign(arn, digest)).content


def test_an_unsigned_release_goes_to_environments_for_tests(world: World) -> None:
    world.write(UNSIGNED, run="unsigned")
    assert world.verify()["signature"] == "not signed"


def test_an_unsigned_release_is_refused_for_production(world: World) -> None:
    world.write(UNSIGNED, run="unsigned")
    assert "is not signed, and production takes no other" in world.refused(InputMissingError, production=True)


def test_an_unsigned_release_goes_to_production_where_that_is_configured(world: World) -> None:
    world.write(UNSIGNED, run="unsigned")
    taken = world.verify(Releases(unsigned_in_production=True), production=True)
    assert taken["signature"] == "not signed"


def test_a_release_that_was_unsigned_is_signed_when_it_is_made_again(world: World) -> None:
    digest = world.write(UNSIGNED, run="unsigned")
    assert world.write() == digest
    assert world.verify(production=True)["signature"] == f"by key {world.key_id}"


def test_a_release_whose_envelope_was_taken_off_is_refused(world: World) -> None:
    world.kept = encode(world.release)
    assert "is not signed" in world.refused(InputMissingError, production=True)


def test_the_target_account_sees_the_public_key_and_cannot_sign(world: World) -> None:
    world.verify(production=True)
    (arn,) = world.keys.held
    assert world.target.keys.calls == [("GetPublicKey", arn)]
    with pytest.raises(AccessDeniedError):
        world.target.keys.sign(arn, b"0" * 32)


def test_the_release_of_an_earlier_key_stays_verified(world: World) -> None:
    old, first = world.digest, world.key_id
    world.keys.add()
    new = world.write(run="later")
    assert world.key_id != first
    assert world.verify(production=True)["signature"] == f"by key {world.key_id}"
    world.digest, world.release = old, ReleaseStore(world.ledger).read(old)
    assert (new != old, world.verify(production=True)["signature"]) == (True, f"by key {first}")


def test_a_release_of_a_key_that_was_disabled_is_refused(world: World) -> None:
    world.keys.disabled.update(world.keys.held)
    assert "is disabled" in world.refused(InputMissingError)


def test_pinned_keys_need_no_kms(world: World) -> None:
    world.target.keys = None
    assert world.verify(Releases(trusted_keys=(world.key_id,)))["signature"] == f"by key {world.key_id}"


def test_a_key_that_is_not_pinned_is_refused_with_the_ones_that_are(world: World) -> None:
    pinned = Releases(trusted_keys=("a" * 64,))
    assert f"expected one of {'a' * 64}, found {world.key_id}" in world.refused(InputMissingError, releases=pinned)


@pytest.mark.parametrize("pinned", [False, True])
def test_a_key_of_another_account_is_no_key_of_the_project(world: World, pinned: bool) -> None:
    first = world.key_id
    mallorys = world.keys.add("alias/mallory", account="666666666666")
    world.kept = sealed_by(world, mallorys, encode(world.release))
    releases = Releases(trusted_keys=(first,)) if pinned else Releases()
    message = world.refused(InputMissingError, releases=releases)
    assert (f"expected one of {first}" if pinned else "is not one of the tools account 111111111111") in message


def test_a_key_in_the_ledger_that_kms_does_not_have_is_no_key_of_the_project(world: World) -> None:
    """The forger has a key of their own, and says that it is the project's."""
    (arn,) = world.keys.held
    mallorys = world.keys.add("alias/mallory")
    key = VerificationKey(world.keys.public_key(mallorys).der)
    KnownKeys(world.ledger).keep(KnownKey(key=key, arn=arn))
    world.kept = seal(encode(world.release), key, lambda digest: world.keys.sign(mallorys, digest)).content
    assert f"is another key than signed: expected {key.id}, found" in world.refused(InputMissingError)


def test_a_changed_key_file_is_refused_with_both_fingerprints(world: World) -> None:
    other = VerificationKey(world.keys.public_key(world.keys.add()).der)
    world.tools.objects.kept[BUCKET, f"ledger/keys/{world.key_id}.pem"] = other.pem
    assert f"expected {world.key_id}, found {other.id}" in world.refused(InputMissingError)


def test_a_key_file_that_is_gone_is_said_to_be(world: World) -> None:
    del world.tools.objects.kept[BUCKET, f"ledger/keys/{world.key_id}.pem"]
    assert f"ledger/keys/{world.key_id}.pem, the key that the release names" in world.refused(InputMissingError)


def test_the_signature_of_another_release_does_not_count(world: World) -> None:
    first, other = world.kept, world.write(run="other")
    document = json.loads(world.kept)
    document["signatures"] = json.loads(first)["signatures"]
    world.kept = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert f"did not sign the document of sha256 {other}" in world.refused(InputMissingError)


def test_a_changed_statement_in_an_envelope_that_is_signed_again_is_not_the_release(world: World) -> None:
    """Somebody may sign what they like: it gets another name."""
    (arn,) = world.keys.held
    forged = encode(world.release).replace(b'"trees":"150"', b'"trees":"151"')
    world.kept = sealed_by(world, arn, forged)
    found = hashlib.sha256(forged).hexdigest()
    assert f"expected sha256 {world.digest}, found {found}" in world.refused(InputMissingError)


def manifest_of(world: World, content_of: Callable[[bytes], str]) -> str:
    """A data set of one object, which is named by its content; the object's key."""
    name = f"train/rows.{content_of(b'1,2')}.csv"
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/data/objects/"}, name]).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    data = DATA["training"].model_copy(update={"digest": digest})
    world.tools.objects.kept[BUCKET, data.manifest.removeprefix(f"s3://{BUCKET}/")] = manifest
    world.tools.objects.kept[BUCKET, f"data/objects/{name}"] = b"1,2"
    world.write(data={"training": data})
    return f"data/objects/{name}"


def test_the_objects_of_a_data_set_are_read_when_that_is_asked_for(world: World) -> None:
    key = manifest_of(world, lambda content: hashlib.sha256(content).hexdigest())
    assert world.verify(deep=True)["objects of training"] == "1 of 1 have the content that they are named by"
    world.tools.objects.kept[BUCKET, key] = b"1,3"
    world.verify()
    expected, found = (hashlib.sha256(content).hexdigest() for content in (b"1,2", b"1,3"))
    assert f"{key}: expected sha256 {expected}, found {found}" in world.refused(InputMissingError, deep=True)


def test_the_objects_of_a_changed_manifest_are_not_even_looked_for(world: World) -> None:
    manifest_of(world, lambda content: hashlib.sha256(content).hexdigest())
    manifest = world.release.data["training"].manifest
    world.tools.objects.kept[BUCKET, manifest.removeprefix(f"s3://{BUCKET}/")] = b"no manifest"
    assert f"objects of training: the manifest {manifest} is not the one" in world.refused(InputMissingError, deep=True)


def test_an_object_that_is_named_by_its_version_only_is_said_to_be_unread(world: World) -> None:
    manifest_of(world, lambda content: f"etag-{hashlib.sha256(content).hexdigest()}")
    told = world.verify(deep=True)["objects of training"]
    assert told == "0 of 1 have the content that they are named by, 1 named by S3's version only"
