"""What an identity may reach: the answers that a preflight collects, and the refusals that it explains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.aws.access import AwsAccess
from agent.aws.entering import Origin, Way
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, InputMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS, PROD = "111111111111", "333333333333"
EXTERNAL_ID = "tumour-7f3a9c"


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def clients(cloud: EmbeddedCloud) -> Clients:
    administrator = cloud.running.administrator("tools")
    return Clients(
        credentials=Credentials(
            access_key_id=administrator.access_key_id, secret_access_key=administrator.secret_access_key
        ),
        region=cloud.running.region,
        endpoint_url=cloud.endpoint,
    )


@pytest.fixture(scope="module")
def deploy_role(cloud: EmbeddedCloud) -> str:
    """A role of the production account that this identity may assume with the external id, and that may nothing."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{TOOLS}:user/administrator"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
            }
        ],
    }
    role = cloud.client("iam", "prod").create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))
    return str(role["Role"]["Arn"])


@pytest.fixture
def access(clients: Clients) -> AwsAccess:
    return AwsAccess(clients, TOOLS)


def entered(clients: Clients, role: str, external_id: str | None) -> AwsAccess:
    way = Way(role=role, external_id=external_id)
    return AwsAccess(clients.assume(way, started=Origin(session_name="build-7"), region=clients.region), PROD)


def test_an_identity_knows_its_name(access: AwsAccess) -> None:
    assert access.whoami() == f"arn:aws:iam::{TOOLS}:user/administrator"


def test_a_role_is_really_assumed(clients: Clients, deploy_role: str) -> None:
    assert entered(clients, deploy_role, EXTERNAL_ID).whoami() == f"arn:aws:sts::{PROD}:assumed-role/deploy/build-7"


@pytest.mark.parametrize("external_id", [None, "guessed"])
def test_a_role_is_not_entered_without_its_external_id(
    clients: Clients, deploy_role: str, external_id: str | None
) -> None:
    with pytest.raises(AccessDeniedError, match=rf"account {PROD}, us-east-1.*sts:AssumeRole.*{deploy_role}"):
        entered(clients, deploy_role, external_id).whoami()


def test_an_identity_of_another_account_is_no_access_to_this_one(clients: Clients) -> None:
    with pytest.raises(AccessDeniedError, match=rf"administrator is of account {TOOLS}, not of {PROD}"):
        AwsAccess(clients, PROD).whoami()


def test_a_bucket_tells_its_region(cloud: EmbeddedCloud, access: AwsAccess) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tumour-here")
    s3.create_bucket(Bucket="tumour-there", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert access.bucket_region("tumour-here") == "us-east-1"
    assert access.bucket_region("tumour-there") == "eu-central-1"


def test_a_bucket_that_is_missing_is_to_be_bootstrapped(access: AwsAccess) -> None:
    with pytest.raises(InputMissingError, match="no bucket tumour-absent; create it with: modelyard bootstrap apply"):
        access.bucket_region("tumour-absent")


def test_a_bucket_of_others_is_denied(cloud: EmbeddedCloud, clients: Clients, deploy_role: str) -> None:
    cloud.client("s3").create_bucket(Bucket="tumour-closed")
    with pytest.raises(AccessDeniedError, match=rf"s3:ListBucket on tumour-closed in account {PROD}"):
        entered(clients, deploy_role, EXTERNAL_ID).bucket_region("tumour-closed")


def test_a_repository_tells_its_address(cloud: EmbeddedCloud, access: AwsAccess) -> None:
    cloud.client("ecr").create_repository(repositoryName="tumour")
    assert access.repository_uri("tumour") == f"{TOOLS}.dkr.ecr.us-east-1.amazonaws.com/tumour"
    with pytest.raises(InputMissingError, match=rf"{TOOLS}, us-east-1 has no ECR repository absent"):
        access.repository_uri("absent")


def test_a_role_is_there_or_not_or_nobody_may_know(
    cloud: EmbeddedCloud, clients: Clients, access: AwsAccess, deploy_role: str
) -> None:
    arn = cloud.client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    assert access.role_exists(arn) is True
    assert access.role_exists(f"{arn}-absent") is False
    assert entered(clients, deploy_role, EXTERNAL_ID).role_exists(deploy_role) is None
