"""Roles handed to SageMaker: the caller may pass them, and they trust the service (``iam:PassRole``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.identity import Call

SERVICE = "sagemaker.amazonaws.com"


def could_not_assume(role_arn: str) -> str:
    """How most operations word a role that is absent or does not trust SageMaker."""
    return (
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        f"'{SERVICE}' to assume the role."
    )


def execution_role_invalid(role_arn: str) -> str:
    """How ``CreateModel`` words it."""
    return (
        f'The execution role ARN "{role_arn}" is invalid. Please ensure that the role exists and that its trust '
        f'relationship policy allows the action "sts:AssumeRole" for the service principal "{SERVICE}".'
    )


def pass_role(call: Call, role_arn: str, refusal: Callable[[str], str] = could_not_assume) -> None:
    """Raise unless the caller may pass the role to SageMaker and SageMaker may assume it.

    Cross-account roles are refused first, as AWS does. Source: IAM user guide, "Granting a user permissions to pass a
    role to an AWS service".
    """
    if role_arn.split(":")[4] != call.account:
        raise validation_error("RoleArn: Cross-account pass role is not allowed.")
    call.require("iam:PassRole", role_arn, {"iam:PassedToService": SERVICE})
    if not call.identity.role_trusts(role_arn, SERVICE):
        raise validation_error(refusal(role_arn))
