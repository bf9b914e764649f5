"""Versions in SageMaker's model registry: entered once, found again with what vouches for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from agent.aws.registry import SageMakerRegistry
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, CloudFailedError
from agent.ports.registry import Approval
from tests.contract.provision import push_image

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = "111111111111"


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def image(cloud: EmbeddedCloud) -> str:
    return push_image(cloud, "tumour")


@pytest.fixture
def registry(cloud: EmbeddedCloud) -> SageMakerRegistry:
    return SageMakerRegistry(clients(cloud, "tools"), TOOLS)


@pytest.fixture
def group(registry: SageMakerRegistry) -> str:
    name = f"tumour-{uuid4().hex[:8]}"
    registry.create_group(name, "Versions of tumour.")
    return name


def clients(cloud: EmbeddedCloud, account: str) -> Clients:
    administrator = cloud.running.administrator(account)
    return Clients(
        credentials=Credentials(
            access_key_id=administrator.access_key_id, secret_access_key=administrator.secret_access_key
        ),
        region=cloud.running.region,
        endpoint_url=cloud.endpoint,
    )


def version(group: str, image: str, **members: Any) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": group,
        "InferenceSpecification": {
            "Containers": [{"Image": image, "ModelDataUrl": "s3://tumour/models/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **members,
    }


def test_a_version_is_described_with_its_approval_and_its_lineage(
    registry: SageMakerRegistry, group: str, image: str
) -> None:
    arn = registry.create(
        version(
            group,
            image,
            ModelApprovalStatus="Approved",
            ModelPackageDescription="The best so far.",
            CustomerMetadataProperties={"commit": "c0ffee"},
        )
    )
    found = registry.describe(arn)
    assert found is not None
    assert (found.arn, found.version, found.approval) == (arn, 1, Approval.APPROVED)
    assert found.metadata == {"commit": "c0ffee"}
    assert found.description == "The best so far."
    assert found.approved_by == f"arn:aws:iam::{TOOLS}:user/administrator"


def test_an_approval_from_outside_is_read_with_who_gave_it(
    cloud: EmbeddedCloud, registry: SageMakerRegistry, group: str, image: str
) -> None:
    arn = registry.create(version(group, image))
    before = registry.describe(arn)
    assert before is not None
    assert (before.approval, before.approved_by) == (Approval.PENDING, "")
    cloud.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="Too slow."
    )
    after = registry.describe(arn)
    assert after is not None
    assert (after.approval, after.approval_description) == (Approval.REJECTED, "Too slow.")
    assert after.approved_by == f"arn:aws:iam::{TOOLS}:user/administrator"


def test_a_version_that_is_not_there_is_none(registry: SageMakerRegistry, group: str) -> None:
    assert registry.describe(f"arn:aws:sagemaker:us-east-1:{TOOLS}:model-package/{group}/7") is None


def test_versions_come_newest_first(registry: SageMakerRegistry, group: str, image: str) -> None:
    arns = [registry.create(version(group, image, ModelPackageDescription=f"{number}")) for number in range(3)]
    assert [found.arn for found in registry.versions(group)] == arns[::-1]
    assert [found.description for found in registry.versions(group)] == ["2", "1", "0"]


def test_a_client_token_makes_a_repetition_the_same_version(
    registry: SageMakerRegistry, group: str, image: str
) -> None:
    request = version(group, image, ClientToken="a" * 36)
    assert registry.create(request) == registry.create(request)
    assert len(list(registry.versions(group))) == 1


def test_a_group_is_made_once(registry: SageMakerRegistry, group: str) -> None:
    assert registry.group_exists(group)
    registry.create_group(group, "again")
    assert not registry.group_exists(f"{group}-absent")


def test_a_refusal_names_operation_group_account_and_region(registry: SageMakerRegistry, image: str) -> None:
    with pytest.raises(
        CloudFailedError,
        match=rf"sagemaker:CreateModelPackage on model package group absent in account {TOOLS}, us-east-1: Validation",
    ):
        registry.create(version("absent", image))


def test_another_account_s_version_is_denied(
    cloud: EmbeddedCloud, registry: SageMakerRegistry, group: str, image: str
) -> None:
    arn = registry.create(version(group, image))
    with pytest.raises(AccessDeniedError, match=rf"sagemaker:DescribeModelPackage on {arn} in account 222222222222"):
        SageMakerRegistry(clients(cloud, "qa"), "222222222222").describe(arn)
