"""A script of the model repository as a processing job in the model's image: its request, and its upload."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from agent import naming
from agent.errors import InputMissingError
from agent.jobs.machines import cluster
from agent.jobs.network import of_processing
from agent.step import Action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.artifacts import Image, Script
    from agent.config.network import JobNetwork
    from agent.config.section import Resources
    from agent.jobs.order import Request
    from agent.ports.account import Account
    from agent.ports.objects import Objects

PROCESSING = "/opt/ml/processing"
CODE = f"{PROCESSING}/input/code"
OUTPUT = f"{PROCESSING}/output"
_PROGRAM = "/opt/program"
"""Where the model's image has its own code, which scripts import."""
_LAUNCH = (
    "import runpy, sys; _, *folders, script = sys.argv; sys.path[:1] = folders; sys.argv[:] = [script]; "
    "runpy.run_path(script, run_name='__main__')"
)
"""Puts folders in front of what the image has on its PYTHONPATH, which a variable of the job would replace."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a job finds at ``path``: the object or prefix ``uri``, or what the manifest there lists."""

    path: str
    uri: str
    manifest: bool = True


@dataclass(frozen=True, kw_only=True)
class ScriptJob:
    """A script with its image, inputs by name and outputs (folder and S3 address) by name."""

    bucket: str
    role: str
    image: Image
    script: Script
    sources: Mapping[str, Source]
    outputs: Mapping[str, tuple[str, str]]
    resources: Resources
    max_runtime: int
    kms_key: str | None
    network: JobNetwork | None = None
    tags: list[Request] = field(default_factory=list)


def name_of(script: Script) -> str:
    """A script's file name."""
    return PurePosixPath(script.path).name


def folder_of(script: Script) -> str:
    """The prefix of a script in the artifact bucket, where it is alone."""
    return f"{naming.CODE}{script.sha256}/"


def script_key(script: Script) -> str:
    """The key of a script in the artifact bucket."""
    return f"{folder_of(script)}{name_of(script)}"


def upload_script(script: Script, folder: Path, objects: Objects, bucket: str) -> None:
    """Put a script where jobs find it, unless it is there; InputMissingError when it is not the file it should be."""
    path = folder / script.path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputMissingError(f"the script {path} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != script.sha256:
        raise InputMissingError(
            f"the script {path} has the sha256 {found}, not {script.sha256}: it has changed since the run began; "
            "start a new run"
        )
    objects.create(bucket, script_key(script), content)


def foresee_upload(script: Script, account: Account, bucket: str) -> tuple[Action, ...]:
    """The upload of a script; none where it is there."""
    if account.objects.exists(bucket, script_key(script)):
        return ()
    resource = f"arn:aws:s3:::{bucket}/{script_key(script)}"
    return (Action(operation="s3:PutObject", resource=resource, account=account.id, note=script.path),)


def processing_request(name: str, job: ScriptJob) -> Request:
    """CreateProcessingJob."""
    code = Source(path=CODE, uri=f"s3://{job.bucket}/{folder_of(job.script)}", manifest=False)
    outputs: Request = {"Outputs": [_output(output, *where) for output, where in job.outputs.items()]}
    if job.kms_key is not None:
        outputs["KmsKeyId"] = job.kms_key
    return {
        "ProcessingJobName": name,
        "RoleArn": job.role,
        "AppSpecification": {
            "ImageUri": job.image.uri,
            "ContainerEntrypoint": ["python3", "-c", _LAUNCH, CODE, _PROGRAM, f"{CODE}/{name_of(job.script)}"],
        },
        "ProcessingInputs": [_input(source, where) for source, where in {"code": code, **job.sources}.items()],
        "ProcessingOutputConfig": outputs,
        "ProcessingResources": {"ClusterConfig": cluster(job.resources, job.kms_key)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime},
        "Tags": job.tags,
        **of_processing(job.network),
    }


def _input(name: str, source: Source) -> Request:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": source.uri,
            "LocalPath": source.path,
            "S3DataType": "ManifestFile" if source.manifest else "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }


def _output(name: str, path: str, uri: str) -> Request:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}}
