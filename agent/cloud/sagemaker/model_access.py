"""Whether a model's role can get at its images and artifacts, which ``CreateModel`` finds out before anything runs.

The wording is AWS's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.role_session import RoleSession
from agent.cloud.sagemaker.roles import SERVICE
from agent.cloud.sagemaker.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.cloud.errors import AwsError
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.operation import Members


class Artifact(NamedTuple):
    """One object, or every object under a prefix."""

    uri: str
    prefix: bool


async def require_access(platform: Platform, role_arn: str, region: str, containers: Iterable[Members]) -> None:
    """Raise what AWS answers when the role cannot pull an image or read an artifact of the containers."""
    session = RoleSession(platform, role_arn, region)
    for container in containers:
        if (container.get("ImageConfig") or {}).get("RepositoryAccessMode", "Platform") == "Platform":
            await platform.registry.check(container["Image"], session.credentials, region)
        for artifact in artifacts(container):
            if not await in_thread(_readable, session, artifact):
                raise _no_access(artifact, role_arn, region)


def artifacts(container: Members) -> Iterator[Artifact]:
    """What a container reads before it serves."""
    if "ModelDataUrl" in container:
        # The artifacts of a multi-model container are the objects under a prefix.
        yield Artifact(container["ModelDataUrl"], container.get("Mode") == "MultiModel")
    sources = [container.get("ModelDataSource") or {}, *(container.get("AdditionalModelDataSources") or [])]
    for source in (source["S3DataSource"] for source in sources if "S3DataSource" in source):
        yield Artifact(source["S3Uri"], source["S3DataType"] == "S3Prefix")


def _readable(session: RoleSession, artifact: Artifact) -> bool:
    bucket, _, key = artifact.uri.partition("://")[2].partition("/")
    s3 = session.clients.client("s3")
    try:
        if artifact.prefix:
            return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"))
        s3.head_object(Bucket=bucket, Key=key)
    except (ClientError, BotoCoreError):
        return False
    return True


def _no_access(artifact: Artifact, role_arn: str, region: str) -> AwsError:
    return validation_error(
        f'Could not access model data at {artifact.uri}. Please ensure that the role "{role_arn}" exists and that its '
        f'trust relationship policy allows the action "sts:AssumeRole" for the service principal "{SERVICE}". Also '
        f'ensure that the role has "s3:GetObject" permissions and that the object is located in {region}. If your '
        'Model uses multiple models or uncompressed models, please ensure that the role has "s3:ListBucket" permission.'
    )
