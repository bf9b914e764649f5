"""Which objects are needed: whatever a kept document names, and whatever the manifests that it names name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Keys of the artifact bucket, and image digests (``sha256:…``)."""

    keys: frozenset[str]
    images: frozenset[str]

    @classmethod
    def nothing(cls) -> Needed:
        """What no document needs."""
        return cls(keys=frozenset(), images=frozenset())

    def holds(self, key: str) -> bool:
        """Whether an object must stay: it is named, or the folder that it is in."""
        return key in self.keys or any(f"{folder}/" in self.keys for folder in _folders(key))

    def __or__(self, other: Needed) -> Needed:
        return Needed(keys=self.keys | other.keys, images=self.images | other.images)


def named_in(document: Any, bucket: str) -> Needed:
    """What a document names anywhere in it: addresses ``s3://<bucket>/…``, and images by digest."""
    texts = frozenset(_texts(document))
    address = f"s3://{bucket}/"
    return Needed(
        keys=frozenset(text.removeprefix(address) for text in texts if text.startswith(address)),
        images=frozenset(text.rpartition("@")[2] for text in texts if ".dkr.ecr." in text and "@sha256:" in text),
    )


def listed_in(manifest: Iterable[Any], bucket: str) -> frozenset[str]:
    """The keys that a SageMaker ManifestFile lists: one ``prefix``, then names below it."""
    entries = list(manifest)
    prefix = next((entry["prefix"] for entry in entries if isinstance(entry, dict)), "")
    base = str(prefix).removeprefix(f"s3://{bucket}/")
    return frozenset(base + entry for entry in entries if isinstance(entry, str))


def _folders(key: str) -> Iterator[str]:
    while "/" in key:
        key = key.rpartition("/")[0]
        yield key


def _texts(value: Mapping[str, Any] | list[Any] | Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
        case _:
            return
