"""Images that are signed as cosign signs them, with keys that tests make up, in a repository of any registry."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.dsse import Envelope

from agent.images.blobs import Blob, BytesContent
from agent.images.cosign import ANNOTATION, BUNDLE_TYPE
from agent.images.manifest import INDEX_TYPE, OCI_MANIFEST_TYPE, Descriptor, sha256_digest

if TYPE_CHECKING:
    from agent.images.registry import Registry

Members = dict[str, Any]
IN_TOTO = "application/vnd.in-toto+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"


class Signer:
    """Somebody with a key of their own."""

    def __init__(self) -> None:
        self._key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())

    @cached_property
    def pem(self) -> str:
        """The public half."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        """ECDSA, of the message's sha256."""
        return self._key.sign(message, ECDSA(SHA256()))

    def bundle(self, payload: bytes, payload_type: str = IN_TOTO, **changes: Any) -> bytes:
        """A payload in an envelope, in a bundle."""
        signature = b64encode(self.sign(Envelope(payload, payload_type, {}).pae())).decode()
        envelope = {
            "payload": b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"sig": signature}],
        }
        return json.dumps({"mediaType": BUNDLE_TYPE, "dsseEnvelope": envelope, **changes}).encode()


def payload(digest: str, kind: str = "cosign container image signature") -> bytes:
    """What is signed beside a tag."""
    identity = {"docker-reference": "bases/python"}
    critical = {"identity": identity, "image": {"docker-manifest-digest": digest}, "type": kind}
    return json.dumps({"critical": critical, "optional": None}).encode()


def statement(*digests: str, predicate: str = SIGNED, kind: str = "https://in-toto.io/Statement/v1") -> bytes:
    """What is signed in a bundle."""
    subject = [{"digest": {"sha256": digest.removeprefix("sha256:")}} for digest in digests]
    return json.dumps({"_type": kind, "subject": subject, "predicateType": predicate, "predicate": {}}).encode()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A repository that images and what is said of them are put into."""

    registry: Registry
    repository: str

    def image(self, word: str = "a base") -> str:
        """A small image; its digest."""
        return self._put({"schemaVersion": 2, "mediaType": OCI_MANIFEST_TYPE, **self._parts(word.encode())})

    def beside(self, digest: str, *signed: tuple[bytes, bytes]) -> None:
        """Signed payloads, each with its signature, by cosign's tag for an image."""
        layers = [
            {**self._blob(content), "annotations": {ANNOTATION: b64encode(signature).decode()}}
            for content, signature in signed
        ]
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST_TYPE, "config": self._blob(b"{}"), "layers": layers}
        self._put(document, f"{digest.replace(':', '-')}.sig")

    def refer(self, digest: str, *bundles: bytes) -> list[Members]:
        """Bundles that name an image as their subject; what a list has of each."""
        return [self._referrer(digest, bundle) for bundle in bundles]

    def list(self, digest: str, entries: list[Members]) -> None:
        """A list by the tag for it, as clients write it where the registry keeps none."""
        document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
        self._put(document, digest.replace(":", "-"), INDEX_TYPE)

    def _referrer(self, digest: str, bundle: bytes) -> Members:
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST_TYPE,
            "artifactType": BUNDLE_TYPE,
            "subject": {"mediaType": OCI_MANIFEST_TYPE, "digest": digest, "size": 1},
            **self._parts(bundle),
        }
        return {"mediaType": OCI_MANIFEST_TYPE, "digest": self._put(document), "size": 1, "artifactType": BUNDLE_TYPE}

    def _parts(self, content: bytes) -> Members:
        return {"config": self._blob(b"{}"), "layers": [self._blob(content)]}

    def _blob(self, content: bytes) -> Members:
        blob = Descriptor(media_type="application/json", digest=sha256_digest(content), size=len(content))
        self.registry.upload(self.repository, [Blob(descriptor=blob, content=BytesContent(data=content))])
        return blob.document()

    def _put(self, document: Members, locator: str = "", media_type: str = OCI_MANIFEST_TYPE) -> str:
        content = json.dumps(document).encode()
        digest = sha256_digest(content)
        self.registry.push_manifest(self.repository, locator or digest, media_type, content)
        return digest
