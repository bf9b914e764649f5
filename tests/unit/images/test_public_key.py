"""Keys that images are signed with: those of P-256 and RSA, and no others."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.errors import UsageError
from agent.images.public_key import PublicKey
from tests.cosigned import Signer


def pem(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def test_a_key_of_p_256_knows_its_own_signatures() -> None:
    signer, other = Signer(), Signer()
    key = PublicKey.of_pem(signer.pem.encode(), "platform.pub")
    assert key.has_signed(b"message", signer.sign(b"message"))
    assert not key.has_signed(b"massage", signer.sign(b"message"))
    assert not key.has_signed(b"message", other.sign(b"message"))
    assert not key.has_signed(b"message", b"")


def test_a_key_of_rsa_knows_its_own_signatures() -> None:
    private = generate_rsa_key(65537, 2048)
    key = PublicKey.of_pem(pem(private), "platform.pub")
    signature = private.sign(b"message", PKCS1v15(), SHA256())
    assert key.has_signed(b"message", signature)
    assert not key.has_signed(b"message", signature[:-1])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"ssh-rsa AAAA", "platform.pub is no public key in PEM"),
        (pem(generate_private_key(SECP384R1())), "neither of the curve P-256 nor of RSA"),
        (pem(Ed25519PrivateKey.generate()), "neither of the curve P-256 nor of RSA"),
        (pem(generate_rsa_key(65537, 1024)), "neither of the curve P-256 nor of RSA"),
        (2 * Signer().pem.encode(), "platform.pub holds more than one key"),
    ],
    ids=["of ssh", "P-384", "Ed25519", "short", "two of them"],
)
def test_any_other_key_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        PublicKey.of_pem(content, "platform.pub")
