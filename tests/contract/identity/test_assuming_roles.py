"""Whether ``sts:AssumeRole`` is answered, by the role's trust policy and by what the caller may do.

Pages are of the IAM user guide unless the row says otherwise.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.identity.stage import ALLOWED, Statement, allow, answer, deny, policy, trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.contract.identity.stage import Principal, Stage

TRUST = "AWS JSON policy elements: Principal"
EXTERNAL = "Access to AWS accounts owned by third parties (external ID)"
TAGS = "Pass session tags in AWS STS"
SOURCE = "Monitor and control actions taken with assumed roles"
API = "STS API reference: AssumeRole"
MFA = "Secure API access with MFA"
DENIED = "AccessDenied"

USER = {"AWS": "arn:aws:iam::{callers}:user/{user}"}
ACCOUNT = {"AWS": "arn:aws:iam::{callers}:root"}
MAY = allow(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
EVERYTHING = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def _words(number: int) -> list[str]:
    """Words that no compression makes much shorter."""
    return [hashlib.sha256(bytes([each])).hexdigest()[:16] for each in range(number)]


def on(operator: str, key: str, value: Any) -> dict[str, Any]:
    """A condition of a trust policy."""
    return {"Condition": {operator: {key: value}}}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A user of the tools account asks for a session of a role of ``account``; ``members`` are of the request."""

    name: str
    page: str
    expected: str
    trusts: tuple[Statement, ...]
    identity: tuple[Statement, ...] = (MAY,)
    account: str = "prod"
    members: Mapping[str, Any] = field(default_factory=dict)
    role: Mapping[str, Any] = field(default_factory=dict)


ROWS = (
    Row(name="both accounts allow", page=TRUST, expected=ALLOWED, trusts=(trust(USER),)),
    Row(name="the trust names the account", page=TRUST, expected=ALLOWED, trusts=(trust(ACCOUNT),)),
    Row(
        name="the trust names the account by its number alone",
        page=TRUST,
        expected=ALLOWED,
        trusts=(trust({"AWS": "{callers}"}),),
    ),
    Row(
        name="the trust names another user",
        page=TRUST,
        expected=DENIED,
        trusts=(trust({"AWS": "arn:aws:iam::{callers}:user/administrator"}),),
    ),
    Row(
        name="the trust names a service only",
        page=TRUST,
        expected=DENIED,
        trusts=(trust({"Service": "sagemaker.amazonaws.com"}),),
    ),
    Row(
        name="across accounts the caller needs permission",
        page=TRUST,
        expected=DENIED,
        trusts=(trust(USER),),
        identity=(),
    ),
    Row(
        name="in its own account the trust of the very user suffices",
        page="Policy evaluation logic",
        expected=ALLOWED,
        trusts=(trust(USER),),
        identity=(),
        account="tools",
    ),
    Row(
        name="in its own account the trust of the account leaves it to identity policies",
        page=TRUST,
        expected=DENIED,
        trusts=(trust(ACCOUNT),),
        identity=(),
        account="tools",
    ),
    Row(
        name="the caller may assume another role only",
        page="IAM tutorial: Delegate access across AWS accounts using IAM roles",
        expected=DENIED,
        trusts=(trust(USER),),
        identity=(allow("sts:AssumeRole", "arn:aws:iam::*:role/another"),),
    ),
    Row(
        name="an explicit deny in the trust wins",
        page="Policy evaluation logic",
        expected=DENIED,
        trusts=(trust(USER), {**trust(USER), "Effect": "Deny"}),
    ),
    Row(
        name="an explicit deny of the caller wins",
        page="Policy evaluation logic",
        expected=DENIED,
        trusts=(trust(USER),),
        identity=(MAY, deny("sts:AssumeRole", "arn:aws:iam::*:role/*")),
    ),
    Row(
        name="the external id is right",
        page=EXTERNAL,
        expected=ALLOWED,
        trusts=(trust(USER, **on("StringEquals", "sts:ExternalId", "blue-moon")),),
        members={"ExternalId": "blue-moon"},
    ),
    Row(
        name="the external id is wrong",
        page=EXTERNAL,
        expected=DENIED,
        trusts=(trust(USER, **on("StringEquals", "sts:ExternalId", "blue-moon")),),
        members={"ExternalId": "red-moon"},
    ),
    Row(
        name="the external id is missing",
        page=EXTERNAL,
        expected=DENIED,
        trusts=(trust(USER, **on("StringEquals", "sts:ExternalId", "blue-moon")),),
    ),
    Row(
        name="the session has a prescribed name",
        page="IAM and AWS STS condition context keys",
        expected=DENIED,
        trusts=(trust(USER, **on("StringLike", "sts:RoleSessionName", "build-*")),),
        members={"RoleSessionName": "laptop"},
    ),
    Row(
        name="the trust asks for a caller's ARN by condition",
        page="AWS global condition context keys",
        expected=ALLOWED,
        trusts=(trust(ACCOUNT, **on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::{callers}:user/{user}")),),
    ),
    Row(
        name="session tags that both sides allow",
        page=TAGS,
        expected=ALLOWED,
        trusts=(trust(USER, EVERYTHING),),
        members={"Tags": [{"Key": "project", "Value": "iris"}]},
    ),
    Row(
        name="session tags that the trust does not allow",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER),),
        members={"Tags": [{"Key": "project", "Value": "iris"}]},
    ),
    Row(
        name="session tags that the caller may not set",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING),),
        identity=(allow("sts:AssumeRole"),),
        members={"Tags": [{"Key": "project", "Value": "iris"}]},
    ),
    Row(
        name="a session tag with a value that the trust does not take",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING, **on("StringEquals", "aws:RequestTag/project", "iris")),),
        members={"Tags": [{"Key": "project", "Value": "wine"}]},
    ),
    Row(
        name="session tags that differ in case only",
        page=TAGS,
        expected="InvalidParameterValue",
        trusts=(trust(USER, EVERYTHING),),
        members={"Tags": [{"Key": "project", "Value": "iris"}, {"Key": "Project", "Value": "wine"}]},
    ),
    Row(
        name="a source identity that both sides allow",
        page=SOURCE,
        expected=ALLOWED,
        trusts=(trust(USER, EVERYTHING),),
        members={"SourceIdentity": "alice"},
    ),
    Row(
        name="a source identity that the trust does not allow",
        page=SOURCE,
        expected=DENIED,
        trusts=(trust(USER),),
        members={"SourceIdentity": "alice"},
    ),
    Row(
        name="a source identity that the trust does not take",
        page=SOURCE,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING, **on("StringLike", "sts:SourceIdentity", "a*")),),
        members={"SourceIdentity": "bob"},
    ),
    Row(
        name="a session longer than the role allows",
        page=API,
        expected="ValidationError",
        trusts=(trust(USER),),
        members={"DurationSeconds": 7200},
    ),
    Row(
        name="a session as long as the role allows",
        page=API,
        expected=ALLOWED,
        trusts=(trust(USER),),
        members={"DurationSeconds": 7200},
        role={"MaxSessionDuration": 7200},
    ),
    Row(
        name="a session tag whose key the trust does not take",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING, **on("ForAllValues:StringLike", "aws:TagKeys", "our:*")),),
        members={"Tags": [{"Key": "our:project", "Value": "iris"}, {"Key": "their:project", "Value": "iris"}]},
    ),
    Row(
        name="session tags whose keys the trust takes",
        page=TAGS,
        expected=ALLOWED,
        trusts=(trust(USER, EVERYTHING, **on("ForAllValues:StringLike", "aws:TagKeys", "our:*")),),
        members={"Tags": [{"Key": "our:project", "Value": "iris"}]},
    ),
    Row(
        name="no session tag where the trust asks for one",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING, **on("StringEquals", "aws:RequestTag/project", "iris")),),
    ),
    Row(
        name="a session tag with a value that the caller may not give",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING),),
        identity=(allow(EVERYTHING, **on("StringEquals", "aws:RequestTag/project", "iris")),),
        members={"Tags": [{"Key": "project", "Value": "wine"}]},
    ),
    Row(
        name="a transitive tag that the trust does not let last",
        page=TAGS,
        expected=DENIED,
        trusts=(trust(USER, EVERYTHING, **on("ForAllValues:StringEquals", "sts:TransitiveTagKeys", "project")),),
        members={"Tags": [{"Key": "run", "Value": "1"}], "TransitiveTagKeys": ["run"]},
    ),
    Row(
        name="more tags than a session has",
        page=API,
        expected="ValidationError",
        trusts=(trust(USER, EVERYTHING),),
        members={"Tags": [{"Key": f"k{number}", "Value": "v"} for number in range(51)]},
    ),
    Row(
        name="a session policy that is too long",
        page=API,
        expected="ValidationError",
        trusts=(trust(USER),),
        members={"Policy": policy(allow("s3:GetObject", f"arn:aws:s3:::{'x' * 2048}"))},
    ),
    Row(
        name="a session policy and tags that are too large together",
        page=API,
        expected="PackedPolicyTooLarge",
        trusts=(trust(USER, EVERYTHING),),
        members={
            "Policy": policy(allow("s3:GetObject", [f"arn:aws:s3:::{word}" for word in _words(55)])),
            "Tags": [{"Key": f"key-{word}", "Value": word * 8} for word in _words(40)],
        },
    ),
    Row(
        name="MFA is asked for, and a long-term key has none",
        page=MFA,
        expected=DENIED,
        trusts=(trust(USER, **on("Bool", "aws:MultiFactorAuthPresent", "true")),),
    ),
    Row(
        name="a code of a device that nobody has",
        page=MFA,
        expected=DENIED,
        trusts=(trust(USER),),
        members={"SerialNumber": "arn:aws:iam::111111111111:mfa/nobody", "TokenCode": "123456"},
    ),
    Row(
        name="a session policy that is no policy",
        page=API,
        expected="MalformedPolicyDocument",
        trusts=(trust(USER),),
        members={"Policy": "{}"},
    ),
)


def _asks(stage: Stage, user: Principal, role: str, **members: Any) -> Callable[[], Any]:
    return lambda: stage.of(user, "sts").assume_role(RoleArn=role, **{"RoleSessionName": "case", **members})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_asking_for_a_role_is_answered_as_documented(stage: Stage, row: Row) -> None:
    user = stage.user("caller", *row.identity)
    stage.settle()
    text = json.dumps(row.trusts).replace("{callers}", stage.account()).replace("{user}", stage.name("caller"))
    role = stage.role("target", account=row.account, trusts=json.loads(text), **dict(row.role))
    stage.settle()

    assert answer(_asks(stage, user, role, **row.members)) == row.expected


def test_a_role_that_does_not_exist_denies_like_one_that_does_not_trust(stage: Stage) -> None:
    user = stage.user("caller", MAY)
    stage.settle()
    assert answer(_asks(stage, user, stage.arn("role", "nobody", "prod"))) == DENIED


def test_a_chained_session_lasts_an_hour_at_most(stage: Stage) -> None:
    """Page: "Methods to assume a role", role chaining."""
    first = stage.role("first", MAY, MaxSessionDuration=43200)
    second = stage.role("second", MaxSessionDuration=43200)
    stage.settle()
    chained = stage.assume(first)

    assert answer(_asks(stage, chained, second, DurationSeconds=3600)) == ALLOWED
    assert answer(_asks(stage, chained, second, DurationSeconds=3601)) == "ValidationError"


def test_a_transitive_tag_goes_along_a_chain_and_others_do_not(stage: Stage) -> None:
    """Page: "Pass session tags in AWS STS", chaining roles with session tags."""
    first = stage.role("first", MAY)
    second = stage.role("second", allow("s3:ListAllMyBuckets", Condition={"StringEquals": {"aws:PrincipalTag/a": "1"}}))
    stage.settle()
    tags = [{"Key": "a", "Value": "1"}]
    lasting = stage.assume(second, by=stage.assume(first, Tags=tags, TransitiveTagKeys=["a"]))
    passing = stage.assume(second, by=stage.assume(first, Tags=tags))

    assert answer(stage.of(lasting, "s3").list_buckets) == ALLOWED
    assert answer(stage.of(passing, "s3").list_buckets) == DENIED


def test_a_transitive_tag_cannot_be_replaced_along_a_chain(stage: Stage) -> None:
    """Page: "Pass session tags in AWS STS", chaining roles with session tags."""
    first, second = stage.role("first", MAY), stage.role("second")
    stage.settle()
    chained = stage.assume(first, Tags=[{"Key": "a", "Value": "1"}], TransitiveTagKeys=["a"])

    again = _asks(stage, chained, second, Tags=[{"Key": "a", "Value": "2"}])
    assert answer(again) == "InvalidParameterValue"


def test_a_source_identity_stays_along_a_chain(stage: Stage) -> None:
    """Page: "Monitor and control actions taken with assumed roles"."""
    first = stage.role("first", MAY)
    second = stage.role(
        "second", allow("s3:ListAllMyBuckets", Condition={"StringEquals": {"aws:SourceIdentity": "alice"}})
    )
    stage.settle()
    alice = stage.assume(first, SourceIdentity="alice")

    assert answer(stage.of(stage.assume(second, by=alice), "s3").list_buckets) == ALLOWED
    assert answer(_asks(stage, alice, second, SourceIdentity="bob")) == DENIED
    assert answer(stage.of(stage.assume(second), "s3").list_buckets) == DENIED


@pytest.mark.parametrize(("seconds", "expected"), [(60, DENIED), (-60, ALLOWED)], ids=["before", "since"])
def test_sessions_that_were_issued_before_a_moment_are_revoked(stage: Stage, seconds: float, expected: str) -> None:
    """Page: "Revoke IAM role temporary security credentials": what the console attaches as AWSRevokeOlderSessions."""
    asked = stage.role("asked", allow("s3:ListAllMyBuckets"))
    stage.settle()
    session = stage.client("sts").assume_role(RoleArn=asked, RoleSessionName="clock", DurationSeconds=900)
    now = session["Credentials"]["Expiration"] - timedelta(seconds=900)  # its clock, which may be another than ours
    older = {"DateLessThan": {"aws:TokenIssueTime": (now + timedelta(seconds=seconds)).isoformat()}}
    role = stage.role("target", allow("s3:ListAllMyBuckets"), deny("*", Condition=older))
    stage.settle()

    assert answer(stage.of(stage.assume(role), "s3").list_buckets) == expected


def test_a_deny_in_a_session_policy_by_arn_counts(stage: Stage) -> None:
    """Page: "Session policies"."""
    role = stage.role("target", allow("s3:*"))
    narrow = stage.managed_policy("narrow", allow("s3:*"), deny("s3:ListAllMyBuckets"))
    stage.settle()
    session = stage.assume(role, PolicyArns=[{"arn": narrow}])

    assert answer(stage.of(session, "s3").list_buckets) == DENIED


def test_a_session_is_told_from_a_long_term_key_by_its_want_of_mfa(stage: Stage) -> None:
    """Page: "AWS global condition context keys", aws:MultiFactorAuthPresent."""
    without = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    statements = (MAY, allow("s3:ListAllMyBuckets"), deny("s3:ListAllMyBuckets", Condition=without))
    user, role = stage.user("long-term", *statements), stage.role("session", *statements)
    stage.settle()

    assert answer(stage.of(user, "s3").list_buckets) == ALLOWED
    assert answer(stage.of(stage.assume(role), "s3").list_buckets) == DENIED
