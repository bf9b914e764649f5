"""What AWS refuses in a processing job beyond the shapes of the request, and what this cloud does not serve.

Source: ``CreateProcessingJob`` and the pages of its members (``ProcessingS3Input``, ``ProcessingS3Output``, …).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.instances import chosen
from agent.cloud.sagemaker.request_rules import NOT_SERVED, check_s3_uri, refuse_duplicates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Request = dict[str, Any]
_LOCAL = "/opt/ml/processing/"


def check_processing(request: Request) -> None:
    """Raise ``ValidationException`` for the first rule that the request breaks."""
    for rule in _RULES:
        rule(request)


def _resources(request: Request) -> None:
    cluster: Mapping[str, Any] = request["ProcessingResources"]["ClusterConfig"]
    if cluster.get("InstancePreferences") and "InstanceType" in cluster:
        raise validation_error("InstanceType and InstancePreferences exclude each other.")
    choice = chosen(cluster)
    if not choice.get("InstanceType") or not choice.get("InstanceCount"):
        raise validation_error("InstanceType and InstanceCount must be specified in ClusterConfig.")


def _inputs(request: Request) -> None:
    inputs: Sequence[Mapping[str, Any]] = request.get("ProcessingInputs") or []
    refuse_duplicates("input names", [entry["InputName"] for entry in inputs])
    for entry in inputs:
        name = entry["InputName"]
        if "S3Input" not in entry:
            raise validation_error(f"Input {name}: DatasetDefinition {NOT_SERVED}: use S3Input.")
        _s3_input(name, entry["S3Input"], app_managed=entry.get("AppManaged", False))


def _s3_input(name: str, source: Mapping[str, Any], *, app_managed: bool) -> None:
    check_s3_uri(source["S3Uri"], f"S3Uri of input {name}")
    if app_managed:
        return
    if source.get("S3InputMode", "File") == "Pipe":
        raise validation_error(f"Input {name}: S3InputMode Pipe {NOT_SERVED}: use File.")
    if source.get("S3CompressionType") == "Gzip":
        raise validation_error("S3CompressionType Gzip can only be used when S3InputMode is Pipe.")
    _local_path(f"input {name}", source.get("LocalPath"))


def _outputs(request: Request) -> None:
    outputs: Sequence[Mapping[str, Any]] = (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    refuse_duplicates("output names", [entry["OutputName"] for entry in outputs])
    for entry in outputs:
        name = entry["OutputName"]
        if "S3Output" not in entry:
            raise validation_error(f"Output {name}: FeatureStoreOutput {NOT_SERVED}: use S3Output.")
        check_s3_uri(entry["S3Output"]["S3Uri"], f"S3Uri of output {name}")
        if not entry.get("AppManaged"):
            _local_path(f"output {name}", entry["S3Output"].get("LocalPath"))


def _local_paths(request: Request) -> None:
    outputs = (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    paths = [entry["S3Input"].get("LocalPath") for entry in request.get("ProcessingInputs") or []]
    paths += [entry["S3Output"].get("LocalPath") for entry in outputs]
    refuse_duplicates("LocalPath", [path.rstrip("/") for path in paths if path])


def _local_path(what: str, path: str | None) -> None:
    if not path or not f"{path}/".startswith(_LOCAL) or ".." in path.split("/"):
        raise validation_error(f"LocalPath of {what} must be an absolute path that begins with {_LOCAL}.")


_RULES: tuple[Callable[[Request], None], ...] = (_resources, _inputs, _outputs, _local_paths)
