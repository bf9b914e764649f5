"""Signatures of an image are found in both of their places, and what is damaged is told, not believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from agent.errors import TemporaryError
from agent.gates.signed import Proof, prove
from agent.images.registry import Registry, RegistryEndpoint
from agent.images.retries import Retries
from agent.images.signatures import read_claims
from tests import cosign_made
from tests.cosigned import Shelf, Signer, payload, statement
from tests.docker_registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.ports.signatures import Claim
    from tests.docker_registry import DockerRegistry

pytestmark = pytest.mark.requires("docker-registry")
PLATFORM = Signer()
LARGEST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Place(Shelf):
    """A repository of a registry whose blobs are below ``folder``."""

    folder: Path

    def claims(self, digest: str) -> tuple[Claim, ...]:
        return read_claims(self.registry, self.repository, digest)

    def proof(self, digest: str) -> Proof:
        return prove(digest, self.claims(digest), {"platform.pub": PLATFORM.pem})

    def alter(self, content: bytes) -> None:
        """Change a blob behind the registry's back."""
        (found,) = (file for file in self.folder.rglob("data") if file.is_file() and file.read_bytes() == content)
        found.write_bytes(content[:-1] + b"?")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DockerRegistry, Path]]:
    folder = tmp_path_factory.mktemp("registry")
    with docker_registry(folder) as registry:
        yield registry, folder


@pytest.fixture
def place(running: tuple[DockerRegistry, Path]) -> Place:
    registry, folder = running
    endpoint = RegistryEndpoint(base_url=f"http://{registry.address}")
    return Place(registry=Registry(endpoint), repository=f"bases-{uuid4().hex[:8]}", folder=folder)


@pytest.mark.parametrize("made", sorted(cosign_made.KEY_OF))
def test_what_cosign_has_made_proves_the_image_by_its_key_alone(place: Place, made: str) -> None:
    cosign_made.put(made, place.registry, place.repository)
    digest, claims = cosign_made.image(), place.claims(cosign_made.image())
    keys = {name: cosign_made.key(name) for name in ("p256", "rsa")}
    assert prove(digest, claims, keys) == Proof(by=cosign_made.KEY_OF[made])
    assert "somebody else" in prove(digest, claims, {"platform.pub": PLATFORM.pem}).fault


def test_an_image_without_signatures_has_none(place: Place) -> None:
    digest = place.image()
    assert place.claims(digest) == ()
    assert place.proof(digest).fault == "is not signed by platform.pub"


def test_signatures_are_found_in_both_places(place: Place) -> None:
    digest, signed = place.image(), payload(place.image())
    place.beside(digest, (signed, PLATFORM.sign(signed)), (signed, Signer().sign(signed)))
    place.list(digest, place.refer(digest, PLATFORM.bundle(statement(digest)), Signer().bundle(statement(digest))))
    assert [claim.images for claim in place.claims(digest)] == [(digest,)] * 4
    assert place.proof(digest).by == "platform.pub"


def test_a_signature_that_was_copied_to_another_image_is_of_the_first(place: Place) -> None:
    first, second = place.image("one"), place.image("two")
    signed = payload(first)
    place.beside(second, (signed, PLATFORM.sign(signed)))
    assert place.proof(second).fault == f"has a signature by platform.pub that is of another image ({first})"


def test_a_payload_that_was_altered_is_not_what_its_digest_says(place: Place) -> None:
    digest = place.image()
    signed = payload(digest) + uuid4().hex.encode()
    place.beside(digest, (signed, PLATFORM.sign(signed)))
    place.alter(signed)
    assert "a signature cannot be read: InputMissingError: registry" in place.proof(digest).fault


@pytest.mark.parametrize("size", [LARGEST + 1, 5 * LARGEST])
def test_a_payload_that_is_too_large_is_not_read_to_its_end(place: Place, size: int) -> None:
    digest = place.image()
    signed = payload(digest).ljust(size)
    place.beside(digest, (signed, PLATFORM.sign(signed)))
    assert f"is larger than {LARGEST} bytes" in place.proof(digest).fault


@pytest.mark.parametrize("content", [b"{}", b"[" * 100_000, b"\xff"], ids=["empty", "deep", "no text"])
def test_what_is_no_bundle_hides_no_other_one(place: Place, content: bytes) -> None:
    digest = place.image()
    entries = place.refer(digest, content, PLATFORM.bundle(statement(digest)))
    place.list(digest, [entries[0]])
    assert "a bundle cannot be read" in place.proof(digest).fault
    place.list(digest, entries)
    assert place.proof(digest).by == "platform.pub"


def test_attestations_of_something_else_are_no_signatures(place: Place) -> None:
    digest = place.image()
    bill = statement(digest, predicate="https://cyclonedx.org/bom")
    place.list(digest, place.refer(digest, PLATFORM.bundle(bill)))
    assert place.claims(digest) == ()


def test_of_very_many_only_the_first_are_looked_at(place: Place) -> None:
    digest = place.image()
    signed = payload(digest)
    place.beside(digest, *[(signed, b"nothing")] * 150)
    claims = place.claims(digest)
    assert len(claims) == 101
    assert claims[-1].trouble == "only the first 100 signatures were looked at"


def test_a_registry_that_does_not_answer_is_an_error_and_no_verdict() -> None:
    registry = Registry(RegistryEndpoint(base_url="http://127.0.0.1:9"), Retries(sleep=lambda _: None, attempts=2))
    with pytest.raises(TemporaryError, match="got no answer"):
        read_claims(registry, "bases", f"sha256:{'1' * 64}")
