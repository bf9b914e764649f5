"""ECR as SageMaker pulls from it: the container's role needs the permissions, and errors are in SageMaker's words.

Source: SageMaker developer guide, "Troubleshoot errors: … image"; ECR user guide, "IAM permissions for pulling an
image" and "Repository policies".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud.ecr.shelf import PermittedImage, pull_failed
from agent.cloud.errors import AwsError, validation_error
from agent.errors import ModelyardError
from agent.images.manifest import SINGLE_IMAGE_TYPES, decode_manifest
from agent.images.reference import parse_reference

if TYPE_CHECKING:
    from agent.cloud.ecr.access import RegistryAccess
    from agent.cloud.ecr.blobs import Blobs
    from agent.cloud.ecr.shelf import Shelf
    from agent.cloud.emulator.repositories import Repositories, Repository, StoredManifest
    from agent.cloud.identity import Caller, Credentials, Identity
    from agent.images.reference import ImageReference
    from agent.runtime.container import RunnableImage

_NEEDED = ("BatchGetImage", "GetDownloadUrlForLayer")


class Puller:
    """See :class:`agent.cloud.platform.Registry`."""

    def __init__(
        self, repositories: Repositories, blobs: Blobs, access: RegistryAccess, identity: Identity, shelf: Shelf
    ) -> None:
        self._repositories = repositories
        self._blobs = blobs
        self._access = access
        self._identity = identity
        self._shelf = shelf

    async def check(self, image: str, credentials: Credentials, region: str) -> None:
        """See :class:`agent.cloud.platform.Registry`."""
        self._find(image, credentials, region)

    async def pull(self, image: str, credentials: Credentials, region: str) -> RunnableImage:
        """See :class:`agent.cloud.platform.Registry`."""
        manifest = self._find(image, credentials, region)
        layout = self._blobs.layout
        if not layout.has(manifest.digest):
            layout.add(manifest.content, manifest.media_type)
        reference = parse_reference(image)
        permitted = PermittedImage(
            uri=f"{reference.registry}/{reference.repository}@{manifest.digest}",
            account=reference.account or "",
            region=reference.region or "",
            digest=manifest.digest,
            manifest=decode_manifest(manifest.content, image),
            credentials=credentials,
        )
        try:
            return await self._shelf.ready(permitted)
        except ModelyardError as error:
            raise pull_failed(image, error) from error

    def _find(self, image: str, credentials: Credentials, region: str) -> StoredManifest:
        """The image's manifest, if there is a whole image and the credentials may pull it."""
        reference = _ecr_reference(image)
        caller = self._identity.caller_of(credentials.access_key_id, region)
        repository = self._repository(image, reference, caller)
        self._allow(image, repository, caller)
        manifest = self._repositories.manifest(repository, reference.locator)
        if manifest is None:
            raise validation_error(f"Requested image {image} not found.")
        self._check(image, repository, manifest)
        return manifest

    def reset(self) -> None:
        """Forget every image that was made ready."""
        self._shelf.reset()

    def _repository(self, image: str, reference: ImageReference, caller: Caller) -> Repository:
        """The image's repository; one that does not exist is told only to its own account."""
        account, region = reference.account or "", reference.region or ""
        found = self._repositories.find(account, region, reference.repository)
        if found is not None:
            return found
        if account != caller.account:
            raise _denied(image, caller, _NEEDED[0])
        raise validation_error(f"The repository of your image {image} does not exist.")

    def _allow(self, image: str, repository: Repository, caller: Caller) -> None:
        try:
            self._identity.authorize(caller, "ecr:GetAuthorizationToken", "*")
        except AwsError:
            raise _denied(image, caller, "GetAuthorizationToken") from None
        for action in _NEEDED:
            try:
                self._access.require(caller, action, repository)
            except AwsError:
                raise _denied(image, caller, action) from None

    def _check(self, image: str, repository: Repository, manifest: StoredManifest) -> None:
        if manifest.media_type not in SINGLE_IMAGE_TYPES:
            raise validation_error(
                f"Unsupported manifest media type {manifest.media_type}. "
                "Ensure that valid manifest media type is used for specified image."
            )
        for blob in decode_manifest(manifest.content, image).blobs:
            if self._blobs.size(repository, blob.digest) is None:
                raise validation_error(f"Failed to pull image {image}: layer {blob.digest} is not in its repository.")


def _ecr_reference(image: str) -> ImageReference:
    try:
        reference = parse_reference(image)
    except ModelyardError as error:
        raise validation_error(str(error)) from error
    if reference.account is None:
        raise validation_error(f'Using non-ECR image "{image}" without Vpc repository access mode is not supported.')
    return reference


def _denied(image: str, caller: Caller, action: str) -> AwsError:
    return AwsError(
        "AccessDeniedException",
        f"The role '{caller.role or caller.arn}' does not have {action} permission for the image: '{image}'.",
    )
