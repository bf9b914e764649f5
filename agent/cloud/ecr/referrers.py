"""What refers to an image, such as its signatures: manifests that name it as their subject.

Source: OCI distribution specification, "Listing Referrers".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.cloud.emulator.repositories import StoredManifest


def subject_of(content: bytes) -> str:
    """The digest that a manifest names as its subject, or nothing."""
    subject = json.loads(content).get("subject")
    return str(subject.get("digest", "")) if isinstance(subject, dict) else ""


def referrers(manifests: Iterable[StoredManifest], digest: str) -> list[dict[str, Any]]:
    """The descriptors of those manifests whose subject has the digest."""
    return [_descriptor(manifest) for manifest in manifests if subject_of(manifest.content) == digest]


def _descriptor(manifest: StoredManifest) -> dict[str, Any]:
    document = json.loads(manifest.content)
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.content),
        "artifactType": document.get("artifactType") or (document.get("config") or {}).get("mediaType", ""),
        "annotations": document.get("annotations") or {},
    }
