"""Pin down the data: copy what is new into a content-addressed store, and name the version by its manifest's digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import DataSet
from agent.config.model import DataSource
from agent.data.names import OBJECTS
from agent.data.snapshot import Snapshots
from agent.data.version import StoredObject
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.data.version import File, Version


class Inputs(StepModel):
    """Where the data is."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    sources: Mapping[str, DataSource] = Field(description="Data sources by name.")


class Result(StepModel):
    """The versions."""

    data: Mapping[str, DataSet] = Field(description="Data sets by name.")
    copied_files: int = Field(description="Number of files that were not in the store yet.")
    copied_bytes: int = Field(description="Their size, in bytes.")


def plan(inputs: Inputs, context: Context) -> Sequence[Action]:
    """For each new version the objects that the store lacks, in one line, and its manifest."""
    snapshots = _snapshots(inputs, context)
    versions = {name: snapshots.scan(name, source) for name, source in inputs.sources.items()}
    return [
        action
        for name, version in versions.items()
        if snapshots.size(name, version) is None
        for action in writes(name, version, snapshots.missing(name, version).files, context.accounts.tools.id)
    ]


def writes(name: str, version: Version, files: Sequence[File], account: str) -> list[Action]:
    """The writes that complete a version of the source ``name``, which lacks these files."""
    copies = sum(isinstance(file.origin, StoredObject) for file in files)
    wanted = {f"{copies} files to copy": copies, f"{len(files) - copies} files to upload": len(files) - copies}
    new = " and ".join(text for text, count in wanted.items() if count)
    objects = [Action(operation="s3:PutObject", resource=f"s3://{version.bucket}/{OBJECTS}", account=account, note=new)]
    manifest = Action(
        operation="s3:PutObject",
        resource=f"s3://{version.bucket}/{version.manifest_key}",
        account=account,
        note=f"the manifest of `{name}`, {len(version.files)} files",
    )
    return [*(objects if files else []), manifest]


def recall(inputs: Inputs, context: Context) -> Result | None:
    """The versions that the sources are now, where the store holds all of them."""
    snapshots = _snapshots(inputs, context)
    data: dict[str, DataSet] = {}
    for name, source in inputs.sources.items():
        version = snapshots.scan(name, source)
        size = snapshots.size(name, version)
        if size is None:
            return None
        data[name] = version.data_set(name, content_type=source.content_type, size=size)
    return Result(data=data, copied_files=0, copied_bytes=0)


def run(inputs: Inputs, context: Context) -> Result:
    """Bring what the store lacks, source by source."""
    snapshots = _snapshots(inputs, context)
    data: dict[str, DataSet] = {}
    files = size = 0
    for name, source in inputs.sources.items():
        version = snapshots.scan(name, source)
        taken = snapshots.complete(name, version)
        data[name] = version.data_set(name, content_type=source.content_type, size=taken.size)
        files, size = files + taken.copied_files, size + taken.copied_bytes
    return Result(data=data, copied_files=files, copied_bytes=size)


def _snapshots(inputs: Inputs, context: Context) -> Snapshots:
    return Snapshots(
        objects=context.accounts.tools.objects,
        bucket=inputs.bucket,
        folder=context.folder,
        clock=context.clock,
        report=context.report,
        looks=context.looks,
    )


STEP = Step(
    inputs=Inputs, result=Result, run=run, plan=plan, recall=recall, account="tools", effect="write", cached=False
)
