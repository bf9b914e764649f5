"""The look at a job's inputs that AWS takes before it accepts the job, with the execution role's permissions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.aws.objects import ObjectStoreError, parse_location
from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.role_session import RoleSession
from agent.runtime.channels import Reader, nothing_found

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.aws.objects import ObjectStore
    from agent.cloud.platform import Platform


async def require_objects(platform: Platform, region: str, role_arn: str, uris: Iterable[str]) -> None:
    """Raise ``ValidationException`` for the first of ``uris`` under which the role sees no object."""
    wanted = list(uris)
    if not wanted:
        return
    session = RoleSession(platform, role_arn, region)
    for uri in wanted:
        if not await asyncio.to_thread(_any_object, session.s3, uri):
            raise validation_error(nothing_found(uri, Reader(region=region, role_arn=role_arn)))


def _any_object(s3: ObjectStore, uri: str) -> bool:
    where = parse_location(uri)
    try:
        return next(iter(s3.list_objects(where.bucket, where.key)), None) is not None
    except ObjectStoreError:
        return False
