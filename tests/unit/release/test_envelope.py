"""What is signed is what DSSE says, and no edited byte of an envelope goes unnoticed."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputMissingError
from agent.release.envelope import Sealed, VerificationKey, is_envelope, seal, signed_bytes, unseal
from agent.release.statement import encode
from tests.fakes import MemoryKeys
from tests.unit.pipeline_steps.vouched import release

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOAD = encode(release())


@cache
def signed() -> tuple[VerificationKey, Sealed]:
    keys = MemoryKeys()
    arn = keys.add()
    key = VerificationKey(keys.public_key(arn).der)
    return key, seal(PAYLOAD, key, lambda digest: keys.sign(arn, digest))


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InputMissingError) as caught:
        act()
    return str(caught.value)


@given(st.binary(max_size=300))
def test_what_is_signed_is_type_and_payload_with_their_lengths(payload: bytes) -> None:
    """DSSE v1.0, protocol: ``"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body``."""
    expected = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    assert signed_bytes(payload) == expected


def test_an_envelope_has_the_members_of_the_standard() -> None:
    key, sealed = signed()
    document = json.loads(sealed.content)
    assert set(document) == {"payload", "payloadType", "signatures"}
    assert base64.b64decode(document["payload"]) == PAYLOAD
    assert document["payloadType"] == "application/vnd.in-toto+json"
    assert [one["keyid"] for one in document["signatures"]] == [key.id]


def test_the_signature_is_ecdsa_over_sha256_as_any_other_tool_checks_it() -> None:
    key, sealed = signed()
    public = load_pem_public_key(key.pem)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(json.loads(sealed.content)["signatures"][0]["sig"])
    public.verify(signature, signed_bytes(PAYLOAD), ec.ECDSA(SHA256()))


def test_an_envelope_is_read_as_it_was_written() -> None:
    key, sealed = signed()
    found = unseal(sealed.content, "here")
    assert found == sealed
    found.require_signed_by(key, "it")
    assert (is_envelope(sealed.content), is_envelope(PAYLOAD)) == (True, False)


@given(where=st.integers(0, len(signed()[1].content) - 1), what=st.integers(1, 255))
def test_no_edited_byte_goes_unnoticed(where: int, what: int) -> None:
    key, sealed = signed()
    content = bytearray(sealed.content)
    content[where] ^= what

    def read() -> None:
        found = unseal(bytes(content), "here")
        found.require_signed_by(key, "it")

    refused(read)


@given(st.integers(1, 500))
def test_a_part_of_an_envelope_is_none(length: int) -> None:
    _, sealed = signed()
    assert "here is a damaged envelope" in refused(lambda: unseal(sealed.content[:-length], "here"))


@pytest.mark.parametrize(
    "change",
    [
        {"payloadType": "text/plain"},
        {"signatures": []},
        {"signatures": None},
        {"comment": "harmless"},
        {"signatures": [{"keyid": "a", "sig": "!"}]},
    ],
)
def test_only_our_own_envelopes_are_read(change: dict[str, object]) -> None:
    document = {**json.loads(signed()[1].content), **change}
    refused(lambda: unseal(json.dumps(document, sort_keys=True, separators=(",", ":")).encode(), "here"))


def test_a_second_signature_is_refused() -> None:
    document = json.loads(signed()[1].content)
    document["signatures"].append({**document["signatures"][0], "keyid": "b" * 64})
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert "is a damaged envelope" in refused(lambda: unseal(content, "here"))


def test_another_key_is_told_by_both_fingerprints() -> None:
    _, sealed = signed()
    keys = MemoryKeys()
    other = VerificationKey(keys.public_key(keys.add()).der)
    message = refused(lambda: sealed.require_signed_by(other, "release 1"))
    assert message == f"release 1 was signed by another key: expected {other.id}, found {sealed.key_id}"


def test_what_another_key_signed_is_not_kept() -> None:
    """KMS answers for the key that it was asked about, or nothing is released."""
    key, _ = signed()
    keys = MemoryKeys()
    arn = keys.add()
    assert "did not sign" in refused(lambda: seal(PAYLOAD, key, lambda digest: keys.sign(arn, digest)))


def test_a_key_is_read_with_words_ahead_of_it() -> None:
    key, _ = signed()
    assert VerificationKey.of_pem(b"Key: arn:aws:kms:eu-central-1:1:key/2\n" + key.pem, "file") == key


@pytest.mark.parametrize("curve", [ec.SECP384R1(), None])
def test_keys_of_another_kind_are_refused(curve: ec.EllipticCurve | None) -> None:
    private = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, 2048)
    public = private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert "is not of the curve P-256" in refused(lambda: VerificationKey.of_pem(pem, "file"))
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert "is not of the curve P-256" in refused(lambda: VerificationKey(der).pem)


def test_what_is_no_key_is_refused() -> None:
    assert "file is no public key in PEM" in refused(lambda: VerificationKey.of_pem(b"not a key", "file"))
