"""What one identity may reach: asked before anything is spent, answered by STS, S3, ECR and IAM themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import AccessDeniedError, InputMissingError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients

_HINT = "create it with: modelyard bootstrap apply"


class AwsAccess:
    """An :class:`agent.ports.access.Access` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def whoami(self) -> str:
        """``GetCallerIdentity``, after ``AssumeRole`` where a role is to be entered."""
        with self._refusals("sts:GetCallerIdentity", "the agent's identity"):
            answer = self._client("sts").get_caller_identity()
        if answer["Account"] != self._account:
            raise AccessDeniedError(
                f"{answer['Arn']} is of account {answer['Account']}, not of {self._account}; "
                "name a role of that account in modelyard.yaml, or start with credentials of it"
            )
        return str(answer["Arn"])

    def bucket_region(self, bucket: str) -> str:
        """``HeadBucket``, whose answer tells the region."""
        with self._refusals("s3:ListBucket", bucket):
            try:
                headers = self._client("s3").head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
            except ClientError as error:
                if code(error) not in {"404", "NoSuchBucket"}:
                    raise
                raise InputMissingError(f"there is no bucket {bucket}; {_HINT}") from error
        return str(headers["x-amz-bucket-region"])

    def repository_uri(self, repository: str) -> str:
        """``DescribeRepositories``."""
        with self._refusals("ecr:DescribeRepositories", repository):
            try:
                found = self._client("ecr").describe_repositories(repositoryNames=[repository])["repositories"]
            except ClientError as error:
                if code(error) != "RepositoryNotFoundException":
                    raise
                raise InputMissingError(
                    f"account {self._account}, {self._clients.region} has no ECR repository {repository}; {_HINT}"
                ) from error
        return str(found[0]["repositoryUri"])

    def role_exists(self, role: str) -> bool | None:
        """``GetRole``."""
        name = role.rpartition("/")[2]
        with self._refusals("iam:GetRole", role):
            try:
                return bool(self._client("iam").get_role(RoleName=name)["Role"]["Arn"] == role)
            except ClientError as error:
                if code(error) in {"AccessDenied", "AccessDeniedException"}:
                    return None
                if code(error) == "NoSuchEntity":
                    return False
                raise

    def _client(self, service: str) -> Any:
        return self._clients.client(service)

    def _refusals(self, action: str, resource: str) -> AbstractContextManager[None]:
        return refusals(action, resource, account=self._account, region=self._clients.region)
