"""Base images: where their registry is, and which of them can be stood upon."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import InputMissingError, UsageError
from agent.images.layers.base import base_endpoint, check_platform, choose_platform, docker_layers
from agent.images.manifest import LAYER_TYPE, OCI_MANIFEST_TYPE, Descriptor, Manifest
from agent.images.reference import parse_reference
from agent.ports.images import PushTarget

if TYPE_CHECKING:
    from pathlib import Path

    from agent.images.exchange import RegistryEndpoint

ECR = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
OTHER_ECR = "222222222222.dkr.ecr.us-east-1.amazonaws.com"


def endpoint(name: str, *, base_url: str = f"https://{ECR}", environ: dict[str, str] | None = None) -> RegistryEndpoint:
    target = PushTarget(uri=f"{ECR}/model", repository="model", base_url=base_url, host=ECR, token="secret")
    return base_endpoint(parse_reference(name), target, environ or {"HOME": "/nowhere"})


def test_a_base_in_our_own_registry_is_asked_as_we_push() -> None:
    found = endpoint(f"{ECR}/bases:1")
    assert (found.base_url, found.password) == (f"https://{ECR}", "secret")


def test_another_accounts_registry_takes_the_same_password() -> None:
    found = endpoint(f"{OTHER_ECR}/bases:1")
    assert (found.base_url, found.host, found.password) == (f"https://{OTHER_ECR}", OTHER_ECR, "secret")


def test_a_cloud_with_one_address_is_told_the_account_by_the_host() -> None:
    found = endpoint(f"{OTHER_ECR}/bases:1", base_url="http://127.0.0.1:4566")
    assert (found.base_url, found.host) == ("http://127.0.0.1:4566", OTHER_ECR)


@pytest.mark.parametrize(
    ("name", "base_url"),
    [
        ("python:3.11-slim", "https://registry-1.docker.io"),
        ("registry.example:5000/python:3", "https://registry.example:5000"),
        ("127.0.0.1:5000/python:3", "http://127.0.0.1:5000"),
        ("localhost:5000/python:3", "http://localhost:5000"),
    ],
)
def test_any_other_registry_is_asked_without_our_password(name: str, base_url: str) -> None:
    found = endpoint(name)
    assert (found.base_url, found.password) == (base_url, None)


def test_its_login_is_dockers(tmp_path: Path) -> None:
    login = base64.b64encode(b"me:word").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"registry.example": {"auth": login}}}))
    found = endpoint("registry.example/python:3", environ={"DOCKER_CONFIG": str(tmp_path)})
    assert (found.username, found.password) == ("me", "word")


def index(*platforms: tuple[str, str]) -> dict[str, Any]:
    return {
        "manifests": [
            {"digest": f"sha256:{number}", "platform": {"os": system, "architecture": architecture}}
            for number, (system, architecture) in enumerate(platforms)
        ]
    }


def test_of_an_index_the_platforms_image_is_taken() -> None:
    several = index(("linux", "arm64"), ("linux", "amd64"), ("unknown", "unknown"))
    assert choose_platform(several, "linux/amd64", "python:3") == "sha256:1"
    with pytest.raises(UsageError, match="is there for linux/arm64, not for linux/amd64"):
        choose_platform(index(("linux", "arm64"), ("unknown", "unknown")), "linux/amd64", "python:3")


def test_a_base_for_another_processor_is_refused() -> None:
    check_platform({"os": "linux", "architecture": "arm64"}, "linux/arm64", "python:3")
    with pytest.raises(UsageError, match="is for linux/arm64, not for linux/amd64"):
        check_platform({"os": "linux", "architecture": "arm64"}, "linux/amd64", "python:3")


def manifest(*layer_types: str) -> Manifest:
    described = [Descriptor(media_type=layer_type, digest="sha256:a", size=1) for layer_type in layer_types]
    config = Descriptor(media_type="application/vnd.oci.image.config.v1+json", digest="sha256:c", size=1)
    return Manifest(media_type=OCI_MANIFEST_TYPE, config=config, layers=tuple(described))


def test_layers_of_the_oci_are_called_as_docker_calls_them() -> None:
    oci = "application/vnd.oci.image.layer.v1.tar"
    assert [layer.media_type for layer in docker_layers(manifest(f"{oci}+gzip", oci, LAYER_TYPE), "python:3")] == [
        LAYER_TYPE,
        "application/vnd.docker.image.rootfs.diff.tar",
        LAYER_TYPE,
    ]


@pytest.mark.parametrize(
    ("layer_type", "reason"),
    [
        ("application/vnd.oci.image.layer.v1.tar+zstd", "which has no zstd"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "not a layer we know"),
    ],
)
def test_layers_that_sagemaker_cannot_take_are_refused_with_the_reason(layer_type: str, reason: str) -> None:
    with pytest.raises(InputMissingError, match=rf"python:3 has a layer sha256:a .*{reason}.*whose layers are gzip"):
        docker_layers(manifest(layer_type), "python:3")
