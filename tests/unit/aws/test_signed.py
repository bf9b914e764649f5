"""Questions that are asked again: signed as boto3 signs them, answered otherwise as soon as anything is otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from agent.aws.entering import Origin, Way
from agent.aws.questions import Asked, Entrance, Question
from agent.aws.sessions import Clients, Credentials
from agent.aws.signed import Keys, keys_of, same_answers, signed_headers
from agent.cloud.embedded import EmbeddedCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "questions"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}

AGAIN = Origin(session_name="again")


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as running:
        running.client("s3").create_bucket(Bucket=BUCKET)
        role = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        running.client("iam").create_role(
            RoleName="visitor", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [role]})
        )
        running.client("iam").put_role_policy(
            RoleName="visitor",
            PolicyName="look",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            ),
        )
        yield running


def keys(cloud: EmbeddedCloud) -> Keys:
    found = cloud.running.administrator("tools")
    return Keys(access_key_id=found.access_key_id, secret_access_key=found.secret_access_key)


def clients(cloud: EmbeddedCloud, asked: Asked) -> Clients:
    own = keys(cloud)
    credentials = Credentials(access_key_id=own.access_key_id, secret_access_key=own.secret_access_key)
    return Clients(credentials=credentials, region=cloud.running.region, endpoint_url=cloud.endpoint, asked=asked)


def visitor(cloud: EmbeddedCloud, asked: Asked) -> Clients:
    role = f"arn:aws:iam::{cloud.running.administrator('tools').account}:role/visitor"
    return clients(cloud, asked).assume(
        Way(role=role), started=Origin(session_name="first"), region=cloud.running.region
    )


def same(cloud: EmbeddedCloud, asked: Asked) -> bool:
    return same_answers(asked.questions, keys(cloud), entrance=asked.entrance, started=AGAIN)


def looking(url: str, *headers: tuple[str, str]) -> Question:
    return Question(service="s3", region="eu-west-1", method="GET", url=url, headers=headers)


def put(cloud: EmbeddedCloud, key: str, body: bytes) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


@pytest.mark.parametrize("token", ["", "a+token/="])
@pytest.mark.parametrize(
    "question",
    [
        looking("https://b.s3.eu-west-1.amazonaws.com/a%20b/c%2Bd.csv"),
        looking("https://b.s3.eu-west-1.amazonaws.com/?list-type=2&prefix=a%2Fb&encoding-type=url"),
        looking("http://127.0.0.1:4566/b/%C3%BC", ("x-amz-checksum-mode", "ENABLED")),
        Question(
            service="sagemaker",
            region="eu-west-1",
            method="POST",
            url="https://api.sagemaker.eu-west-1.amazonaws.com/",
            headers=(("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "SageMaker.DescribeEndpoint")),
            body='{"EndpointName": "e"}',
        ),
    ],
)
def test_signatures_are_those_of_botocore(question: Question, token: str) -> None:
    own = Keys(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI", session_token=token)
    request = AWSRequest(
        method=question.method, url=question.url, data=question.body.encode(), headers=dict(question.headers)
    )
    signer = (S3SigV4Auth if question.service == "s3" else SigV4Auth)(
        BotoCredentials(own.access_key_id, own.secret_access_key, token or None), question.service, question.region
    )
    request.context["payload_signing_enabled"] = True  # over HTTPS, botocore else leaves the body out
    signer.add_auth(request)
    now = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert signed_headers(question, own, now)["authorization"] == request.headers["Authorization"]


@pytest.mark.parametrize("key", ["plain.json", "a b/c+d=e.csv", "ümläut/%41.txt"])
def test_the_same_object_is_the_same_answer_and_another_content_is_not(cloud: EmbeddedCloud, key: str) -> None:
    put(cloud, key, b"one")
    asked = Asked()
    visitor(cloud, asked).client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert asked.complete
    assert same(cloud, asked)
    put(cloud, key, b"two")
    assert not same(cloud, asked)


def test_a_lost_object_is_noticed(cloud: EmbeddedCloud) -> None:
    put(cloud, "lost.json", b"one")
    asked = Asked()
    clients(cloud, asked).client("s3").get_object(Bucket=BUCKET, Key="lost.json")
    cloud.client("s3").delete_object(Bucket=BUCKET, Key="lost.json")
    assert not same(cloud, asked)


def test_an_absent_object_that_appears_is_noticed(cloud: EmbeddedCloud) -> None:
    asked = Asked()
    s3 = clients(cloud, asked).client("s3")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key="later.json")
    assert same(cloud, asked)
    put(cloud, "later.json", b"there")
    assert not same(cloud, asked)


def test_a_further_object_below_a_listed_prefix_is_noticed(cloud: EmbeddedCloud) -> None:
    put(cloud, "source data/1.csv", b"1")
    asked = Asked()
    clients(cloud, asked).client("s3").list_objects_v2(Bucket=BUCKET, Prefix="source data/")
    assert same(cloud, asked)
    put(cloud, "source data/2.csv", b"2")
    assert not same(cloud, asked)


def test_what_sagemaker_says_is_compared(cloud: EmbeddedCloud) -> None:
    asked = Asked()
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="first")
    visitor(cloud, asked).client("sagemaker").list_model_package_groups()
    assert same(cloud, asked)
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="second")
    assert not same(cloud, asked)


def test_the_public_key_of_an_alias_is_compared(cloud: EmbeddedCloud) -> None:
    kms, asked = cloud.client("kms"), Asked()
    first, second = (
        kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"] for _ in range(2)
    )
    kms.create_alias(AliasName="alias/signs", TargetKeyId=first)
    visitor(cloud, asked).client("kms").get_public_key(KeyId="alias/signs")
    assert asked.complete
    assert same(cloud, asked)
    kms.update_alias(AliasName="alias/signs", TargetKeyId=second)
    assert not same(cloud, asked)


def test_a_role_that_lets_nobody_in_any_more_is_no_answer(cloud: EmbeddedCloud) -> None:
    put(cloud, "seen.json", b"one")
    asked = Asked()
    visitor(cloud, asked).client("s3").get_object(Bucket=BUCKET, Key="seen.json")
    nobody = Keys(access_key_id="AKIANOBODY", secret_access_key="secret")
    assert not same_answers(asked.questions, nobody, entrance=asked.entrance, started=AGAIN)


def test_whoever_wrote_or_was_refused_did_not_only_ask(cloud: EmbeddedCloud) -> None:
    wrote, refused = Asked(), Asked()
    clients(cloud, wrote).client("s3").put_object(Bucket=BUCKET, Key="written", Body=b"")
    sagemaker = clients(cloud, refused).client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ClientError):
        sagemaker.describe_endpoint(EndpointName="absent")
    assert (wrote.complete, refused.complete) == (False, False)


def test_nobody_who_answers_is_no_answer() -> None:
    question = Question(service="s3", region="eu-west-1", method="GET", url="http://127.0.0.1:1/b/k", answer="x")
    entrance = Entrance(url="http://127.0.0.1:1/", region="eu-west-1")
    own = Keys(access_key_id="AKIA", secret_access_key="secret")
    assert not same_answers([question], own, entrance=entrance, started=AGAIN)


@pytest.mark.parametrize(
    "otherwise",
    [{"AWS_PROFILE": "dev"}, {"AWS_CA_BUNDLE": "/ca.pem"}, {"HTTPS_PROXY": "http://proxy"}, {"AWS_ACCESS_KEY_ID": ""}],
)
def test_what_only_boto3_knows_is_left_to_it(otherwise: dict[str, str]) -> None:
    assert keys_of(KEYS) is not None
    assert keys_of({**KEYS, **otherwise}) is None


def test_neither_proxy_nor_authorities_matter_on_the_way_to_an_endpoint_of_our_own() -> None:
    near = {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "HTTPS_PROXY": "http://proxy"}
    assert keys_of(near) is not None


def test_keys_are_never_printed() -> None:
    assert "secret" not in repr(keys_of({**KEYS, "AWS_SESSION_TOKEN": "secret too"}))
