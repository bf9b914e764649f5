"""ECR's operations on images as AWS documents them; MiniStack loses tags, sizes and errors, and invents layers.

Source: ECR API reference, ``BatchDeleteImage``, ``BatchCheckLayerAvailability``, ``DescribeImages``, ``ListImages`` and
``PutImage``. It lacks scans altogether.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.cloud.emulator.image_scans import ImageScans
from agent.cloud.errors import AwsError
from agent.images.manifest import MANIFEST_TYPE, sha256_digest

Members = dict[str, Any]
BlobSize = Callable[[str, str], int | None]
"""From a repository's name and a digest to the number of bytes of that blob; None when the repository lacks it."""


class ImageApi:
    """In MiniStack's place, in the account and region of the request being served."""

    def __init__(self, blob_size: BlobSize) -> None:
        from ministack.core import responses
        from ministack.services import ecr

        self._service = ecr
        self._responses = responses
        self._blob_size = blob_size
        self.scans = ImageScans()
        operations: Mapping[str, Callable[[Members, str], Members]] = {
            "_batch_check_layer_availability": self._check_layers,
            "_batch_delete_image": self._delete,
            "_batch_get_image": self._get,
            "_complete_layer_upload": _unserved,
            "_describe_images": self._describe,
            "_initiate_layer_upload": _unserved,
            "_list_images": self._list,
            "_put_image": self._put,
            "_upload_layer_part": _unserved,
        }
        for name, operation in operations.items():
            setattr(ecr, name, self._answering(operation))
        scans: Mapping[str, Callable[[Members, str], Members]] = {
            "DescribeImageScanFindings": self._describe_scan,
            "StartImageScan": self._start_scan,
        }
        self.lacking = {name: self._answering(operation) for name, operation in scans.items()}

    def find(self, repository: str, image_id: Members) -> Members | None:
        """The record of an image by digest, tag or both."""
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        for image in self._service._images.get(repository) or ():
            if (digest or tag) and digest in {None, image["imageDigest"]} and (not tag or tag in image["imageTags"]):
                found: Members = image
                return found
        return None

    def _answering(self, operation: Callable[[Members, str], Members]) -> Callable[[Members], Any]:
        def answer(request: Members) -> Any:
            name = str(request.get("repositoryName", ""))
            try:
                self._check_repository(name)
                return self._responses.json_response(operation(request, name))
            except AwsError as error:
                return self._responses.error_response_json(error.code, error.message, error.status)

        return answer

    def _check_repository(self, name: str) -> None:
        if name not in self._service._repositories:
            raise AwsError("RepositoryNotFoundException", f"The repository with name '{name}' {self._nowhere}")

    @property
    def _registry(self) -> str:
        return str(self._responses.get_account_id())

    @property
    def _nowhere(self) -> str:
        return f"does not exist in the registry with id '{self._registry}'"

    def _check_layers(self, request: Members, name: str) -> Members:
        sizes = {digest: self._blob_size(name, digest) for digest in request.get("layerDigests") or []}
        layers = [
            {"layerDigest": digest, "layerAvailability": "UNAVAILABLE" if size is None else "AVAILABLE"}
            | ({} if size is None else {"layerSize": size})
            for digest, size in sizes.items()
        ]
        return {"layers": layers, "failures": []}

    def _get(self, request: Members, name: str) -> Members:
        images, failures = [], []
        for image_id in request.get("imageIds") or []:
            image = self.find(name, image_id)
            if image is None:
                failures.append(_failure(image_id))
                continue
            images.append(self._shape(name, image, image_id.get("imageTag")))
        return {"images": images, "failures": failures}

    def _delete(self, request: Members, name: str) -> Members:
        """A tag goes alone, and the last one takes its image along; a digest goes with all its tags."""
        deleted, failures = [], []
        for image_id in request.get("imageIds") or []:
            image = self.find(name, image_id)
            if image is None:
                failures.append(_failure(image_id))
                continue
            tag = image_id.get("imageTag")
            gone = [tag] if tag else list(image["imageTags"])
            deleted += [{"imageDigest": image["imageDigest"], "imageTag": tag} for tag in gone]
            image["imageTags"] = [tag for tag in image["imageTags"] if tag not in gone]
            if not image["imageTags"]:
                self._service._images[name].remove(image)
            if not gone:
                deleted.append({"imageDigest": image["imageDigest"]})
        return {"imageIds": deleted, "failures": failures}

    def _list(self, request: Members, name: str) -> Members:
        images = self._of_status(name, request)
        named = [
            {"imageDigest": image["imageDigest"], "imageTag": tag} for image in images for tag in image["imageTags"]
        ]
        untagged = [{"imageDigest": image["imageDigest"]} for image in images if not image["imageTags"]]
        return {"imageIds": named + untagged}

    def _describe(self, request: Members, name: str) -> Members:
        images = self._of_status(name, request)
        if request.get("imageIds"):
            images = [self._existing(name, image_id) for image_id in request["imageIds"]]
        return {"imageDetails": [self._detail(name, image) for image in images]}

    def _start_scan(self, request: Members, name: str) -> Members:
        return self.scans.start(self._existing(name, request.get("imageId") or {}))

    def _describe_scan(self, request: Members, name: str) -> Members:
        return self.scans.describe(self._existing(name, request.get("imageId") or {}), request)

    def _put(self, request: Members, name: str) -> Members:
        content = str(request.get("imageManifest", ""))
        digest, tag = sha256_digest(content.encode()), request.get("imageTag")
        self._check_manifest(request, name, content, digest)
        media_type = request.get("imageManifestMediaType") or json.loads(content).get("mediaType") or MANIFEST_TYPE
        known = self.find(name, {"imageDigest": digest, "imageTag": tag})
        if known is not None:
            reference = f"tag '{tag}'" if tag else "no tag"
            message = (
                f"Image with digest '{digest}' and {reference} already exists in the repository with name '{name}' "
            )
            raise AwsError("ImageAlreadyExistsException", f"{message}in registry with id '{self._registry}'")
        locator, headers = tag or digest, {"content-type": media_type}
        status, _, body = self._service._v2_put_manifest(name, locator, headers, content.encode())
        if status >= 300:
            raise AwsError("ImageTagAlreadyExistsException", json.loads(body)["errors"][0]["message"])
        return {"image": self._shape(name, self._existing(name, {"imageDigest": digest}), tag)}

    def _check_manifest(self, request: Members, name: str, content: str, digest: str) -> None:
        try:
            document = json.loads(content)
            blobs = [document[part]["digest"] for part in ("config",) if part in document]
            blobs += [layer["digest"] for layer in document.get("layers") or []]
        except (ValueError, KeyError, TypeError) as error:
            raise AwsError("InvalidParameterException", f"Invalid image manifest: {error}") from error
        if request.get("imageDigest") not in {None, digest}:
            raise AwsError("ImageDigestDoesNotMatchException", f"The manifest has the digest '{digest}'")
        absent = [blob for blob in blobs if self._blob_size(name, blob) is None]
        if absent:
            layers = (
                f"Layers with digests '[{', '.join(absent)}]' required for pushing image into repository with name "
            )
            raise AwsError("LayersNotFoundException", f"{layers}'{name}' {self._nowhere.replace('does', 'do')}")

    def _existing(self, name: str, image_id: Members) -> Members:
        image = self.find(name, image_id)
        if image is None:
            digest, tag = (f"'{image_id.get(key)}'" for key in ("imageDigest", "imageTag"))
            where = f"within the repository with name '{name}' in the registry with id '{self._registry}'"
            named = f"{{imageDigest:{digest}, imageTag:{tag}}}".replace("None", "null")
            raise AwsError("ImageNotFoundException", f"The image with imageId {named} does not exist {where}")
        return image

    def _of_status(self, name: str, request: Members) -> Sequence[Members]:
        status = (request.get("filter") or {}).get("tagStatus", "ANY")
        images = self._service._images.get(name) or []
        return [image for image in images if status == "ANY" or (status == "TAGGED") == bool(image["imageTags"])]

    def _shape(self, name: str, image: Members, tag: str | None) -> Members:
        image_id = {"imageDigest": image["imageDigest"]} | ({"imageTag": tag} if tag else {})
        return {
            "registryId": self._registry,
            "repositoryName": name,
            "imageId": image_id,
            "imageManifest": image["imageManifest"],
            "imageManifestMediaType": image["imageManifestMediaType"],
        }

    def _detail(self, name: str, image: Members) -> Members:
        document = json.loads(image["imageManifest"])
        parts = [document.get("config") or {}, *(document.get("layers") or [])]
        detail = {
            "registryId": self._registry,
            "repositoryName": name,
            "imageDigest": image["imageDigest"],
            "imageSizeInBytes": sum(part.get("size", 0) for part in parts),
            "imagePushedAt": image["imagePushedAt"],
            "imageManifestMediaType": image["imageManifestMediaType"],
            "artifactMediaType": (document.get("config") or {}).get("mediaType", image["imageManifestMediaType"]),
        }
        return detail | ({"imageTags": image["imageTags"]} if image["imageTags"] else {})


def _failure(image_id: Members) -> Members:
    return {"imageId": image_id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}


def _unserved(_request: Members, _name: str) -> Members:
    raise AwsError("UnsupportedCommandException", "Layers are pushed through the registry's own interface here.")
