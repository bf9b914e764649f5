"""Picks rows of a held-out data set and packs them into requests: the same rows for the same data, always."""

from __future__ import annotations

import hashlib
import heapq
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.data.manifest import objects_of
from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.artifacts import DataSet
    from agent.ports.objects import Objects

_MOST_BYTES = 4 * 1000 * 1000
"""Of one request; serverless endpoints take 4 MB, others 6 MB (InvokeEndpoint)."""
_QUOTED = re.compile(rb'\s*"((?:[^"]|"")*)"\s*(?:,(.*))?', re.DOTALL)
"""A row whose label is in quotation marks, so that it may have commas."""
_MOST_ROWS = 500
"""Of one request, so that a slow model answers it within SageMaker's 60 seconds."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its label, and its features as they are sent, in bytes of UTF-8."""

    label: str
    features: bytes

    @property
    def line(self) -> bytes:
        """The whole row as CSV, the label first."""
        doubled = self.label.replace('"', '""')
        return (f'"{doubled}"' if {",", '"'} & set(self.label) else self.label).encode() + b"," + self.features


def pick(objects: Objects, data: DataSet, count: int) -> tuple[Row, ...]:
    """At most ``count`` rows of a data set of headerless CSV files, label first, in the order of the data.

    Which ones follows from the data set's digest, whatever the rows hold. Raises InputMissingError where the manifest
    is not the one of that digest, or an object is missing.
    """
    with tempfile.TemporaryDirectory(prefix="modelyard-sample-") as folder:
        lines = _lines(objects, data, Path(folder) / "rows.csv")
        ranked = ((_rank(data.digest, number), number, line) for number, line in enumerate(lines))
        chosen = heapq.nsmallest(count, ranked)
    rows = tuple(_row(line) for _, _, line in sorted(chosen, key=lambda entry: entry[1]))
    if not rows:
        raise InputMissingError(f"data set {data.name} ({data.manifest}) has no rows to check the endpoint with")
    return rows


def batches(rows: Sequence[Row], most_bytes: int = _MOST_BYTES, most_rows: int = _MOST_ROWS) -> Iterator[Sequence[Row]]:
    """The rows in as few requests as SageMaker's limits allow."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        more = len(row.features) + 1
        if batch and (size + more > most_bytes or len(batch) == most_rows):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += more
    if batch:
        yield batch


def body(rows: Iterable[Row]) -> bytes:
    """A request's body: one row a line."""
    return b"".join(row.features + b"\n" for row in rows)


def _lines(objects: Objects, data: DataSet, path: Path) -> Iterator[bytes]:
    for at in objects_of(data, objects):
        objects.download(at.bucket, at.key, path)
        with path.open("rb") as file:
            yield from (line.rstrip(b"\r\n") for line in file if line.strip())


def _rank(seed: str, number: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()


def _row(line: bytes) -> Row:
    quoted = _QUOTED.fullmatch(line)
    if quoted:
        return Row(label=quoted[1].decode("utf-8", "replace").replace('""', '"'), features=quoted[2] or b"")
    label, _, features = line.partition(b",")
    return Row(label=label.decode("utf-8", "replace").strip(), features=features)
