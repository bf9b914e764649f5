"""MiniStack's record of ECR repositories, their policies and image manifests; blobs are kept elsewhere, on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agent.cloud.emulator.image_api import ImageApi

if TYPE_CHECKING:
    from agent.cloud.advisories import Advisories

Issue = Callable[[str, str, str], tuple[str, float]]
"""From an account, a region and an access key to a password and when it expires (seconds since the epoch)."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One ECR repository; ``policy`` is the text of its repository policy."""

    arn: str
    account: str
    region: str
    name: str
    policy: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredManifest:
    """A manifest as it was pushed."""

    digest: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class PushAnswer:
    """What became of a pushed manifest: its digest, or a registry error."""

    status: int
    digest: str = ""
    error: str = ""
    message: str = ""


class BlobStore(Protocol):
    """Where blobs are."""

    def size(self, repository: Repository, digest: str) -> int | None:
        """The number of bytes of a blob; None when the repository does not have it."""

    def drop(self, repository: Repository) -> None:
        """Forget what a repository has."""


class Repositories:
    """The repositories of every account."""

    def __init__(self, touch: Callable[[str], None]) -> None:
        from ministack.core import responses
        from ministack.services import ecr

        self._service = ecr
        self._touch = touch
        self._responses = responses
        self._scope = responses.request_scope
        self._handle = ecr.handle_request
        self._delete = ecr._delete_repository
        ecr.handle_request = self._handle_request

    def keep_blobs_in(self, blobs: BlobStore) -> None:
        """Let the operations on images know what blobs there are, and forget those of a deleted repository."""

        def delete_repository(request: Any) -> Any:
            answer = self._delete(request)
            if answer[0] < 300:
                self._service._manifest_blobs.pop(request["repositoryName"], None)
                blobs.drop(self._here(request["repositoryName"]))
            return answer

        self._service._delete_repository = delete_repository
        self._images = ImageApi(lambda name, digest: blobs.size(self._here(name), digest))

    def _here(self, name: str) -> Repository:
        return self.absent(self._responses.get_account_id(), self._responses.get_region(), name)

    async def _handle_request(self, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        """Serve a request in the registry it names; who may was decided before, by both accounts' policies."""
        try:
            request = json.loads(body or b"{}")
            registry = request.get("registryId")
        except (ValueError, AttributeError):
            request, registry = {}, None
        lacking = self._images.lacking.get(headers.get("x-amz-target", "").rpartition(".")[2])
        with self._scope(registry or self._responses.get_account_id(), self._responses.get_region()):
            return lacking(request) if lacking else await self._handle(method, path, headers, body, query)

    def advise(self, advisories: Advisories) -> None:
        """Let scans of a repository's images find this from now on; raises KeyError where there is none."""
        self._images.scans.advise(advisories)
        self._touch("ecr")

    def issue_tokens_by(self, issue: Issue) -> None:
        """Let ``GetAuthorizationToken`` answer a password of the caller's own; MiniStack has one for everybody."""
        from ministack.core import iam_evaluator, responses

        def get_authorization_token(_request: object) -> Any:
            account, region = responses.get_account_id(), responses.get_region()
            token, expires = issue(account, region, iam_evaluator._verified_key.get())
            authorization = {
                "authorizationToken": token,
                "expiresAt": expires,
                "proxyEndpoint": f"https://{account}.dkr.ecr.{region}.amazonaws.com",
            }
            return responses.json_response({"authorizationData": [authorization]})

        self._service._get_authorization_token = get_authorization_token

    def find(self, account: str, region: str, name: str) -> Repository | None:
        """The repository of that name, if there is one."""
        record = self._service._repositories.get_scoped(account, region, name)
        if record is None:
            return None
        policy = self._service._repo_policies.get_scoped(account, region, name)
        return Repository(arn=record["repositoryArn"], account=account, region=region, name=name, policy=policy)

    def absent(self, account: str, region: str, name: str) -> Repository:
        """What a repository would be that does not exist, so that permissions can be asked about it."""
        arn = f"arn:aws:ecr:{region}:{account}:repository/{name}"
        return Repository(arn=arn, account=account, region=region, name=name)

    def manifest(self, repository: Repository, locator: str) -> StoredManifest | None:
        """What a tag or a digest names."""
        named = {"imageDigest" if locator.startswith("sha256:") else "imageTag": locator}
        with self._scope(repository.account, repository.region):
            image = self._images.find(repository.name, named)
        if image is None:
            return None
        return _stored(image)

    def manifests(self, repository: Repository) -> list[StoredManifest]:
        """Every manifest of a repository."""
        with self._scope(repository.account, repository.region):
            return [_stored(image) for image in self._service._images.get(repository.name, [])]

    def put_manifest(self, repository: Repository, locator: str, media_type: str, content: bytes) -> PushAnswer:
        """Store a pushed manifest under a tag or its digest."""
        with self._scope(repository.account, repository.region):
            status, headers, body = self._service._v2_put_manifest(
                repository.name, locator, {"content-type": media_type}, content
            )
        self._touch("ecr")
        if status < 300:
            return PushAnswer(status=status, digest=headers["Docker-Content-Digest"])
        error = json.loads(body)["errors"][0]
        return PushAnswer(status=status, error=error["code"], message=error["message"])

    def tags(self, repository: Repository) -> list[str]:
        """Every tag of a repository."""
        with self._scope(repository.account, repository.region):
            images = self._service._images.get(repository.name, [])
            return sorted({tag for image in images for tag in image.get("imageTags", [])})


def _stored(image: Any) -> StoredManifest:
    return StoredManifest(
        digest=image["imageDigest"],
        media_type=image["imageManifestMediaType"],
        content=image["imageManifest"].encode(),
    )
