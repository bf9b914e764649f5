"""The registry-v2 protocol (distribution-spec), as much of it as pushing and pulling one image by digest needs."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from agent.errors import CloudFailedError, InputMissingError
from agent.images.blobs import Blob, FileContent, upload
from agent.images.exchange import Exchange, RegistryEndpoint
from agent.images.manifest import INDEX_TYPE, SINGLE_IMAGE_TYPES, Descriptor, decode_manifest, sha256_digest
from agent.images.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.images.layout import ImageLayout

__all__ = ["Registry", "RegistryEndpoint"]

T = TypeVar("T")

_DOCUMENT_BYTES = 4 << 20
"""The largest manifest or index that is read: more than that, no registry has to take (distribution-spec)."""
_NEXT = re.compile(r"""\s*<([^>]+)>\s*;\s*rel="?next\b""")


def _following(target: str, link: str) -> str:
    """The next page's place in the same registry, by a ``Link`` (RFC 8288), or nothing after the last page."""
    found = _NEXT.match(link)
    return urlsplit(urljoin(target, found[1]))._replace(scheme="", netloc="").geturl() if found else ""


def at_most(size: int, blocks: Iterator[bytes], what: str) -> bytes:
    """All of some blocks; InputMissingError once they are more than ``size`` bytes."""
    found = b""
    for block in blocks:
        found += block
        if len(found) > size:
            raise InputMissingError(f"{what} is larger than {size} bytes, and was not read to its end")
    return found


class Registry:
    """Pushes and pulls images; blocking, so an event loop calls it in a thread.

    It holds connections open only while it is used in a ``with`` block. What fails for the moment is tried again.
    """

    def __init__(self, endpoint: RegistryEndpoint, retries: Retries | None = None) -> None:
        self._exchange = Exchange(endpoint)
        self._retries = retries or Retries(sleep=time.sleep)
        self._kept = ExitStack()

    def __enter__(self) -> Self:
        self._kept.enter_context(self._exchange.kept())
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    @property
    def name(self) -> str:
        """How messages call it."""
        return self._exchange.endpoint.name

    def push(self, layout: ImageLayout, digest: str, repository: str, tag: str | None = None) -> None:
        """Upload an image: the blobs that the repository lacks, then the manifest under ``tag`` or its digest."""
        raw = layout.read(digest)
        manifest = decode_manifest(raw, f"image {digest}")
        blobs = [
            Blob(descriptor=blob, content=FileContent(path=layout.blob_path(blob.digest))) for blob in manifest.blobs
        ]
        with self._exchange.kept():
            self.upload(repository, blobs)
            self.push_manifest(repository, tag or digest, manifest.media_type, raw)

    def upload(self, repository: str, blobs: Sequence[Blob]) -> frozenset[str]:
        """Bring into a repository what it lacks of ``blobs``; the digests of those whose bytes were sent."""
        return upload(self._exchange, repository, blobs, self._retries)

    def has(self, repository: str, digest: str) -> bool:
        """Whether a repository has a blob."""
        return self._retries.run(partial(self._head_blob, repository, digest))

    def push_manifest(self, repository: str, locator: str, media_type: str, raw: bytes) -> None:
        """The manifest, under a tag or its digest; a tag that cannot move is fine where it names this very image."""
        self._retries.run(partial(self._put_manifest, repository, locator, media_type, raw))

    def resolve(self, repository: str, locator: str) -> str:
        """The digest that a tag points at now (or the given digest itself, when the registry has it)."""
        return sha256_digest(self.manifest(repository, locator))

    def digest(self, repository: str, locator: str, media_type: str) -> str | None:
        """The digest that the registry tells of a manifest, or None where it has none by that tag or digest."""
        return self._retries.run(partial(self._head_manifest, repository, locator, media_type))

    def pull(self, layout: ImageLayout, repository: str, locator: str) -> Descriptor:
        """Download what ``layout`` lacks of an image and answer its manifest; every blob's digest is verified."""
        raw = self.manifest(repository, locator)
        manifest = decode_manifest(raw, f"{self.name}/{repository} ({locator})")
        with self._exchange.kept():
            for blob in manifest.blobs:
                if not layout.has(blob.digest):
                    self._retries.run(partial(self._download, repository, blob.digest, layout))
        return layout.add(raw, manifest.media_type)

    def manifest(self, repository: str, locator: str, accept: Sequence[str] = SINGLE_IMAGE_TYPES) -> bytes:
        """A manifest of one of the media types ``accept``, by its tag or digest; InputMissingError without one."""
        path = f"/v2/{repository}/manifests/{locator}"
        raw = self._retries.run(partial(self._get_document, path, accept))[0]
        if locator.startswith("sha256:") and sha256_digest(raw) != locator:
            raise InputMissingError(f"registry {self.name}: {path} is {sha256_digest(raw)}; push it again")
        return raw

    def find(self, repository: str, tag: str, accept: Sequence[str]) -> bytes | None:
        """What a tag names, of one of the media types ``accept``, or None where there is no such tag."""
        path = f"/v2/{repository}/manifests/{tag}"
        found, _ = self._retries.run(partial(self._get_document, path, accept, accept_missing=True))
        return found or None

    def referrers(self, repository: str, digest: str, artifact_type: str) -> Iterator[bytes]:
        """What refers to a manifest, an index for each page; none where the registry keeps no such list.

        It may also tell of what is of another type (distribution-spec, "Listing Referrers").
        """
        target = f"/v2/{repository}/referrers/{digest}?{urlencode({'artifactType': artifact_type})}"
        while target:
            page, link = self._retries.run(partial(self._get_document, target, (INDEX_TYPE,), accept_missing=True))
            if page:
                yield page
            target = _following(target, link)

    def download(self, repository: str, digest: str, layout: ImageLayout) -> bytes:
        """A small blob, by way of ``layout``, where it stays."""
        if not layout.has(digest):
            self._retries.run(partial(self._download, repository, digest, layout))
        return layout.read(digest)

    def small(self, repository: str, digest: str) -> bytes:
        """A small blob (a configuration), which is kept nowhere."""
        return self.read(repository, digest, b"".join)

    def read(self, repository: str, digest: str, reader: Callable[[Iterator[bytes]], T]) -> T:
        """What ``reader`` makes of a blob's bytes as they come; it begins anew where the connection was cut.

        InputMissingError, with both digests, where they are not the bytes that the digest names.
        """
        return self._retries.run(partial(self._read, repository, digest, reader))

    def blocks(self, repository: str, digest: str, start: int) -> Iterator[bytes]:
        """A blob's bytes from the offset ``start``, as they come; a registry may know no offsets."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._exchange.ask("GET", f"/v2/{repository}/blobs/{digest}", headers=headers) as answer:
            skipped = start if answer.status == 200 else 0
            for block in answer.blocks():
                yield block[skipped:]
                skipped = max(0, skipped - len(block))

    def _read(self, repository: str, digest: str, reader: Callable[[Iterator[bytes]], T]) -> T:
        seen = hashlib.sha256()

        def watched() -> Iterator[bytes]:
            for block in self.blocks(repository, digest, 0):
                seen.update(block)
                yield block

        blocks = watched()
        made = reader(blocks)
        for _ in blocks:  # a reader may end before its blob does
            pass
        found = f"sha256:{seen.hexdigest()}"
        if found != digest:
            raise InputMissingError(f"registry {self.name}: blob {digest} of {repository} is {found}; push it again")
        return made

    def _head_blob(self, repository: str, digest: str) -> bool:
        with self._exchange.ask("HEAD", f"/v2/{repository}/blobs/{digest}", accept_missing=True) as answer:
            return answer.status == 200

    def _put_manifest(self, repository: str, locator: str, media_type: str, raw: bytes) -> None:
        path = f"/v2/{repository}/manifests/{locator}"
        headers = {"Content-Type": media_type, "Content-Length": str(len(raw))}
        try:
            self._exchange.write("PUT", path, headers, raw)
        except CloudFailedError:
            if self._head_manifest(repository, locator, media_type) != sha256_digest(raw):
                raise

    def _head_manifest(self, repository: str, locator: str, media_type: str) -> str | None:
        path = f"/v2/{repository}/manifests/{locator}"
        with self._exchange.ask("HEAD", path, headers={"Accept": media_type}, accept_missing=True) as answer:
            return answer.headers.get("Docker-Content-Digest") if answer.status == 200 else None

    def _get_document(self, target: str, accept: Sequence[str], *, accept_missing: bool = False) -> tuple[bytes, str]:
        """A document and its ``Link``; nothing for one that may be missing, and is."""
        headers = {"Accept": ", ".join(accept)}
        with self._exchange.ask("GET", target, headers=headers, accept_missing=accept_missing) as answer:
            if answer.status == 404:
                return b"", ""
            what = f"registry {self.name}: {target.partition('?')[0]}"
            return at_most(_DOCUMENT_BYTES, answer.blocks(), what), answer.headers.get("Link", "")

    def _download(self, repository: str, digest: str, layout: ImageLayout) -> None:
        with (
            self._exchange.ask("GET", f"/v2/{repository}/blobs/{digest}") as answer,
            layout.writer(expected=digest) as blob,
        ):
            for block in answer.blocks():
                blob.write(block)


@dataclass(frozen=True, kw_only=True)
class RemoteContent:
    """A blob that is in a registry; it is streamed, never kept."""

    registry: Registry
    repository: str
    digest: str

    def blocks(self, start: int) -> Iterator[bytes]:
        """See :class:`agent.images.blobs.Content`."""
        return self.registry.blocks(self.repository, self.digest, start)
