"""Public keys that images are signed with, in the kinds that cosign makes, or imports, and every KMS has.

Ed25519 is left out, for cosign signs with its prehashed variant (RFC 8032, Ed25519ph), which `cryptography` lacks.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from agent.errors import UsageError

_LEAST_BITS = 2048
_BEGIN = b"-----BEGIN "


@dataclass(frozen=True)
class PublicKey:
    """A key of the curve P-256 (ECDSA), or of RSA (PKCS #1 v1.5); both sign a sha256."""

    key: EllipticCurvePublicKey | RSAPublicKey

    @classmethod
    def of_pem(cls, content: bytes, origin: str) -> PublicKey:
        """The key in a PEM file; UsageError for anything else."""
        if content.count(_BEGIN) > 1:
            raise UsageError(f"{origin} holds more than one key; write each into a file of its own")
        try:
            key = load_pem_public_key(content)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError(f"{origin} is no public key in PEM; cosign writes one as cosign.pub") from error
        match key:
            case EllipticCurvePublicKey(curve=SECP256R1()):
                return cls(key)
            case RSAPublicKey(key_size=bits) if bits >= _LEAST_BITS:
                return cls(key)
        raise UsageError(f"{origin} is a key neither of the curve P-256 nor of RSA with {_LEAST_BITS} bits or more")

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether a signature is this key's, of that very message."""
        try:
            if isinstance(self.key, EllipticCurvePublicKey):
                self.key.verify(signature, message, ECDSA(SHA256()))
            else:
                self.key.verify(signature, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True
