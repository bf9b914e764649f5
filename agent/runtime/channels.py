"""Puts a channel's objects into the folder where the container looks for them, as SageMaker does before a job starts.

The plan (which objects, under which names, for which instance) is a function of listings; only :func:`materialise`
touches S3 and the disk. FastFile channels get the same tree: the objects are downloaded before the start instead of
when they are read, which a container cannot tell from FastFile but by the time it takes.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from agent.aws.objects import Location, ObjectStoreError, parse_location
from agent.errors import ExitCode, InputMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.aws.objects import ObjectStore

_WORKERS = 8
_REFERENCE_SUFFIX = "-ref"
_MANIFEST_NAME = "manifest.jsonl"
Item = TypeVar("Item")


class ChannelError(InputMissingError):
    """A channel's data cannot be had; the message is SageMaker's own, as a FailureReason shows it."""


@dataclass(frozen=True, kw_only=True)
class ChannelSource:
    """Where a channel's data is; the values are those of the request's ``S3DataSource``.

    - ``data_type``: ``S3Prefix``, ``ManifestFile`` or ``AugmentedManifestFile``.
    - ``distribution``: ``FullyReplicated`` or ``ShardedByS3Key``.
    - ``compression``: ``None`` or ``Gzip``; gzip files are unpacked and lose their ``.gz``.
    - ``attributes``: the names that an augmented manifest's channel asks for, none for all.
    """

    uri: str
    data_type: str = "S3Prefix"
    distribution: str = "FullyReplicated"
    compression: str = "None"
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads, for the words of a refusal; and which of how many instances the data is for."""

    region: str
    role_arn: str
    index: int = 0
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Download:
    """One object, and the name it gets in the channel's folder; only ``version`` of it, if that is given."""

    location: Location
    name: str
    version: str | None = None
    unpack: bool = False


def materialise(source: ChannelSource, folder: Path, store: ObjectStore, reader: Reader) -> tuple[Download, ...]:
    """Download what ``reader`` is to get of a channel and answer what that was; blocking.

    Raises :class:`ChannelError` when nothing is there or something cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        downloads, files = _plan_of(source.data_type)(source, store, reader)
    except ObjectStoreError as error:
        raise _listing_refused(source.uri, reader, error) from error
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    fetch_all(downloads, folder, store)
    return downloads


def fetch_all(downloads: Sequence[Download], folder: Path, store: ObjectStore) -> None:
    """Download objects side by side, a bounded number at a time."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="download") as pool:
        waiting = [pool.submit(_fetch, download, folder, store) for download in downloads]
        try:
            for done in waiting:
                done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def shard(items: Sequence[Item], index: int, count: int) -> tuple[Item, ...]:
    """The share of instance ``index`` of ``count``; each item is in one share, and shares differ by one at most."""
    return tuple(items[index::count])


def local_name(prefix: str, key: str) -> str:
    """The name that an object of a prefix gets in the channel's folder.

    What follows the prefix, where that ends like a folder's name; else what follows the prefix's own folder
    (``data/part`` makes ``part-1.csv`` of ``data/part-1.csv``).
    """
    if prefix and not prefix.endswith("/") and not key.startswith(f"{prefix}/"):
        prefix = prefix.rpartition("/")[0]
    return key.removeprefix(prefix).lstrip("/")


Plan = tuple[tuple[Download, ...], "Mapping[str, str]"]
"""The objects to download, and the files to write beside them."""


def _plan_prefix(source: ChannelSource, store: ObjectStore, reader: Reader) -> Plan:
    where = parse_location(source.uri)
    found = [entry for entry in store.list_objects(where.bucket, where.key) if not entry.key.endswith("/")]
    if not found:
        raise ChannelError(nothing_found(source.uri, reader))
    downloads = [
        Download(
            location=Location(bucket=entry.bucket, key=entry.key),
            name=local_name(where.key, entry.key),
            version=entry.version,
        )
        for entry in found
    ]
    return _share(downloads, source, reader), {}


def _plan_manifest(source: ChannelSource, store: ObjectStore, reader: Reader) -> Plan:
    """`[{"prefix": "s3://bucket/folder/"}, "relative/path", …]`: exactly these objects."""
    text = _text(source.uri, store, reader)
    try:
        head, *names = json.loads(text)
        prefix = parse_location(head["prefix"])
        downloads = [Download(location=replace(prefix, key=prefix.key + name), name=name.lstrip("/")) for name in names]
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise ChannelError(f"Manifest file {source.uri} is not valid: {error}") from error
    if not downloads:
        raise ChannelError(f"Manifest file {source.uri} is not valid: it names no objects")
    return _share(downloads, source, reader), {}


def _plan_augmented(source: ChannelSource, store: ObjectStore, reader: Reader) -> Plan:
    """JSON Lines whose ``…-ref`` attributes are objects.

    The container finds `manifest.jsonl` with the attributes asked for, every reference replaced by the relative path
    of the downloaded object (SageMaker itself only streams such channels, in Pipe mode).
    """
    try:
        records = [json.loads(line) for line in _text(source.uri, store, reader).splitlines() if line.strip()]
        chosen = [_chosen(record, source.attributes) for record in records]
    except (ValueError, KeyError, TypeError) as error:
        raise ChannelError(f"Augmented manifest file {source.uri} is not valid: {error!r}") from error
    if source.distribution == "ShardedByS3Key":
        chosen = list(shard(chosen, reader.index, reader.count))
    downloads: dict[str, Download] = {}
    for record in chosen:
        for attribute in [name for name in record if name.endswith(_REFERENCE_SUFFIX)]:
            location = _reference(record[attribute], source.uri)
            name = f"{location.bucket}/{location.key}"
            downloads[name] = Download(location=location, name=name, unpack=source.compression == "Gzip")
            record[attribute] = name
    lines = "".join(json.dumps(record) + "\n" for record in chosen)
    return tuple(downloads.values()), {_MANIFEST_NAME: lines}


_PLANS: Mapping[str, Callable[[ChannelSource, ObjectStore, Reader], Plan]] = {
    "S3Prefix": _plan_prefix,
    "ManifestFile": _plan_manifest,
    "AugmentedManifestFile": _plan_augmented,
}


def _plan_of(data_type: str) -> Callable[[ChannelSource, ObjectStore, Reader], Plan]:
    if data_type not in _PLANS:
        raise UsageError(f"S3DataType {data_type} is not supported; choose one of {', '.join(_PLANS)}")
    return _PLANS[data_type]


def _share(downloads: Sequence[Download], source: ChannelSource, reader: Reader) -> tuple[Download, ...]:
    if source.distribution == "ShardedByS3Key":
        downloads = shard(downloads, reader.index, reader.count)
    return tuple(replace(download, unpack=source.compression == "Gzip") for download in downloads)


def _reference(value: object, uri: str) -> Location:
    try:
        return parse_location(str(value))
    except UsageError as error:
        raise ChannelError(f"Augmented manifest file {uri} is not valid: {error}") from error


def _chosen(record: Mapping[str, object], attributes: tuple[str, ...]) -> dict[str, object]:
    return {name: record[name] for name in attributes} if attributes else dict(record)


def _text(uri: str, store: ObjectStore, reader: Reader) -> str:
    where = parse_location(uri)
    with tempfile.NamedTemporaryFile(prefix="manifest-") as file:
        try:
            store.get(where.bucket, where.key, Path(file.name))
        except ObjectStoreError as error:
            raise _listing_refused(uri, reader, error) from error
        return Path(file.name).read_text("utf-8")


def _fetch(download: Download, folder: Path, store: ObjectStore) -> None:
    where = download.location
    path = folder.joinpath(*PurePosixPath(download.name).parts)
    if ".." in PurePosixPath(download.name).parts or path == folder:
        raise ChannelError(f"Data download failed: {where} has no name that could be a file's")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store.get(where.bucket, where.key, path, version=download.version)
    except ObjectStoreError as error:
        raise ChannelError(f"Data download failed:{error.code} ({error.status}): {error.reason} ({where})") from error
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise ChannelError(
            "Failed to download data. Please check your s3 objects and ensure that there is no object that is both a "
            f"folder as well as a file. ({where})"
        ) from error
    if download.unpack:
        _unzip(path, where)


def _unzip(path: Path, where: Location) -> None:
    """Replace a gzip file by its content, without the ``.gz`` of its name; other files stay."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return
    partial = path.with_name(f".{path.name}.partial")
    try:
        with gzip.open(path, "rb") as packed, partial.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    except (OSError, EOFError, zlib.error) as error:
        raise ChannelError(f"Data download failed: {where} cannot be decompressed: {error}") from error
    path.unlink()
    partial.rename(path.with_name(path.name.removesuffix(".gz")))


def nothing_found(uri: str, reader: Reader) -> str:
    """What SageMaker says about a prefix without objects."""
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists '
        f"in the selected region ({reader.region}), that objects exist under that S3 prefix, and that the role "
        f'"{reader.role_arn}" has "s3:ListBucket" permissions on bucket "{parse_location(uri).bucket}".'
    )


def _listing_refused(uri: str, reader: Reader, error: ObjectStoreError) -> ChannelError:
    """A missing bucket and a missing permission look like an empty prefix, with S3's own words behind."""
    refused = ChannelError(f"{nothing_found(uri, reader)} Error message from S3: {error.reason}")
    refused.exit_code = ExitCode.ACCESS_DENIED if error.status == 403 else refused.exit_code
    return refused
