"""The files of predictions that an evaluation left in S3: found, fetched one after another, and known by one digest."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.aws.objects import parse_location
from agent.errors import DamagedError, UserCodeFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import PredictionFiles
    from agent.ports.objects import Listed, Objects

FOLDER, FILE = "predictions/", "predictions.parquet"
_SUFFIX = ".parquet"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folder of one evaluation in a bucket; ``prefix`` ends with a slash."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """Its S3 address."""
        return f"s3://{self.bucket}/{self.prefix}"


def place_of(predictions: PredictionFiles) -> Place:
    """Where predictions are."""
    where = parse_location(predictions.uri)
    return Place(bucket=where.bucket, prefix=where.key)


def found_in(place: Place, objects: Objects) -> tuple[Listed, ...]:
    """`predictions.parquet` and the Parquet files of `predictions/`, in the order of their names."""
    return tuple(
        entry
        for entry in objects.list(place.bucket, f"{place.prefix}predictions")
        if _is_one(entry.key.removeprefix(place.prefix))
    )


def _is_one(name: str) -> bool:
    return name == FILE or (name.startswith(FOLDER) and name.endswith(_SUFFIX))


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """Local copies of files, in the order of their ``names``; ``sha256`` is over names and contents."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    sha256: str


@contextmanager
def fetched(names: Sequence[str], place: Place, objects: Objects) -> Iterator[Fetched]:
    """Copies for as long as the context lasts; what is wrong in them is told with their addresses in S3."""
    with tempfile.TemporaryDirectory(prefix="modelyard-predictions-") as folder:
        paths = tuple(Path(folder) / f"{number}{_SUFFIX}" for number, _ in enumerate(names))
        whole = hashlib.sha256()
        for name, path in zip(names, paths, strict=True):
            objects.download(place.bucket, place.prefix + name, path)
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{content}  {name}\n".encode())
        try:
            yield Fetched(paths=paths, names=tuple(names), sha256=whole.hexdigest())
        except UserCodeFailedError as error:
            told = str(error)
            for name, path in zip(names, paths, strict=True):
                told = told.replace(str(path), place.uri + name)
            raise UserCodeFailedError(told) from error


@contextmanager
def fetched_again(predictions: PredictionFiles, objects: Objects) -> Iterator[tuple[Path, ...]]:
    """Copies of predictions that were measured before; DamagedError where they are not what they were."""
    place = place_of(predictions)
    with fetched(predictions.files, place, objects) as copies:
        if copies.sha256 != predictions.sha256:
            raise DamagedError(
                place.uri + predictions.files[0],
                expected=f"predictions whose sha256 is {predictions.sha256}",
                why=f"they have {copies.sha256}",
            )
        yield copies.paths
