"""The one exception our services raise for a client: AWS's error code, message and HTTP status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class AwsError(Exception):
    """An error as AWS would answer it; anything else that a handler raises becomes ``InternalFailure``."""

    def __init__(self, code: str, message: str, status: int = 400, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})


def validation_error(message: str) -> AwsError:
    """SageMaker's answer to a request that makes no sense, also to one that names a missing resource."""
    return AwsError("ValidationException", message)


def could_not_find(arn: str) -> AwsError:
    """SageMaker's wording for most absent resources (``DescribeModel``, ``DescribeEndpoint``, …)."""
    kind = arn.split(":")[5].partition("/")[0].replace("-", " ")
    return validation_error(f'Could not find {kind} "{arn}".')


def in_use(message: str) -> AwsError:
    """SageMaker's answer to a name that is taken."""
    return AwsError("ResourceInUse", message)


def not_found(message: str) -> AwsError:
    """SageMaker's answer to an absent job (``DescribeTrainingJob``, ``StopProcessingJob``, …)."""
    return AwsError("ResourceNotFound", message)
