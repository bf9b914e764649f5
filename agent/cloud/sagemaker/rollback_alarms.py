"""The alarms of an AutoRollbackConfiguration, which SageMaker watches with the permissions of the execution role.

Source: "Auto-rollback configuration and monitoring" in the developer guide: the execution role needs
``cloudwatch:DescribeAlarms`` on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.errors import AwsError, validation_error
from agent.cloud.sagemaker.roles import SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform


def require_watchable(platform: Platform, call: Call, names: Sequence[str], roles: Iterable[str]) -> None:
    """Raise ``ValidationException`` for alarms that do not exist, or that one of the roles may not see."""
    states = platform.telemetry.alarm_states(call.account, call.region, names)
    missing = [name for name in names if name not in states]
    if missing:
        raise validation_error(f"Could not find the alarms of AutoRollbackConfiguration: {', '.join(missing)}.")
    for role in roles:
        _require_role(platform, call, names, role)


def _require_role(platform: Platform, call: Call, names: Sequence[str], role: str) -> None:
    try:
        session = platform.identity.service_session(role, SERVICE, "SageMaker")
        caller = platform.identity.caller_of(session.access_key_id, call.region)
        for name in names:
            arn = f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}"
            platform.identity.authorize(caller, "cloudwatch:DescribeAlarms", arn)
    except AwsError as error:
        raise validation_error(
            f"The execution role cannot watch the alarms of the deployment. {error.message}"
        ) from None
