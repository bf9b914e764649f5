"""What AWS refuses in a transform job beyond the shapes of the request, and what this cloud does not serve.

Source: ``CreateTransformJob`` and the developer guide's "Associate Prediction Results with Input Records".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.request_rules import NOT_SERVED, check_s3_uri
from agent.cloud.sagemaker.transform_records import Format, RecordError, filters

if TYPE_CHECKING:
    from collections.abc import Callable

Request = dict[str, Any]
_MOST_MB = 100
_DEFAULT_MB = 6


def check_transform(request: Request) -> None:
    """Raise ``ValidationException`` for the first rule that the request breaks."""
    for rule in _RULES:
        rule(request)


def _input(request: Request) -> None:
    given = request["TransformInput"]
    source = given["DataSource"]["S3DataSource"]
    check_s3_uri(source["S3Uri"], "S3Uri of TransformInput")
    if source["S3DataType"] not in {"S3Prefix", "ManifestFile"}:
        raise validation_error(f"S3DataType {source['S3DataType']} is not supported for transform jobs.")
    split = given.get("SplitType", "None")
    if split in {"RecordIO", "TFRecord"}:
        raise validation_error(f"SplitType {split} {NOT_SERVED}: use Line or None.")
    if request.get("BatchStrategy") and split == "None" and request["BatchStrategy"] == "SingleRecord":
        raise validation_error(
            "BatchStrategy SingleRecord needs a SplitType: a record is what the input is split into."
        )


def _output(request: Request) -> None:
    check_s3_uri(request["TransformOutput"]["S3OutputPath"], "S3OutputPath")
    if request.get("DataCaptureConfig"):
        raise validation_error(f"DataCaptureConfig of a transform job {NOT_SERVED}.")


def _payload(request: Request) -> None:
    size = request.get("MaxPayloadInMB", _DEFAULT_MB)
    if size > _MOST_MB:
        raise validation_error(f"MaxPayloadInMB must be less than or equal to {_MOST_MB}.")
    if request.get("MaxConcurrentTransforms", 0) * size > _MOST_MB:
        raise validation_error(
            f"The product of MaxConcurrentTransforms and MaxPayloadInMB must be less than or equal to {_MOST_MB}."
        )


def _processing(request: Request) -> None:
    processing = request.get("DataProcessing")
    if not processing:
        return
    given = request["TransformInput"]
    try:
        filters(processing, given.get("ContentType"))
    except RecordError as error:
        raise validation_error(f"Invalid DataProcessing: {error}.") from None
    lines = (given.get("SplitType", "None"), request["TransformOutput"].get("AssembleWith", "None"))
    whole = Format.of(given.get("ContentType")) is Format.JSON and lines == ("None", "None")
    if processing.get("JoinSource") == "Input" and lines != ("Line", "Line") and not whole:
        raise validation_error("JoinSource Input needs both SplitType and AssembleWith to be Line.")


_RULES: tuple[Callable[[Request], None], ...] = (_input, _output, _payload, _processing)
