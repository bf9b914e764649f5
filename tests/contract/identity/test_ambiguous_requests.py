"""Requests that say one thing to the check and another to the service get nowhere.

No page documents these; they are what a caller with few permissions would try. AWS refuses each in its own way, so they
are asked of the embedded cloud only.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.contract.identity.stage import ALLOWED, Principal, allow, answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contract.identity.stage import Stage

pytestmark = pytest.mark.embedded_only("probes the embedded cloud's own check")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _send(  # noqa: PLR0917 - a request
    stage: Stage, who: Principal, service: str, method: str, target: str, headers: Mapping[str, str], body: str = ""
) -> int:
    """The status of a request signed by ``who``."""
    request = AWSRequest(method, f"{stage.endpoint}{target}", data=body.encode(), headers=dict(headers))
    credentials = Credentials(who.key, who.secret, who.token)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, stage.region).add_auth(request)
    prepared = request.prepare()
    sent = urllib.request.Request(
        prepared.url, data=body.encode() or None, headers=dict(prepared.headers), method=method
    )
    try:
        with urllib.request.urlopen(sent) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_action_in_the_address_does_not_hide_the_one_in_the_body(stage: Stage) -> None:
    stage.client("iam").create_user(UserName=stage.name("victim"))
    reader = stage.user("reader", allow("iam:GetUser"))
    body = f"Action=DeleteUser&UserName={stage.name('victim')}&Version=2010-05-08"

    assert _send(stage, reader, "iam", "POST", "/?Action=GetUser", FORM, body) == 403
    assert answer(lambda: stage.client("iam").get_user(UserName=stage.name("victim"))) == ALLOWED


def test_a_resource_in_the_address_does_not_hide_the_one_in_the_body(stage: Stage) -> None:
    stage.client("iam").create_user(UserName=stage.name("victim"))
    own = stage.arn("user", "remover")
    remover = stage.user("remover", allow("iam:DeleteUser", own))
    body = f"Action=DeleteUser&UserName={stage.name('victim')}&Version=2010-05-08"

    assert _send(stage, remover, "iam", "POST", f"/?UserName={stage.name('remover')}", FORM, body) == 403
    assert answer(lambda: stage.client("iam").get_user(UserName=stage.name("victim"))) == ALLOWED


@pytest.mark.parametrize("target", ["?Action=GetObject", "?x-id=GetObject&Action=GetObject"])
def test_a_reader_of_objects_does_not_write_them_by_naming_another_action(stage: Stage, target: str) -> None:
    bucket = stage.bucket()
    reader = stage.user("reader", allow("s3:GetObject"))

    assert _send(stage, reader, "s3", "PUT", f"/{bucket}/secret/plan.txt{target}", {}, "forged") == 403


def test_a_target_header_means_nothing_to_s3(stage: Stage) -> None:
    bucket = stage.bucket()
    reader = stage.user("reader", allow("s3:GetObject"))
    headers = {"X-Amz-Target": "Anything.GetObject"}

    assert _send(stage, reader, "s3", "PUT", f"/{bucket}/secret/plan.txt", headers, "forged") in {400, 403}
    body = stage.client("s3").get_object(Bucket=bucket, Key="secret/plan.txt")["Body"].read()
    assert body == b"plan"


def test_a_reader_of_bucket_policies_does_not_read_objects(stage: Stage) -> None:
    bucket = stage.bucket()
    reader = stage.user("reader", allow("s3:GetBucketPolicy"))

    assert _send(stage, reader, "s3", "GET", f"/{bucket}/secret/plan.txt?policy", {}) == 403


def test_two_sub_resources_contradict_each_other(stage: Stage) -> None:
    bucket = stage.bucket()
    tagger = stage.user("tagger", allow("s3:PutBucketTagging"))
    policy = '{"Version": "2012-10-17", "Statement": []}'

    assert _send(stage, tagger, "s3", "PUT", f"/{bucket}?tagging&policy", {}, policy) == 403


def test_an_action_in_the_address_does_not_hide_the_target(stage: Stage) -> None:
    key = stage.key()
    reader = stage.user("reader", allow("kms:DescribeKey"))
    headers = {"X-Amz-Target": "TrentService.DisableKey", "Content-Type": "application/x-amz-json-1.1"}
    body = f'{{"KeyId": "{key}"}}'

    assert _send(stage, reader, "kms", "POST", "/?Action=DescribeKey", headers, body) in {400, 403}
    assert stage.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"]


def test_metrics_need_permission_in_every_protocol(stage: Stage) -> None:
    nobody = stage.of(stage.user("nobody"), "cloudwatch")
    some = stage.of(stage.user("some", allow("cloudwatch:PutMetricData")), "cloudwatch")
    data = [{"MetricName": "m", "Value": 1}]

    assert answer(lambda: nobody.put_metric_data(Namespace="N", MetricData=data)) in {
        "AccessDenied",
        "AccessDeniedException",
    }
    assert answer(lambda: some.put_metric_data(Namespace="N", MetricData=data)) == ALLOWED
