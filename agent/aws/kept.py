"""Removes what a stack leaves behind: every version of a bucket's objects, images, model packages, and keys in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import CloudFailedError
from agent.ports.kept import Kept, KeptKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients

_ABSENT = frozenset({"404", "NoSuchBucket", "NotFoundException", "RepositoryNotFoundException", "ResourceNotFound"})
_ENDING = "PendingDeletion"


class AwsKeptThings:
    """A :class:`agent.ports.kept.KeptThings` over boto3."""

    def __init__(self, clients: Clients, account: str) -> None:
        self._clients = clients
        self._account = account
        self._looks: Mapping[KeptKind, tuple[str, Callable[[str], Any]]] = {
            KeptKind.BUCKET: ("s3:ListBucket", self._head_bucket),
            KeptKind.REPOSITORY: ("ecr:DescribeRepositories", self._describe_repository),
            KeptKind.MODEL_PACKAGE_GROUP: ("sagemaker:DescribeModelPackageGroup", self._describe_group),
            KeptKind.KEY: ("kms:DescribeKey", self._describe_key),
        }
        self._ends: Mapping[KeptKind, Callable[[str, int], str]] = {
            KeptKind.BUCKET: self._remove_bucket,
            KeptKind.REPOSITORY: self._remove_repository,
            KeptKind.MODEL_PACKAGE_GROUP: self._remove_group,
            KeptKind.KEY: self._remove_key,
        }

    def keys(self, tags: Mapping[str, str | None]) -> Sequence[Kept]:
        """``GetResources`` of the Resource Groups Tagging API, and ``DescribeKey`` of each."""
        asked = [{"Key": name, "Values": [value]} for name, value in tags.items() if value is not None]
        with self._refusals("tag:GetResources", "all keys"):
            pages = list(
                self._pages(
                    "resourcegroupstaggingapi", "get_resources", TagFilters=asked, ResourceTypeFilters=["kms:key"]
                )
            )
        found = [each for page in pages for each in page["ResourceTagMappingList"]]
        unwanted = {name for name, value in tags.items() if value is None}
        keys = [
            Kept(kind=KeptKind.KEY, name=each["ResourceARN"])
            for each in found
            if not unwanted & {tag["Key"] for tag in each["Tags"]}
        ]
        return [key for key in keys if self.exists(key)]

    def exists(self, kept: Kept) -> bool:
        """``HeadBucket``, ``DescribeRepositories``, ``DescribeModelPackageGroup`` or ``DescribeKey``."""
        action, look = self._looks[kept.kind]
        with self._refusals(action, kept.name):
            try:
                return bool(look(kept.name))
            except ClientError as error:
                if code(error) in _ABSENT or "does not exist" in str(error):
                    return False
                raise

    def remove(self, kept: Kept, *, key_days: int) -> str:
        """``DeleteBucket``, ``DeleteRepository``, ``DeleteModelPackageGroup`` or ``ScheduleKeyDeletion``."""
        return self._ends[kept.kind](kept.name, key_days)

    def _head_bucket(self, name: str) -> Any:
        return self._client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=self._account)

    def _describe_repository(self, name: str) -> Any:
        return self._client("ecr").describe_repositories(repositoryNames=[name])["repositories"]

    def _describe_group(self, name: str) -> Any:
        return self._client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)

    def _describe_key(self, arn: str) -> bool:
        return str(self._client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]) != _ENDING

    def _remove_bucket(self, name: str, _key_days: int) -> str:
        """All versions first (``DeleteObjects``), for S3 removes no bucket that has one."""
        count = 0
        with self._refusals("s3:DeleteObjectVersion", name):
            for page in self._pages("s3", "list_object_versions", Bucket=name):
                versions = [
                    {"Key": each["Key"], "VersionId": each["VersionId"]}
                    for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                ]
                self._remove_versions(name, versions)
                count += len(versions)
        with self._refusals("s3:DeleteBucket", name):
            self._client("s3").delete_bucket(Bucket=name)
        return f"removed, with {count} versions of objects"

    def _remove_versions(self, bucket: str, versions: Sequence[Mapping[str, str]]) -> None:
        if not versions:
            return
        request = {"Objects": versions, "Quiet": True}
        refused = self._client("s3").delete_objects(Bucket=bucket, Delete=request).get("Errors", ())
        for error in refused:
            raise CloudFailedError(
                f"s3:DeleteObjectVersion on s3://{bucket}/{error['Key']} in account {self._account}, "
                f"{self._clients.region}: {error['Code']}: {error['Message']}; {len(refused)} such objects stay: "
                "mend the cause and run it again"
            )

    def _remove_repository(self, name: str, _key_days: int) -> str:
        with self._refusals("ecr:DeleteRepository", name):
            self._client("ecr").delete_repository(repositoryName=name, force=True)
        return "removed, with its images"

    def _remove_group(self, name: str, _key_days: int) -> str:
        sagemaker = self._client("sagemaker")
        with self._refusals("sagemaker:DeleteModelPackage", name):
            pages = self._pages("sagemaker", "list_model_packages", ModelPackageGroupName=name)
            arns = [each["ModelPackageArn"] for page in pages for each in page["ModelPackageSummaryList"]]
            for arn in arns:
                sagemaker.delete_model_package(ModelPackageName=arn)
        with self._refusals("sagemaker:DeleteModelPackageGroup", name):
            sagemaker.delete_model_package_group(ModelPackageGroupName=name)
        return f"removed, with {len(arns)} model packages"

    def _remove_key(self, arn: str, key_days: int) -> str:
        kms = self._client("kms")
        with self._refusals("kms:DeleteAlias", arn):
            for page in list(self._pages("kms", "list_aliases", KeyId=arn)):
                for alias in page["Aliases"]:
                    kms.delete_alias(AliasName=alias["AliasName"])
        with self._refusals("kms:ScheduleKeyDeletion", arn):
            end = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=key_days)["DeletionDate"]
        return f"goes on {end:%Y-%m-%d}; until then: aws kms cancel-key-deletion"

    def _pages(self, service: str, operation: str, **request: Any) -> Iterator[Mapping[str, Any]]:
        yield from self._client(service).get_paginator(operation).paginate(**request)

    def _client(self, service: str) -> Any:
        return self._clients.client(service)

    def _refusals(self, action: str, resource: str) -> AbstractContextManager[None]:
        return refusals(action, resource, account=self._account, region=self._clients.region)
