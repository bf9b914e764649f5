"""What SageMaker says when the image of a job cannot be pulled with the job's role.

Page: SageMaker developer guide, "Troubleshoot errors"; ECR user guide, "Private repository policies".
"""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError
from agent.images.assemble import ImageRecipe, assemble
from agent.images.layout import ImageLayout
from agent.images.registry import Registry, RegistryEndpoint
from tests.contract.identity.stage import Statement, answer, deny, trust
from tests.contract.provision import SUFFICIENT

if TYPE_CHECKING:
    import http.client
    from collections.abc import Mapping
    from pathlib import Path

    from tests.contract.identity.stage import Stage
    from tests.contract.workbench import Workbench

pytestmark = pytest.mark.embedded_only("pushes to a registry whose host name is not the endpoint's")

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
SAGEMAKER = trust({"Service": "sagemaker.amazonaws.com"})
WORK: tuple[Statement, ...] = tuple(SUFFICIENT["Statement"])  # type: ignore[arg-type]


def _endpoint(stage: Stage, account: str = "tools") -> RegistryEndpoint:
    token = stage.client("ecr", account).get_authorization_token()["authorizationData"][0]["authorizationToken"]
    host = f"{stage.account()}.dkr.ecr.{stage.region}.amazonaws.com"
    assert stage.endpoint is not None
    return RegistryEndpoint(
        base_url=stage.endpoint, host=host, password=base64.b64decode(token).decode().partition(":")[2]
    )


def _repository(stage: Stage) -> str:
    """The URI of a new repository."""
    made = stage.client("ecr").create_repository(repositoryName=stage.name("pulled"))
    return str(made["repository"]["repositoryUri"])


def _push(stage: Stage, folder: Path) -> str:
    """Push an image without a layer; its digest."""
    layout = ImageLayout(folder)
    digest = assemble(ImageRecipe(layers=()), layout).digest
    Registry(_endpoint(stage)).push(layout, digest, stage.name("pulled"), tag="v1")
    return digest


def _failure(stage: Stage, workbench: Workbench, role: str, image: str) -> str:
    name = stage.name("job")
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File"}
    workbench.train(name, RoleArn=role, AlgorithmSpecification=algorithm)
    return str(workbench.ended_training(name)["FailureReason"])


def test_a_role_that_may_not_pull(stage: Stage, workbench: Workbench, tmp_path: Path) -> None:
    image = f"{_repository(stage)}@{_push(stage, tmp_path)}"
    role = stage.role("execution", *WORK, deny("ecr:BatchGetImage"), trusts=[SAGEMAKER])

    reason = _failure(stage, workbench, role, image)

    assert f"The role '{role}' does not have BatchGetImage permission for the image: '{image}'." in reason


def test_another_accounts_repository_must_admit_the_role(stage: Stage, workbench: Workbench, tmp_path: Path) -> None:
    image = f"{_repository(stage)}@{_push(stage, tmp_path)}"
    role = stage.role("execution", *WORK, account="prod", trusts=[SAGEMAKER])
    who = stage.client("sagemaker", "prod")

    name = stage.name("job")
    request = workbench.training(
        name, RoleArn=role, AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"}
    )
    who.create_training_job(**request)

    ended = replace(workbench, sagemaker=who).ended_training(name)
    assert "does not have BatchGetImage permission" in ended["FailureReason"]


def test_an_image_index_is_not_supported(stage: Stage, workbench: Workbench, tmp_path: Path) -> None:
    repository, child = _repository(stage), _push(stage, tmp_path)
    entry = {"mediaType": "application/vnd.docker.distribution.manifest.v2+json", "digest": child, "size": 1}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}).encode()
    assert _put_manifest(stage, "index", INDEX_TYPE, index) == 201
    role = stage.role("execution", *WORK, trusts=[SAGEMAKER])

    reason = _failure(stage, workbench, role, f"{repository}:index")

    assert f"Unsupported manifest media type {INDEX_TYPE}." in reason


def test_an_absent_tag(stage: Stage, workbench: Workbench) -> None:
    image = f"{_repository(stage)}:nothing"
    role = stage.role("execution", *WORK, trusts=[SAGEMAKER])

    assert f"Requested image {image} not found." in _failure(stage, workbench, role, image)


def test_a_manifest_must_not_come_before_its_layers(stage: Stage, tmp_path: Path) -> None:
    """Source: OCI distribution specification, pushing manifests; ECR answers 404 ``BLOB_UNKNOWN``."""
    _repository(stage)
    layout = ImageLayout(tmp_path)
    manifest = assemble(ImageRecipe(layers=()), layout)

    assert _put_manifest(stage, "v1", manifest.media_type, layout.read(manifest.digest)) == 404


def test_a_blob_of_one_repository_is_not_in_another(stage: Stage, tmp_path: Path) -> None:
    _repository(stage)
    digest = _push(stage, tmp_path)
    stage.client("ecr").create_repository(repositoryName=stage.name("other"))

    with pytest.raises(InputMissingError):
        Registry(_endpoint(stage)).pull(ImageLayout(tmp_path / "pulled"), stage.name("other"), digest)


def test_a_repository_that_was_deleted_has_lost_its_blobs(stage: Stage, tmp_path: Path) -> None:
    _repository(stage)
    _push(stage, tmp_path)
    stage.client("ecr").delete_repository(repositoryName=stage.name("pulled"), force=True)
    stage.client("ecr").create_repository(repositoryName=stage.name("pulled"))
    layout = ImageLayout(tmp_path)
    manifest = layout.manifest(assemble(ImageRecipe(layers=()), layout).digest)

    assert _request(stage, "HEAD", f"blobs/{manifest.config.digest}") == 404


def test_content_that_is_not_what_was_announced_is_refused(stage: Stage) -> None:
    _repository(stage)
    with _open(stage, "POST", "blobs/uploads/") as begun:
        upload = begun.headers["Location"].partition(f"{stage.name('pulled')}/")[2]
    digest = f"sha256:{hashlib.sha256(b'announced').hexdigest()}"

    assert _request(stage, "PUT", f"{upload}?digest={digest}", b"delivered") == 400


def _put_manifest(stage: Stage, tag: str, media_type: str, content: bytes) -> int:
    return _request(stage, "PUT", f"manifests/{tag}", content, {"Content-Type": media_type})


def _open(
    stage: Stage, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> http.client.HTTPResponse:
    """One request to the repository's part of the registry."""
    request = urllib.request.Request(
        f"{stage.endpoint}/v2/{stage.name('pulled')}/{path}",
        data=body,
        headers={**_endpoint(stage).headers(), **(headers or {})},
        method=method,
    )
    response: http.client.HTTPResponse = urllib.request.urlopen(request)
    return response


def _request(stage: Stage, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> int:
    try:
        with _open(stage, method, path, body, headers) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def _digests(stage: Stage) -> list[str]:
    images = stage.client("ecr").describe_images(repositoryName=stage.name("pulled"))["imageDetails"]
    return [image["imageDigest"] for image in images]


def test_an_image_lives_as_long_as_its_last_tag(stage: Stage, tmp_path: Path) -> None:
    """Page: ECR API reference, ``BatchDeleteImage`` and ``PutImage``."""
    _repository(stage)
    digest, ecr, name = _push(stage, tmp_path), stage.client("ecr"), stage.name("pulled")
    manifest = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])["images"][0]["imageManifest"]
    ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="v2")
    listed = ecr.list_images(repositoryName=name)["imageIds"]
    assert sorted(image["imageTag"] for image in listed) == ["v1", "v2"]

    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])
    assert _digests(stage) == [digest]

    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v2"}])
    assert _digests(stage) == []
    assert _request(stage, "GET", f"manifests/{digest}") == 404


def test_the_same_image_is_not_put_twice_under_one_tag(stage: Stage, tmp_path: Path) -> None:
    """Page: ECR API reference, ``PutImage``."""
    _repository(stage)
    _push(stage, tmp_path)
    ecr, name = stage.client("ecr"), stage.name("pulled")
    manifest = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])["images"][0]["imageManifest"]

    again = answer(lambda: ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="v1"))
    assert again == "ImageAlreadyExistsException"


def test_an_image_that_is_not_there_is_told(stage: Stage) -> None:
    """Page: ECR API reference, ``DescribeImages``."""
    _repository(stage)
    ecr, name = stage.client("ecr"), stage.name("pulled")

    asked = answer(lambda: ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v9"}]))
    assert asked == "ImageNotFoundException"


def test_an_images_size_is_that_of_its_blobs(stage: Stage, tmp_path: Path) -> None:
    """Page: ECR API reference, ``ImageDetail``."""
    _repository(stage)
    digest = _push(stage, tmp_path)
    layout = ImageLayout(tmp_path)

    detail = stage.client("ecr").describe_images(repositoryName=stage.name("pulled"))["imageDetails"][0]
    assert detail["imageSizeInBytes"] == sum(blob.size for blob in layout.manifest(digest).blobs)
