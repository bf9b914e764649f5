"""What signs and what verifies: keys of KMS, whose private half nobody ever sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """The public half of a key: the key's ARN, and SubjectPublicKeyInfo in DER (RFC 5280)."""

    arn: str
    der: bytes


class SigningKeys(Protocol):
    """KMS's asymmetric keys (ECC_NIST_P256); errors are modelyard's, with AWS's words."""

    def public_key(self, key: str) -> PublicKey:
        """The public half of a key, by its alias or ARN (GetPublicKey).

        InputMissingError where there is none, or where it was disabled or is to be deleted.
        """

    def sign(self, key: str, digest: bytes) -> bytes:
        """The signature of a sha256 digest, as KMS makes it (Sign, ECDSA_SHA_256): DER (RFC 3279)."""
