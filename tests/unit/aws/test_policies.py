"""What is told of permissions: the simulator's decisions, policies of resources, keys, and who may not ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.aws.policies import AwsPolicies
from agent.aws.quotas import AwsQuotas
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import InputMissingError, ModelyardError
from agent.ports.policies import Simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = "111111111111"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": TOOLS}, "Action": "sts:AssumeRole"}]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def clients(cloud: EmbeddedCloud) -> Clients:
    keys = cloud.running.administrator("tools")
    credentials = Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key)
    return Clients(credentials=credentials, region=cloud.running.region, endpoint_url=cloud.endpoint)


@pytest.fixture
def policies(clients: Clients) -> AwsPolicies:
    return AwsPolicies(clients, TOOLS)


def role(cloud: EmbeddedCloud, name: str, *statements: Any) -> str:
    iam = cloud.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="it", PolicyDocument=json.dumps({"Statement": list(statements)}))
    return str(made["Role"]["Arn"])


def test_every_action_is_decided_on_every_resource(cloud: EmbeddedCloud, policies: AwsPolicies) -> None:
    one, other = "arn:aws:s3:::a/x", "arn:aws:s3:::b/x"
    reader = role(
        cloud,
        "reader",
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": one},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": one},
    )
    asked = Simulated(actions=["s3:GetObject", "s3:PutObject"], resources=[one, other])
    assert policies.decisions(reader, asked) == {
        ("s3:GetObject", one): "allowed",
        ("s3:GetObject", other): "implicitDeny",
        ("s3:PutObject", one): "explicitDeny",
        ("s3:PutObject", other): "implicitDeny",
    }


def test_what_a_request_says_is_part_of_the_question(cloud: EmbeddedCloud, policies: AwsPolicies) -> None:
    condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    grants = role(
        cloud, "grants", {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*", "Condition": condition}
    )
    for said, decision in (("true", "allowed"), ("false", "implicitDeny")):
        asked = Simulated(actions=["kms:CreateGrant"], resources=["*"], context={"kms:GrantIsForAWSResource": said})
        assert policies.decisions(grants, asked) == {("kms:CreateGrant", "*"): decision}


def test_a_resource_without_a_policy_has_none(cloud: EmbeddedCloud, policies: AwsPolicies) -> None:
    cloud.client("s3").create_bucket(Bucket="bare-bucket")
    cloud.client("ecr").create_repository(repositoryName="bare")
    assert policies.of_bucket("bare-bucket") is None
    assert policies.of_repository("bare") is None


def test_a_key_tells_whether_it_can_be_used(cloud: EmbeddedCloud, policies: AwsPolicies) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/used", TargetKeyId=key)
    assert policies.key(f"arn:aws:kms:us-east-1:{TOOLS}:alias/used").arn == key
    assert policies.key(key).state == "Enabled"
    kms.disable_key(KeyId=key)
    assert policies.key(key).state == "Disabled"


def test_a_key_that_is_missing_is_said_to_be(policies: AwsPolicies) -> None:
    absent = f"arn:aws:kms:us-east-1:{TOOLS}:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(InputMissingError, match=f"kms:DescribeKey on {absent} in account {TOOLS}, us-east-1"):
        policies.key(absent)


def test_quotas_that_are_not_served_are_an_error_that_names_the_action(clients: Clients) -> None:
    with pytest.raises(ModelyardError, match=f"servicequotas:ListServiceQuotas on sagemaker in account {TOOLS}"):
        AwsQuotas(clients, TOOLS).of("sagemaker")


def test_a_resource_of_another_account_is_decided_by_the_principals_own_policies(
    cloud: EmbeddedCloud, policies: AwsPolicies
) -> None:
    image = "arn:aws:ecr:us-east-1:333333333333:repository/theirs"
    puller = role(cloud, "puller", {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": image})
    asked = Simulated(actions=["ecr:BatchGetImage", "ecr:PutImage"], resources=[image])
    assert policies.decisions(puller, asked) == {
        ("ecr:BatchGetImage", image): "allowed",
        ("ecr:PutImage", image): "implicitDeny",
    }
