"""Signatures of images in the two formats that cosign gives them: a signed payload, and a bundle with an envelope.

Sources: cosign's SIGNATURE_SPEC.md (payloads in "simple signing") and BUNDLE_SPEC.md; sigstore's protobuf-specs (bundle
v0.3); DSSE v1.0; in-toto's Statement v1. Nothing is verified here: what is read is what somebody claims.
"""

from __future__ import annotations

import json
from base64 import b64decode

from securesystemslib.dsse import Envelope

from agent.ports.signatures import Claim

ANNOTATION = "dev.cosignproject.cosign/signature"
"""Where a layer of the tag's manifest has the signature of its payload."""
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_PAYLOAD = "cosign container image signature"
_ENVELOPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://sigstore.dev/cosign/sign/v1"


def read_payload(payload: bytes, signature: str) -> Claim:
    """A payload with its signature in base64; ValueError, LookupError or TypeError where it is none of cosign's."""
    critical = json.loads(payload)["critical"]
    if critical["type"] != _PAYLOAD:
        raise ValueError(f"it is of the type {critical['type']!r}, not {_PAYLOAD!r}")
    digest = str(critical["image"]["docker-manifest-digest"])
    return Claim(signed=payload, signature=b64decode(signature, validate=True), images=(digest,))


def read_bundle(content: bytes) -> Claim | None:
    """A bundle, or None for one that states something else about an image than that it is signed.

    ValueError, LookupError or TypeError where it is none of cosign's.
    """
    bundle = json.loads(content)
    envelope = bundle["dsseEnvelope"]
    for said, wanted in ((bundle["mediaType"], BUNDLE_TYPE), (envelope["payloadType"], _ENVELOPE)):
        if said != wanted:
            raise ValueError(f"it is of the type {said!r}, not {wanted!r}")
    payload = b64decode(envelope["payload"], validate=True)
    statement = json.loads(payload)
    if statement["_type"] != _STATEMENT:
        raise ValueError(f"it is of the type {statement['_type']!r}, not {_STATEMENT!r}")
    if statement["predicateType"] != _PREDICATE:
        return None
    (signature,) = envelope["signatures"]
    return Claim(
        # The type is signed with the payload, so that nothing of another type can be taken for it.
        signed=Envelope(payload, _ENVELOPE, {}).pae(),
        signature=b64decode(signature["sig"], validate=True),
        images=tuple(f"sha256:{subject['digest']['sha256']}" for subject in statement["subject"]),
    )
