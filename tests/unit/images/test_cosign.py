"""What cosign signs is read as what it claims, and nothing else is taken for it."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from securesystemslib.dsse import Envelope

from agent.images.cosign import read_bundle, read_payload
from tests.cosigned import IN_TOTO, Signer, payload, statement

DIGEST, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
SIGNATURE = b64encode(b"signature").decode()


def test_a_payload_claims_what_it_says_and_is_signed_as_it_is() -> None:
    claim = read_payload(payload(DIGEST), SIGNATURE)
    assert (claim.signed, claim.signature, claim.images) == (payload(DIGEST), b"signature", (DIGEST,))


@pytest.mark.parametrize(
    ("content", "signature"),
    [
        (payload(DIGEST, kind="atomic container signature"), SIGNATURE),
        (payload(DIGEST)[:-3], SIGNATURE),
        (b"{}", SIGNATURE),
        (b'{"critical": []}', SIGNATURE),
        (b"\xff", SIGNATURE),
        (payload(DIGEST), "not base64!"),
    ],
    ids=["another type", "truncated", "empty", "no mapping", "no text", "no signature"],
)
def test_any_other_payload_is_none(content: bytes, signature: str) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_payload(content, signature)


def test_a_bundle_claims_its_subjects_and_is_signed_with_its_type() -> None:
    content = statement(DIGEST, OTHER)
    claim = read_bundle(Signer().bundle(content))
    assert claim is not None
    assert claim.images == (DIGEST, OTHER)
    assert claim.signed == Envelope(content, IN_TOTO, {}).pae()


def test_a_statement_of_something_else_is_no_signature() -> None:
    assert read_bundle(Signer().bundle(statement(DIGEST, predicate="https://slsa.dev/provenance/v1"))) is None


def twice_signed() -> bytes:
    document = json.loads(Signer().bundle(statement(DIGEST)))
    document["dsseEnvelope"]["signatures"] *= 2
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "content",
    [
        Signer().bundle(statement(DIGEST), payload_type="application/json"),
        Signer().bundle(statement(DIGEST, kind="https://in-toto.io/Statement/v9")),
        Signer().bundle(statement(DIGEST), mediaType="application/vnd.dev.sigstore.bundle.v9+json"),
        Signer().bundle(statement(DIGEST))[:-5],
        Signer().bundle(b"[]"),
        Signer().bundle(b"{}"),
        b'{"messageSignature": {}}',
        twice_signed(),
    ],
    ids=["type", "statement", "bundle", "truncated", "list", "empty", "no envelope", "two signatures"],
)
def test_any_other_bundle_is_none(content: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_bundle(content)
