"""What the processes of a server know of each other: who is ready, and what each has counted.

The board is memory without a file, one row of float64 for each worker. A worker writes only its own row, so that
nothing is locked; a worker that replaces a dead one goes on with its numbers, so that counters never fall.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from bisect import bisect_left
from dataclasses import dataclass

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
"""Upper bounds, in seconds, of the histogram of request times."""
STATUSES = (200, 400, 404, 405, 406, 408, 413, 415, 500, 503, 504)
_FIELDS = (
    "ready", "failed", "in_flight", "starts", "rows", "predictions", "predict_seconds", "request_seconds", "batches",
    "timeouts", *(f"status {status}" for status in STATUSES), *(f"bucket {bound}" for bound in (*BUCKETS, "inf")),
)  # fmt: skip
_PLACE = {name: number for number, name in enumerate(_FIELDS)}
_STATUS = {status: _PLACE[f"status {status}"] for status in STATUSES}
_FIRST_BUCKET = _PLACE[f"bucket {BUCKETS[0]}"]
_SIZE = 8


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a board is, for processes that are forked from the one that made it, whose id is ``pid``."""

    pid: int
    descriptor: int
    workers: int


class Board:
    """The rows of all workers; one more number says that the server is about to end."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._file = place.descriptor
        self._numbers = memoryview(mmap.mmap(self._file, _size(place.workers))).cast("d")

    def claim(self) -> Row:
        """The first row that no living process has claimed; the kernel frees it when this process ends.

        Raises :class:`RuntimeError` when there are more processes than rows.
        """
        for worker in range(self.place.workers):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, worker)
            except OSError:
                continue
            return self.row(worker)
        raise RuntimeError(f"all of {self.place.workers} rows have an owner")

    def row(self, worker: int) -> Row:
        """The numbers of worker ``worker``, counted from 0."""
        start = worker * len(_FIELDS)
        return Row(self._numbers[start : start + len(_FIELDS)])

    def rows(self) -> list[Row]:
        """The numbers of every worker."""
        return [self.row(worker) for worker in range(self.place.workers)]

    @property
    def all_ready(self) -> bool:
        """Whether every worker has once had the model loaded."""
        return all(row["ready"] for row in self.rows())

    @property
    def draining(self) -> bool:
        """Whether the server has been told to end."""
        return bool(self._numbers[-1])

    def drain(self) -> None:
        """Tell all workers that the server ends."""
        self._numbers[-1] = 1.0


class Row:
    """What one worker counts."""

    def __init__(self, numbers: memoryview[float]) -> None:
        self._numbers = numbers

    def __getitem__(self, name: str) -> float:
        return self._numbers[_PLACE[name]]

    def __setitem__(self, name: str, value: float) -> None:
        self._numbers[_PLACE[name]] = value

    def add(self, name: str, value: float = 1.0) -> None:
        """Count."""
        self._numbers[_PLACE[name]] += value

    def answered(self, status: int, seconds: float) -> None:
        """Count a request to /invocations by its answer and its time."""
        numbers = self._numbers
        numbers[_STATUS[status]] += 1.0
        numbers[_FIRST_BUCKET + bisect_left(BUCKETS, seconds)] += 1.0
        numbers[_PLACE["request_seconds"]] += seconds


def created(workers: int) -> Board:
    """A board for so many workers, all of its numbers zero; it lives as long as this process."""
    descriptor = os.memfd_create("byo-board")
    os.ftruncate(descriptor, _size(workers))
    return Board(Place(pid=os.getpid(), descriptor=descriptor, workers=workers))


def _size(workers: int) -> int:
    return (workers * len(_FIELDS) + 1) * _SIZE


def exposition(rows: list[Row]) -> str:
    """The sums of all workers in Prometheus' text format (exposition format 0.0.4)."""

    def total(name: str) -> float:
        return sum(row[name] for row in rows)

    lines = [
        *_metric("byo_workers", "gauge", "Worker processes.", {"": float(len(rows))}),
        *_metric("byo_workers_ready", "gauge", "Workers that have the model loaded.", {"": total("ready")}),
        *_metric("byo_worker_starts_total", "counter", "Starts of workers, first ones and replacements.",
                 {"": total("starts")}),
        *_metric("byo_requests_in_flight", "gauge", "Requests that are being answered.", {"": total("in_flight")}),
        *_metric("byo_requests_total", "counter", "Answers of /invocations by status.",
                 {f'{{status="{status}"}}': total(f"status {status}") for status in STATUSES}),
        *_metric("byo_rows_total", "counter", "Rows predicted.", {"": total("rows")}),
        *_metric("byo_predictions_total", "counter", "Calls of `predict`.", {"": total("predictions")}),
        *_metric("byo_predict_seconds_total", "counter", "Seconds inside `predict`.", {"": total("predict_seconds")}),
        *_metric("byo_prediction_timeouts_total", "counter", "Predictions that took too long.",
                 {"": total("timeouts")}),
        *_histogram(rows, total("request_seconds")),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _metric(name: str, kind: str, meaning: str, values: dict[str, float]) -> list[str]:
    samples = [f"{name}{labels} {value:.17g}" for labels, value in values.items()]
    return [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", *samples]


def _histogram(rows: list[Row], seconds: float) -> list[str]:
    name, below = "byo_request_seconds", 0.0
    lines = [f"# HELP {name} Seconds from a request's arrival to its answer.", f"# TYPE {name} histogram"]
    for bound in BUCKETS:
        below += sum(row[f"bucket {bound}"] for row in rows)
        lines.append(f'{name}_bucket{{le="{bound:g}"}} {below:.17g}')
    below += sum(row["bucket inf"] for row in rows)
    return [
        *lines,
        f'{name}_bucket{{le="+Inf"}} {below:.17g}',
        f"{name}_sum {seconds:.17g}",
        f"{name}_count {below:.17g}",
    ]
