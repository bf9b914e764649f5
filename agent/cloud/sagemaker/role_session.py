"""What a job does as its execution role: a session of that role, and S3 as the role sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.aws.objects import ObjectStoreError
from agent.aws.s3 import S3
from agent.aws.sessions import Clients
from agent.aws.sessions import Credentials as Keys
from agent.cloud.sagemaker.roles import SERVICE

if TYPE_CHECKING:
    from agent.cloud.identity import Credentials
    from agent.cloud.platform import Platform
    from agent.errors import ModelyardError


class RoleSession:
    """One session of an execution role; raises AwsError when the role no longer trusts SageMaker."""

    def __init__(self, platform: Platform, role_arn: str, region: str) -> None:
        self.credentials: Credentials = platform.identity.service_session(role_arn, SERVICE, "SageMaker")
        self.region = region
        keys = Keys(
            access_key_id=self.credentials.access_key_id,
            secret_access_key=self.credentials.secret_access_key,
            session_token=self.credentials.session_token,
        )
        self._endpoint = platform.endpoint
        self.clients = Clients(
            credentials=keys, region=region, endpoint_url=platform.endpoint, data=platform.client_data
        )
        self.s3 = S3(self.clients)

    def environment(self, *, network: bool) -> dict[str, str]:
        """What lets a container's SDK act as the role; a container without a network has no use for keys."""
        told = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if not network:
            return told
        return told | {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token,
        }


def s3_words(error: ModelyardError) -> str:
    """An error as SageMaker shows S3's: its code, its HTTP status, and its own words."""
    return f"{error.code} ({error.status}): {error.reason}" if isinstance(error, ObjectStoreError) else str(error)
