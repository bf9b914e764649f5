"""Brings what a container wrote back to S3: model and output archives, checkpoints, and processing outputs."""

from __future__ import annotations

import os
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from gzip import GzipFile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent.aws.objects import Location
from agent.runtime.channels import Download, fetch_all, local_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.aws.objects import ObjectStore

MODEL_ARCHIVE = "model.tar.gz"
OUTPUT_ARCHIVE = "output.tar.gz"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where in S3 to write, and under which KMS key if any."""

    location: Location
    kms_key_id: str | None = None

    def below(self, name: str) -> Destination:
        """A place under this one."""
        return Destination(location=self.location.below(name), kms_key_id=self.kms_key_id)


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """Which files of a folder are in S3 already, by relative path: their modification time (ns) and size (bytes)."""

    files: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))


def upload_training_output(
    hosts: Sequence[Path], destination: Destination, store: ObjectStore, *, compressed: bool = True
) -> str:
    """Upload what a training job's hosts wrote to ``/opt/ml/model`` and ``/opt/ml/output/data``.

    ``hosts`` are their ``/opt/ml`` folders, the first host's first; ``destination`` is ``<S3OutputPath>/<job>/output``.
    Answers the model artifact's address (``S3ModelArtifacts``): ``model.tar.gz``, or with ``OutputCompressionType``
    ``NONE`` the prefix ``model/``. The model is uploaded even when it is empty, other output only when there is any.
    """
    models = [host / "model" for host in hosts]
    outputs = [host / "output" / "data" for host in hosts]
    if not compressed:
        _upload_merged(models, destination.below("model"), store)
        _upload_merged(outputs, destination.below("data"), store)
        return f"{destination.location.below('model')}/"
    _upload_archive(models, destination.below(MODEL_ARCHIVE), store)
    if merged(outputs):
        _upload_archive(outputs, destination.below(OUTPUT_ARCHIVE), store)
    return str(destination.location.below(MODEL_ARCHIVE))


def merged(folders: Sequence[Path]) -> Mapping[str, Path]:
    """The files of several hosts' folders as one tree, by relative path; of equal names the first host's stays."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in _files(folder):
            found.setdefault(path.relative_to(folder).as_posix(), path)
    return dict(sorted(found.items()))


def write_archive(files: Mapping[str, Path], archive: Path) -> None:
    """A gzipped tar of files under their relative paths; links are kept as links, owners are not kept.

    It says nothing of when it was written, so that the same files are the same archive.
    """
    with (
        GzipFile(archive, "wb", compresslevel=6, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for name, path in files.items():
            tar.add(path, arcname=name, recursive=False, filter=_anonymous)


def upload_changed(
    folder: Path, destination: Destination, store: ObjectStore, before: Uploaded | None = None
) -> Uploaded:
    """Upload the files of a folder that are new or changed since ``before``, and answer what is uploaded now.

    Called again and again for checkpoints and for processing outputs of upload mode ``Continuous``, once for
    ``EndOfJob``. Links are not followed, and what disappears here stays in S3, as in SageMaker.
    """
    known = dict((before or Uploaded()).files)
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        state = _state(path)
        if path.is_symlink() or state is None or known.get(name) == state:
            continue
        where = destination.below(name)
        with suppress(FileNotFoundError):  # the container may remove what it has replaced
            store.put(where.location.bucket, where.location.key, path, kms_key_id=where.kms_key_id)
            known[name] = state
    return Uploaded(files=known)


def download_checkpoints(source: Location, folder: Path, store: ObjectStore) -> Uploaded:
    """Bring back the checkpoints of an earlier run, and answer them as uploaded."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [
        Download(location=Location(bucket=entry.bucket, key=entry.key), name=local_name(source.key, entry.key))
        for entry in store.list_objects(source.bucket, source.key)
        if not entry.key.endswith("/")
    ]
    fetch_all(found, folder, store)
    states = {path.relative_to(folder).as_posix(): _state(path) for path in _files(folder)}
    return Uploaded(files={name: state for name, state in states.items() if state is not None})


def _upload_archive(folders: Sequence[Path], destination: Destination, store: ObjectStore) -> None:
    with tempfile.TemporaryDirectory(prefix="archive-") as scratch:
        archive = Path(scratch) / destination.location.key.rpartition("/")[2]
        write_archive(merged(folders), archive)
        store.put(destination.location.bucket, destination.location.key, archive, kms_key_id=destination.kms_key_id)


def _upload_merged(folders: Sequence[Path], destination: Destination, store: ObjectStore) -> None:
    for name, path in merged(folders).items():
        where = destination.below(name)
        if not path.is_symlink():
            store.put(where.location.bucket, where.location.key, path, kms_key_id=where.kms_key_id)


def _files(folder: Path) -> Iterator[Path]:
    """Files and links below a folder in a fixed order; no link to a folder is followed, no pipe or socket listed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        for path in (Path(parent) / name for name in sorted([*names, *linked])):
            if path.is_symlink() or path.is_file():
                yield path


def _state(path: Path) -> tuple[int, int] | None:
    """When a file was changed and how long it is; None when the container has removed it meanwhile."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, "", ""
    return entry
