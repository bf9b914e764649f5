"""Who lets SageMaker use a customer's key for the volumes of jobs and endpoints: by a grant (``kms:CreateGrant``).

Source: developer guide, "API Permissions: Actions, Permissions, and Resources Reference": whoever creates or updates an
endpoint whose configuration has a ``KmsKeyId``; for a job with a ``VolumeKmsKeyId`` its role, or else its caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.roles import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.identity import Call, Caller

_GRANT = "kms:CreateGrant"
_FOR_AWS = {"kms:GrantIsForAWSResource": True}


def require_endpoint_key(call: Call, config: Mapping[str, Any]) -> None:
    """Raise ``AccessDeniedException`` unless the caller may let SageMaker use the key of the configuration, if any."""
    if config.get("KmsKeyId"):
        _ask(call, call.caller, config["KmsKeyId"])


def require_job_key(call: Call, role_arn: str, machines: Mapping[str, Any]) -> None:
    """The same for the machines of a job, whose role may allow it in the caller's place."""
    key = machines.get("VolumeKmsKeyId")
    if not key:
        return
    session = call.identity.service_session(role_arn, SERVICE, "SageMaker")
    try:
        _ask(call, call.identity.caller_of(session.access_key_id, call.region), key)
    except AwsError as refused:
        if not _may(call, key):
            raise refused from None


def _may(call: Call, key: str) -> bool:
    try:
        _ask(call, call.caller, key)
    except AwsError:
        return False
    return True


def _ask(call: Call, caller: Caller, key: str) -> None:
    via = {"kms:ViaService": f"sagemaker.{call.region}.amazonaws.com", "kms:CallerAccount": caller.account}
    call.identity.authorize_key(caller, _GRANT, key, {**_FOR_AWS, **via})
