"""Images in ECR, with one identity's permissions: where to push, and what is there."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import CloudFailedError, InputMissingError
from agent.ports.images import PushedImage, PushTarget, StoredImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients

_MEDIA_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
"""All that an image may be: ECR would hide what is not asked for, and an index must be seen to be refused."""
_MOST_DELETED = 100


class EcrImages:
    """An :class:`agent.ports.images.ImageRepository` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def push_target(self, repository: str) -> PushTarget:
        """``DescribeRepositories`` and ``GetAuthorizationToken``."""
        with self._refusals("DescribeRepositories", repository), self._missing_repository(repository, self._account):
            found = self._ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
        with self._refusals("GetAuthorizationToken", "*"):
            answer = self._ecr.get_authorization_token()["authorizationData"][0]
        uri = str(found["repositoryUri"])
        host = uri.partition("/")[0]
        return PushTarget(
            uri=uri,
            repository=repository,
            base_url=self._clients.endpoint_url or f"https://{host}",
            host=host,
            token=base64.b64decode(answer["authorizationToken"]).decode().partition(":")[2],
        )

    def find(self, repository: str, reference: str, *, registry: str) -> StoredImage | None:
        """``BatchGetImage``, in the registry of any account that lets this identity in."""
        image_id = {"imageDigest" if reference.startswith("sha256:") else "imageTag": reference}
        resource = f"{repository} of registry {registry}"
        with self._refusals("BatchGetImage", resource), self._missing_repository(repository, registry):
            answer = self._ecr.batch_get_image(
                registryId=registry,
                repositoryName=repository,
                imageIds=[image_id],
                acceptedMediaTypes=list(_MEDIA_TYPES),
            )
        for failure in answer.get("failures", ()):
            if failure["failureCode"] != "ImageNotFound":
                raise CloudFailedError(
                    f"ecr:BatchGetImage of {repository} ({reference}) in registry {registry}, {self._clients.region}: "
                    f"{failure['failureCode']}: {failure.get('failureReason', '')}"
                )
        return next(map(_stored, answer["images"]), None)

    def pushed(self, repository: str) -> Iterator[PushedImage]:
        """``DescribeImages``, page by page."""
        with self._refusals("DescribeImages", repository), self._missing_repository(repository, self._account):
            for page in self._ecr.get_paginator("describe_images").paginate(repositoryName=repository):
                yield from map(_pushed, page["imageDetails"])

    def delete(self, repository: str, digests: Sequence[str]) -> None:
        """``BatchDeleteImage``, a hundred at a time."""
        for start in range(0, len(digests), _MOST_DELETED):
            part = [{"imageDigest": digest} for digest in digests[start : start + _MOST_DELETED]]
            with self._refusals("BatchDeleteImage", repository), self._missing_repository(repository, self._account):
                failures = self._ecr.batch_delete_image(repositoryName=repository, imageIds=part).get("failures", ())
            for failure in failures:
                if failure["failureCode"] != "ImageNotFound":
                    raise CloudFailedError(
                        f"ecr:BatchDeleteImage of {repository} ({failure['imageId']}) in account {self._account}, "
                        f"{self._clients.region}: {failure['failureCode']}: {failure.get('failureReason', '')}"
                    )

    @property
    def _ecr(self) -> Any:
        return self._clients.client("ecr")

    def _refusals(self, operation: str, resource: str) -> AbstractContextManager[None]:
        return refusals(f"ecr:{operation}", resource, account=self._account, region=self._clients.region)

    @contextmanager
    def _missing_repository(self, repository: str, registry: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if code(error) != "RepositoryNotFoundException":
                raise
            raise InputMissingError(
                f"account {registry}, {self._clients.region} has no ECR repository {repository}; "
                "create it with: modelyard bootstrap apply"
            ) from error


def _stored(image: Mapping[str, Any]) -> StoredImage:
    manifest = json.loads(image["imageManifest"])
    parts = (manifest.get("config"), *manifest.get("layers", ()))
    return StoredImage(
        digest=image["imageId"]["imageDigest"],
        media_type=image.get("imageManifestMediaType") or manifest["mediaType"],
        size=sum(part["size"] for part in parts if part),
    )


def _pushed(image: Mapping[str, Any]) -> PushedImage:
    size = image.get("imageSizeInBytes", 0)
    return PushedImage(digest=image["imageDigest"], size=size, pushed=image["imagePushedAt"])
