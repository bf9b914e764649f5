"""The envelope that a release is signed in: in-toto's DSSE, one signature, always written the same way.

Sources: DSSE v1.0 ("Dead Simple Signing Envelope", protocol and envelope); in-toto Attestation Framework v1,
"Envelope layer". What is signed is the type and the payload together (PAE), so that nothing else can be read out of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Signature, SSlibKey

from agent.errors import InputMissingError
from agent.step import canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_BEGINNING = b'{"payload":'


@dataclass(frozen=True)
class VerificationKey:
    """The public half of a key of the curve P-256: SubjectPublicKeyInfo in DER, as KMS answers it."""

    der: bytes

    @classmethod
    def of_pem(cls, content: bytes, origin: str) -> VerificationKey:
        """The key in a PEM file; InputMissingError for anything else."""
        try:
            key = load_pem_public_key(content)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputMissingError(f"{origin} is no public key in PEM: {error}") from error
        if not _is_p256(key):
            raise InputMissingError(f"the key in {origin} is not of the curve P-256, which releases are signed with")
        return cls(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def id(self) -> str:
        """Its fingerprint, by which signatures name it: the sha256 of the DER, in hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def pem(self) -> bytes:
        """The key as a file."""
        return self._loaded().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def as_library_has_it(self) -> SSlibKey:
        """The key for an envelope to verify with."""
        return SSlibKey(self.id, "ecdsa", "ecdsa-sha2-nistp256", {"public": self.pem.decode()})

    def _loaded(self) -> EllipticCurvePublicKey:
        try:
            key = load_der_public_key(self.der)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputMissingError(f"the key {self.id} is damaged: {error}") from error
        if not _is_p256(key):
            raise InputMissingError(f"the key {self.id} is not of the curve P-256, which releases are signed with")
        return key


def _is_p256(key: PublicKeyTypes) -> TypeGuard[EllipticCurvePublicKey]:
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)


@dataclass(frozen=True)
class Sealed:
    """A payload with the signature of one key, which is named and may or may not be what it is said to be."""

    payload: bytes
    key_id: str
    signature: bytes

    @property
    def content(self) -> bytes:
        """The envelope's bytes."""
        return canonical(self._envelope.to_dict())

    @property
    def _envelope(self) -> Envelope:
        return Envelope(self.payload, PAYLOAD_TYPE, {self.key_id: Signature(self.key_id, self.signature.hex())})

    def require_signed_by(self, key: VerificationKey, what: str) -> None:
        """Raise InputMissingError unless that very key signed that very payload."""
        if key.id != self.key_id:
            raise InputMissingError(f"{what} was signed by another key: expected {key.id}, found {self.key_id}")
        try:
            self._envelope.verify([key.as_library_has_it()], 1)
        except VerificationError as error:
            found = hashlib.sha256(self.payload).hexdigest()
            raise InputMissingError(
                f"{what} is not what was signed: the key {key.id} did not sign the document of sha256 {found}"
            ) from error


def seal(payload: bytes, key: VerificationKey, sign: Callable[[bytes], bytes]) -> Sealed:
    """The payload in an envelope; ``sign`` answers the signature of a sha256 digest, which is looked at once more."""
    signed = signed_bytes(payload)
    sealed = Sealed(payload, key.id, sign(hashlib.sha256(signed).digest()))
    sealed.require_signed_by(key, "what KMS answered")
    return sealed


def signed_bytes(payload: bytes) -> bytes:
    """What the signature is of: DSSE's pre-authentication encoding."""
    return Envelope(payload, PAYLOAD_TYPE, {}).pae()


def is_envelope(content: bytes) -> bool:
    """Whether a document is an envelope rather than a bare statement."""
    return content.startswith(_BEGINNING)


def unseal(content: bytes, origin: str) -> Sealed:
    """An envelope as :func:`seal` writes it, to the byte; InputMissingError for anything else."""
    try:
        envelope = Envelope.from_dict(json.loads(content))
        (signature,) = envelope.signatures.values()
        sealed = Sealed(envelope.payload, str(signature.keyid), bytes.fromhex(signature.signature))
        same = envelope.payload_type == PAYLOAD_TYPE and sealed.content == content
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputMissingError(f"{origin} is a damaged envelope: {error}") from error
    if not same:
        raise InputMissingError(
            f"{origin} is not as it was written: expected sha256 {hashlib.sha256(sealed.content).hexdigest()}, "
            f"found {hashlib.sha256(content).hexdigest()}"
        )
    return sealed
