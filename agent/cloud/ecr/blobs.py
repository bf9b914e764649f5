"""Layers and configurations of pushed images, on disk once and known to each repository that has them."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.cloud.store import Record
from agent.images.layout import ImageLayout

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.emulator.repositories import Repository
    from agent.cloud.store import Store


class RepositoryBlob(Record):
    """A blob that a repository has; the record's name is ``repository@sha256:…``."""

    size: int


@dataclass
class Upload:
    """A blob on its way in; ``size`` is the number of bytes that have arrived.

    Whoever adds bytes holds ``adding``: after a cut, what the network still held is taken in first.
    """

    repository: str
    path: Path
    size: int = 0
    adding: asyncio.Lock = field(default_factory=asyncio.Lock)


class Blobs:
    """The blobs of every repository."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._records = store.collection("ecr-blob", RepositoryBlob)
        self._incoming = folder / "incoming"
        self._uploads: dict[str, Upload] = {}
        self.layout = ImageLayout(folder)
        shutil.rmtree(self._incoming, ignore_errors=True)

    def size(self, repository: Repository, digest: str) -> int | None:
        """The number of bytes of a blob; None when the repository does not have it."""
        record = self._records.get(repository.account, repository.region, f"{repository.name}@{digest}")
        return record.size if record and self.layout.has(digest) else None

    def link(self, repository: Repository, digest: str, size: int) -> None:
        """Let a repository have a blob that is on disk."""
        self._records.save(
            RepositoryBlob(
                account=repository.account,
                region=repository.region,
                name=f"{repository.name}@{digest}",
                size=size,
            )
        )

    def drop(self, repository: Repository) -> None:
        """Forget what a repository has; what others have, too, stays on disk."""
        for record in self._records.of(repository.account, repository.region):
            if record.name.startswith(f"{repository.name}@"):
                self._records.delete(record)

    def begin(self, repository: Repository) -> str:
        """Start an upload and answer its id."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        number = str(uuid.uuid4())
        path = self._incoming / number
        path.touch()
        self._uploads[number] = Upload(repository=repository.arn, path=path)
        return number

    def upload(self, repository: Repository, number: str) -> Upload | None:
        """An upload into that repository."""
        upload = self._uploads.get(number)
        return upload if upload and upload.repository == repository.arn else None

    async def finish(self, repository: Repository, number: str, digest: str) -> bool:
        """Make an upload a blob of the repository; False when its content has another digest."""
        upload = self._uploads.pop(number)
        try:
            if not await asyncio.to_thread(self._adopt, upload.path, digest):
                return False
            self.link(repository, digest, upload.size)
            return True
        finally:
            upload.path.unlink(missing_ok=True)

    def cancel(self, number: str) -> None:
        """Forget an upload."""
        self._uploads.pop(number).path.unlink(missing_ok=True)

    def reset(self) -> None:
        """Forget every blob, on disk as well; the store's records are the store's to forget."""
        self._uploads.clear()
        shutil.rmtree(self.layout.root, ignore_errors=True)

    def _adopt(self, path: Path, digest: str) -> bool:
        import hashlib

        with path.open("rb") as file:
            actual = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        if actual != digest:
            return False
        target = self.layout.blob_path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        return True
