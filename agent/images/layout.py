"""Images on disk: blobs under their own digest in the OCI image layout, shared by all images that have them."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from agent.errors import InputMissingError
from agent.images.lock import exclusive
from agent.images.manifest import Descriptor, ImageConfig, Manifest, decode_config, decode_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

_INCOMING = ".incoming-"
_REFERENCE_NAME = "org.opencontainers.image.ref.name"


class BlobWriter:
    """A blob on its way into a layout; it knows its digest and size (bytes) so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        """``sha256:…`` of what has been written."""
        return f"sha256:{self._digest.hexdigest()}"

    def write(self, data: bytes) -> None:
        """Append to the blob."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)


class ImageLayout:
    """A folder in the OCI image layout (image-spec, `image-layout.md`), safe for several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def blob_path(self, digest: str) -> Path:
        """Where the blob with this ``sha256:…`` digest is, or would be."""
        algorithm, _, value = digest.partition(":")
        if algorithm != "sha256" or len(value) != 64 or not value.isalnum():
            raise InputMissingError(f"{digest!r} is not a sha256 digest")
        return self.root / "blobs" / algorithm / value

    def has(self, digest: str) -> bool:
        """Whether the blob is here."""
        return self.blob_path(digest).is_file()

    def read(self, digest: str) -> bytes:
        """A whole small blob (a manifest or a configuration)."""
        try:
            return self.blob_path(digest).read_bytes()
        except FileNotFoundError:
            raise InputMissingError(f"no blob {digest} in {self.root}; pull or build the image first") from None

    @contextmanager
    def writer(self, expected: str | None = None) -> Iterator[BlobWriter]:
        """Write a new blob; it joins the layout when the block ends without an error.

        A digest other than ``expected`` raises :class:`agent.errors.InputMissingError` and keeps nothing.
        """
        folder = self.root / "blobs" / "sha256"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=_INCOMING, delete=False) as file:
            partial = Path(file.name)
            try:
                blob = BlobWriter(file)
                yield blob
                if expected not in {None, blob.digest}:
                    raise InputMissingError(f"blob {expected} arrived as {blob.digest}; push the image again")
                file.flush()
                partial.chmod(0o644)
                partial.rename(self.blob_path(blob.digest))
            finally:
                partial.unlink(missing_ok=True)

    def forget_partial(self, seconds: float) -> None:
        """Remove what killed writers have left behind that is older than so many seconds."""
        for partial in (self.root / "blobs").glob(f"*/{_INCOMING}*"):
            with suppress(OSError):
                if partial.stat().st_mtime < time.time() - seconds:
                    partial.unlink()

    def add(self, data: bytes, media_type: str) -> Descriptor:
        """Store a small blob."""
        with self.writer() as blob:
            blob.write(data)
        return Descriptor(media_type=media_type, digest=blob.digest, size=blob.size)

    def manifest(self, digest: str) -> Manifest:
        """The image with this manifest digest."""
        return decode_manifest(self.read(digest), f"image {digest}")

    def config(self, digest: str) -> ImageConfig:
        """The configuration of the image with this manifest digest."""
        return decode_config(self.read(self.manifest(digest).config.digest))

    def name(self, manifest: Descriptor, name: str) -> None:
        """Point ``name`` (a tag) at an image in the layout's index."""
        with exclusive(self.root / "index.lock"):
            kept = [entry for entry in self._index() if _name_of(entry) != name]
            kept.append({**manifest.document(), "annotations": {_REFERENCE_NAME: name}})
            _replace(self.root / "index.json", {"schemaVersion": 2, "manifests": kept})
            _replace(self.root / "oci-layout", {"imageLayoutVersion": "1.0.0"})

    def named(self, name: str) -> str | None:
        """The digest of the image that ``name`` points at, or None."""
        return next((str(entry["digest"]) for entry in self._index() if _name_of(entry) == name), None)

    def _index(self) -> list[dict[str, Any]]:
        try:
            return list(json.loads((self.root / "index.json").read_bytes())["manifests"])
        except FileNotFoundError:
            return []


def _name_of(entry: dict[str, Any]) -> str | None:
    name: str | None = entry.get("annotations", {}).get(_REFERENCE_NAME)
    return name


def _replace(path: Path, document: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.new")
    partial.write_text(json.dumps(document, indent=2))
    partial.replace(path)
