"""One snapshot in a process of its own, as a build takes it: start of Python and imports are part of the time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from agent.aws.ambient import ambient_clients
from agent.aws.s3_documents import S3Objects
from agent.clock import SystemClock
from agent.config.model import DataSource
from agent.data.snapshot import Snapshots


class Silence:
    """An :class:`agent.ports.reporter.Reporter` that says nothing."""

    def doing(self, what: str) -> None: ...

    def fact(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def log(self, line: str) -> None: ...


def main(folder: str, bucket: str, upload: str) -> None:
    """Take a snapshot of ``folder/data``, or with ``upload`` "no" only look at what it is."""
    objects = S3Objects(ambient_clients(), "benchmark")
    snapshots = Snapshots(objects=objects, bucket=bucket, folder=Path(folder), clock=SystemClock(), report=Silence())
    version = snapshots.scan("training", DataSource(path="data"))
    copied = snapshots.complete("training", version).copied_files if upload == "yes" else 0
    print(json.dumps({"version": version.digest, "copied": copied}))


if __name__ == "__main__":
    main(*sys.argv[1:])
