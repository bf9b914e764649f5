"""What cosign itself left in a registry, kept so that it is read the same where there is no cosign.

``cosign_made.json`` has all manifests and blobs of four repositories of Debian's `docker-registry`, each with the image
of :meth:`tests.cosigned.Shelf.image` that cosign 3.1.3 had signed there, with one of two keys::

    cosign generate-key-pair                                        # p256
    openssl genrsa -out rsa.pem 2048; cosign import-key-pair --key rsa.pem    # rsa
    cosign sign --key KEY --tlog-upload=false --use-signing-config=false --yes --allow-http-registry IMAGE@DIGEST

and with ``--new-bundle-format=false`` besides where it is a payload.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.images.blobs import Blob, BytesContent
from agent.images.manifest import Descriptor, sha256_digest
from tests.sources import ROOT

if TYPE_CHECKING:
    from agent.images.registry import Registry

KEY_OF = {"payload": "p256", "bundle": "p256", "payload by RSA": "rsa", "bundle by RSA": "rsa"}
"""What there is, with the name of the key that has signed it."""


@cache
def _kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "tests/cosign_made.json").read_text())
    return found


def image() -> str:
    """The digest of the image that was signed."""
    return str(_kept()["image"])


def key(name: str) -> str:
    """A public key in PEM."""
    return str(_kept()["keys"][name])


def put(name: str, registry: Registry, repository: str) -> None:
    """Bring the image, and what cosign left with it, into a repository."""
    left = _kept()["left"][name]
    for text in left["blobs"]:
        data = text.encode()
        blob = Descriptor(media_type="application/octet-stream", digest=sha256_digest(data), size=len(data))
        registry.upload(repository, [Blob(descriptor=blob, content=BytesContent(data=data))])
    for manifest in left["manifests"]:
        content = manifest["content"].encode()
        registry.push_manifest(repository, manifest["locator"], manifest["media_type"], content)
