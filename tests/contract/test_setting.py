"""The suite's own footing: what every other contract test takes for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory


def test_the_image_is_in_the_registry_under_its_digest(client: ClientFactory, image: str, account_id: str) -> None:
    registry, _, rest = image.partition("/")
    repository, _, digest = rest.partition("@")
    found = client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    assert registry.startswith(account_id)
    assert [detail["imageDigest"] for detail in found["imageDetails"]] == [digest]


def test_the_execution_role_trusts_sagemaker(client: ClientFactory, role: str) -> None:
    trust = client("iam").get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
    assert "sagemaker.amazonaws.com" in str(trust)


def test_the_bucket_holds_what_is_put_there(client: ClientFactory, bucket: str, unique: Callable[[str], str]) -> None:
    key = unique("setting")
    client("s3").put_object(Bucket=bucket, Key=key, Body=b"content")
    assert client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"content"


@pytest.mark.embedded_only("AWS has one account here")
def test_clients_of_two_accounts_belong_to_two_accounts(client: ClientFactory) -> None:
    accounts = {client("sts", name).get_caller_identity()["Account"] for name in ("tools", "qa", "prod")}
    assert len(accounts) == 3


def test_time_can_pass_without_waiting(cloud: EmbeddedCloud, advance: Callable[[float], None]) -> None:
    before = cloud.status()["clock"]["offset"]
    advance(3600)
    assert cloud.status()["clock"]["offset"] == pytest.approx(before + 3600, abs=1)
