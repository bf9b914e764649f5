"""Whether an image may be pulled and pushed across accounts, through the API and through the registry itself.

Pages are of the ECR user guide.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.contract.identity.stage import ALLOWED, Principal, Statement, allow, answer

if TYPE_CHECKING:
    from tests.contract.identity.stage import Stage

POLICIES = "Private repository policies"
PULL = allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"])
DENIED = "AccessDeniedException"
EMPTY = "sha256:" + "0" * 64


@dataclass(frozen=True, kw_only=True)
class Row:
    """A session of a role of ``account`` asks for an image of a repository of the tools account."""

    name: str
    page: str
    expected: str
    identity: tuple[Statement, ...] = ()
    repository_allows: tuple[str, ...] = ()
    account: str = "prod"


ROWS = (
    Row(name="nothing allows", page=POLICIES, expected=DENIED),
    Row(name="its own account's identity policy", page=POLICIES, expected=ALLOWED, identity=(PULL,), account="tools"),
    Row(
        name="its own account's repository policy",
        page=POLICIES,
        expected=ALLOWED,
        repository_allows=("ecr:BatchGetImage",),
        account="tools",
    ),
    Row(name="across accounts an identity policy alone", page=POLICIES, expected=DENIED, identity=(PULL,)),
    Row(
        name="across accounts a repository policy alone",
        page=POLICIES,
        expected=DENIED,
        repository_allows=("ecr:BatchGetImage",),
    ),
    Row(
        name="across accounts both together",
        page=POLICIES,
        expected=ALLOWED,
        identity=(PULL,),
        repository_allows=("ecr:BatchGetImage",),
    ),
    Row(
        name="a repository policy for another action",
        page=POLICIES,
        expected=DENIED,
        identity=(PULL,),
        repository_allows=("ecr:DescribeImages",),
    ),
)


def _stage(stage: Stage, row: Row) -> Principal:
    ecr = stage.client("ecr")
    ecr.create_repository(repositoryName=stage.name("iris"))
    role = stage.role("puller", *row.identity, account=row.account)
    stage.settle()
    if row.repository_allows:
        statement = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": list(row.repository_allows)}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        ecr.set_repository_policy(repositoryName=stage.name("iris"), policyText=document)
    return stage.assume(role, account=row.account)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_asking_for_an_image_is_answered_as_documented(stage: Stage, row: Row) -> None:
    ecr = stage.of(_stage(stage, row), "ecr")

    act = answer(
        lambda: ecr.batch_get_image(
            registryId=stage.account(), repositoryName=stage.name("iris"), imageIds=[{"imageTag": "latest"}]
        )
    )
    assert act == row.expected


@pytest.mark.embedded_only("the registry's host name is not the endpoint's")
@pytest.mark.parametrize("row", [row for row in ROWS if row.identity], ids=lambda row: row.name)
def test_the_registry_itself_answers_the_same(stage: Stage, row: Row) -> None:
    ecr = stage.of(_stage(stage, row), "ecr")
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]

    # Whoever may pull is told that there is no such image.
    assert _pull(stage, token) == (404 if row.expected == ALLOWED else 403)


@pytest.mark.embedded_only("the registry's host name is not the endpoint's")
def test_the_registry_refuses_whoever_has_no_password(stage: Stage) -> None:
    """Page: "Private registry authentication"."""
    stage.client("ecr").create_repository(repositoryName=stage.name("iris"))

    assert _pull(stage, None) == 401
    assert _pull(stage, base64.b64encode(b"AWS:guess").decode()) == 403


def _pull(stage: Stage, token: str | None) -> int:
    request = urllib.request.Request(f"{stage.endpoint}/v2/{stage.name('iris')}/manifests/latest")
    request.add_unredirected_header("Host", f"{stage.account()}.dkr.ecr.{stage.region}.amazonaws.com")
    if token:
        request.add_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
