"""Whether a role session may read an object, by everything that IAM lets speak in the matter.

Each row is one situation with AWS's documented answer and the page of the IAM user guide that gives it (or of the S3
user guide, where the row says so). The object is ``secret/plan.txt`` in a bucket of the tools account; the reader is a
session ``case`` of a role with the tag ``team=ml``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.identity.stage import ALLOWED, Statement, allow, answer, deny, policy

if TYPE_CHECKING:
    from tests.contract.identity.stage import Stage

OBJECT = "arn:aws:s3:::{bucket}/secret/plan.txt"
LOGIC = "Policy evaluation logic"
CONDITIONS = "IAM JSON policy elements: Condition operators"
KEYS = "AWS global condition context keys"
RESOURCE_AND_IDENTITY = "Evaluating identity-based policies with resource-based policies"
VARIABLES = "IAM policy elements: Variables and tags"
CROSS = "Cross-account policy evaluation logic"


def when(operator: str, key: str, value: Any, action: str = "s3:GetObject") -> Statement:
    """An identity statement with one condition."""
    return allow(action, Condition={operator: {key: value}})


def bucket_says(principal: Any, effect: str = "Allow", **members: Any) -> Statement:
    """A statement of the bucket's policy."""
    return {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": OBJECT, **members}


ROLE = {"AWS": "{role}"}
SESSION = {"AWS": "{session}"}
ROOT = {"AWS": "arn:aws:iam::{account}:root"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One situation; ``{bucket}``, ``{role}``, ``{session}`` and ``{account}`` (the reader's) are filled in."""

    name: str
    page: str
    expected: str
    identity: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] | None = None
    session_policy: tuple[Statement, ...] | None = None
    bucket_policy: tuple[Statement, ...] = ()
    account: str = "tools"
    session_tags: tuple[tuple[str, str], ...] = ()


DENIED = "AccessDenied"
READ = allow("s3:GetObject", OBJECT)

ROWS = (
    Row(name="nothing allows", page=LOGIC, expected=DENIED),
    Row(name="an identity policy allows", page=LOGIC, expected=ALLOWED, identity=(READ,)),
    Row(
        name="an explicit deny wins over an allow",
        page=LOGIC,
        expected=DENIED,
        identity=(READ, deny("s3:*", OBJECT)),
    ),
    Row(
        name="a deny of another action does not matter",
        page=LOGIC,
        expected=ALLOWED,
        identity=(READ, deny("s3:PutObject")),
    ),
    Row(
        name="an allow on another bucket does not help",
        page=LOGIC,
        expected=DENIED,
        identity=(allow("s3:GetObject", "arn:aws:s3:::{bucket}-other/*"),),
    ),
    Row(
        name="wildcards match within the action and the key",
        page="IAM JSON policy elements: Resource",
        expected=ALLOWED,
        identity=(allow("s3:Get*", "arn:aws:s3:::{bucket}/sec*/pl?n.txt"),),
    ),
    Row(
        name="the bucket's ARN does not mean its objects",
        page="S3: Policy resources",
        expected=DENIED,
        identity=(allow("s3:GetObject", "arn:aws:s3:::{bucket}"),),
    ),
    Row(
        name="actions are matched without case",
        page="IAM JSON policy elements: Action",
        expected=ALLOWED,
        identity=(allow("S3:getobject", OBJECT),),
    ),
    Row(
        name="resources are matched with case",
        page="IAM JSON policy elements: Resource",
        expected=DENIED,
        identity=(allow("s3:GetObject", "arn:aws:s3:::{bucket}/SECRET/*"),),
    ),
    Row(
        name="NotAction allows everything else",
        page="IAM JSON policy elements: NotAction",
        expected=ALLOWED,
        identity=({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},),
    ),
    Row(
        name="NotAction leaves out what it names",
        page="IAM JSON policy elements: NotAction",
        expected=DENIED,
        identity=({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"},),
    ),
    Row(
        name="NotResource allows everything else",
        page="IAM JSON policy elements: NotResource",
        expected=ALLOWED,
        identity=({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::{bucket}/public/*"},),
    ),
    Row(
        name="a deny with NotResource hits what it does not name",
        page="IAM JSON policy elements: NotResource",
        expected=DENIED,
        identity=(READ, {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::{bucket}/public/*"}),
    ),
    Row(
        name="a permissions boundary that allows too",
        page="Permissions boundaries for IAM entities",
        expected=ALLOWED,
        identity=(READ,),
        boundary=(allow("s3:*"),),
    ),
    Row(
        name="a permissions boundary without the action",
        page="Permissions boundaries for IAM entities",
        expected=DENIED,
        identity=(READ,),
        boundary=(allow("ec2:*"),),
    ),
    Row(
        name="a permissions boundary grants nothing by itself",
        page="Permissions boundaries for IAM entities",
        expected=DENIED,
        boundary=(allow("s3:*"),),
    ),
    Row(
        name="a session policy that allows too",
        page="Session policies",
        expected=ALLOWED,
        identity=(READ,),
        session_policy=(allow("s3:GetObject"),),
    ),
    Row(
        name="a session policy without the action",
        page="Session policies",
        expected=DENIED,
        identity=(READ,),
        session_policy=(allow("s3:PutObject"),),
    ),
    Row(
        name="a session policy grants nothing by itself",
        page="Session policies",
        expected=DENIED,
        session_policy=(allow("s3:*"),),
    ),
    Row(
        name="in the same account the bucket's policy alone suffices",
        page=RESOURCE_AND_IDENTITY,
        expected=ALLOWED,
        bucket_policy=(bucket_says(ROLE),),
    ),
    Row(
        name="a bucket policy that names the account leaves it to identity policies",
        page="AWS JSON policy elements: Principal",
        expected=DENIED,
        bucket_policy=(bucket_says(ROOT),),
    ),
    Row(
        name="an explicit deny in the bucket's policy wins",
        page=LOGIC,
        expected=DENIED,
        identity=(READ,),
        bucket_policy=(bucket_says("*", "Deny"),),
    ),
    Row(
        name="a boundary limits what the bucket's policy gives to the role",
        page="Permissions boundaries for IAM entities",
        expected=DENIED,
        boundary=(allow("ec2:*"),),
        bucket_policy=(bucket_says(ROLE),),
    ),
    Row(
        name="a boundary does not limit what the bucket's policy gives to the very session",
        page="Permissions boundaries for IAM entities",
        expected=ALLOWED,
        boundary=(allow("ec2:*"),),
        bucket_policy=(bucket_says(SESSION),),
    ),
    Row(
        name="a session policy limits what the bucket's policy gives to the role",
        page="Session policies",
        expected=DENIED,
        session_policy=(allow("ec2:*"),),
        bucket_policy=(bucket_says(ROLE),),
    ),
    Row(
        name="a session policy does not limit what the bucket's policy gives to the very session",
        page="Session policies",
        expected=ALLOWED,
        session_policy=(allow("ec2:*"),),
        bucket_policy=(bucket_says(SESSION),),
    ),
    Row(
        name="a deny with NotPrincipal spares whom it names",
        page="AWS JSON policy elements: NotPrincipal",
        expected=ALLOWED,
        identity=(READ,),
        bucket_policy=(
            {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": ["{role}", "{session}", "arn:aws:iam::{account}:root"]},
                "Action": "s3:GetObject",
                "Resource": OBJECT,
            },
        ),
    ),
    Row(
        name="across accounts an identity policy alone does not suffice",
        page=CROSS,
        expected=DENIED,
        account="prod",
        identity=(READ,),
    ),
    Row(
        name="across accounts the bucket's policy alone does not suffice",
        page=CROSS,
        expected=DENIED,
        account="prod",
        bucket_policy=(bucket_says(ROLE),),
    ),
    Row(
        name="across accounts both policies together suffice",
        page=CROSS,
        expected=ALLOWED,
        account="prod",
        identity=(READ,),
        bucket_policy=(bucket_says(ROLE),),
    ),
    Row(
        name="across accounts a bucket policy may trust the whole account",
        page=CROSS,
        expected=ALLOWED,
        account="prod",
        identity=(READ,),
        bucket_policy=(bucket_says(ROOT),),
    ),
    Row(
        name="across accounts a bucket policy for another role does not help",
        page=CROSS,
        expected=DENIED,
        account="prod",
        identity=(READ,),
        bucket_policy=(bucket_says({"AWS": "arn:aws:iam::{account}:user/administrator"}),),
    ),
    Row(
        name="a bucket open to everyone on condition of the role's ARN",
        page=KEYS,
        expected=ALLOWED,
        account="prod",
        identity=(READ,),
        bucket_policy=(bucket_says("*", Condition={"ArnEquals": {"aws:PrincipalArn": "{role}"}}),),
    ),
    Row(
        name="aws:PrincipalArn is the role's ARN, not the session's",
        page=KEYS,
        expected=DENIED,
        identity=(when("ArnEquals", "aws:PrincipalArn", "{session}"),),
    ),
    Row(
        name="a deny of insecure transport does not hit TLS",
        page="S3: Restrict access to only HTTPS requests",
        expected=ALLOWED,
        identity=(READ,),
        bucket_policy=(bucket_says("*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}),),
    ),
    Row(
        name="an absent aws:PrincipalOrgID fails a condition on it",
        page=KEYS,
        expected=DENIED,
        account="prod",
        identity=(READ,),
        bucket_policy=(bucket_says("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),),
    ),
    Row(
        name="an absent key satisfies IfExists",
        page=CONDITIONS,
        expected=ALLOWED,
        identity=(when("StringEqualsIfExists", "aws:PrincipalOrgID", "o-exampleorgid"),),
    ),
    Row(
        name="an absent key satisfies a negated operator",
        page=CONDITIONS,
        expected=ALLOWED,
        identity=(when("StringNotEquals", "aws:PrincipalOrgID", "o-exampleorgid"),),
    ),
    Row(
        name="Null finds an absent key",
        page=CONDITIONS,
        expected=ALLOWED,
        identity=(when("Null", "aws:PrincipalOrgID", "true"),),
    ),
    Row(
        name="the role's own tags count",
        page="Controlling access to AWS resources using tags",
        expected=ALLOWED,
        identity=(when("StringEquals", "aws:PrincipalTag/team", "ml"),),
    ),
    Row(
        name="a session tag replaces the role's",
        page="Pass session tags in AWS STS",
        expected=DENIED,
        identity=(when("StringEquals", "aws:PrincipalTag/team", "ml"),),
        session_tags=(("team", "ops"),),
    ),
    Row(
        name="a policy variable takes the session tag",
        page=VARIABLES,
        expected=ALLOWED,
        identity=(allow("s3:GetObject", "arn:aws:s3:::{bucket}/${aws:PrincipalTag/area}/*"),),
        session_tags=(("area", "secret"),),
    ),
    Row(
        name="a policy variable without a value matches nothing",
        page=VARIABLES,
        expected=DENIED,
        identity=(allow("s3:GetObject", "arn:aws:s3:::{bucket}/${aws:PrincipalTag/area}*"),),
    ),
    Row(
        name="a policy variable with a default",
        page=VARIABLES,
        expected=ALLOWED,
        identity=(allow("s3:GetObject", "arn:aws:s3:::{bucket}/${aws:PrincipalTag/area, 'secret'}/*"),),
    ),
    Row(
        name="several conditions must all hold",
        page="IAM JSON policy elements: Condition",
        expected=DENIED,
        identity=(
            allow(
                "s3:GetObject",
                Condition={
                    "StringEquals": {"aws:PrincipalTag/team": "ml"},
                    "Bool": {"aws:SecureTransport": "false"},
                },
            ),
        ),
    ),
    Row(
        name="several values are alternatives",
        page="IAM JSON policy elements: Condition",
        expected=ALLOWED,
        identity=(when("StringEquals", "aws:PrincipalTag/team", ["ops", "ml"]),),
    ),
    Row(
        name="a negated operator excludes every value",
        page=CONDITIONS,
        expected=DENIED,
        identity=(when("StringNotEquals", "aws:PrincipalTag/team", ["ops", "ml"]),),
    ),
    Row(
        name="the owner of the bucket is the resource's account",
        page=KEYS,
        expected=DENIED,
        account="prod",
        identity=(READ, deny("s3:*", Condition={"StringNotEquals": {"aws:ResourceAccount": "{account}"}})),
        bucket_policy=(bucket_says(ROLE),),
    ),
    Row(
        name="a date in the future has not come",
        page=CONDITIONS,
        expected=DENIED,
        identity=(when("DateGreaterThan", "aws:CurrentTime", "2999-01-01T00:00:00Z"),),
    ),
    Row(
        name="the caller's region",
        page=KEYS,
        expected=ALLOWED,
        identity=(when("StringEquals", "aws:RequestedRegion", "us-east-1"),),
    ),
)


def _filled(statements: tuple[Statement, ...], **values: str) -> str:
    text = policy(*statements)
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_reading_an_object_is_answered_as_documented(stage: Stage, row: Row) -> None:
    bucket = stage.bucket()
    role = stage.arn("role", "reader", row.account)
    session = f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/case"
    values = {"bucket": bucket, "role": role, "session": session, "account": stage.account(row.account)}
    boundary: dict[str, Any] = {}
    if row.boundary is not None:
        boundary["PermissionsBoundary"] = stage.managed_policy("boundary", *row.boundary)
    stage.role("reader", account=row.account, Tags=[{"Key": "team", "Value": "ml"}], **boundary)
    if row.identity:
        stage.client("iam", row.account).put_role_policy(
            RoleName=stage.name("reader"), PolicyName="p", PolicyDocument=_filled(row.identity, **values)
        )
    stage.settle()
    if row.bucket_policy:
        stage.client("s3").put_bucket_policy(Bucket=bucket, Policy=_filled(row.bucket_policy, **values))
    members: dict[str, Any] = {}
    if row.session_policy is not None:
        members["Policy"] = json.dumps(json.loads(_filled(row.session_policy, **values)))
    if row.session_tags:
        members["Tags"] = [{"Key": key, "Value": value} for key, value in row.session_tags]
    reader = stage.of(stage.assume(role, account=row.account, **members), "s3")

    assert answer(lambda: reader.get_object(Bucket=bucket, Key="secret/plan.txt")) == row.expected


@pytest.mark.parametrize(
    ("boundary", "resource", "context", "decision"),
    [
        (None, "arn:aws:s3:::b/mine/x", "ml", "allowed"),
        (None, "arn:aws:s3:::b/yours/x", "ml", "implicitDeny"),
        (None, "arn:aws:s3:::b/mine/x", "ops", "explicitDeny"),
        ((allow("ec2:*"),), "arn:aws:s3:::b/mine/x", "ml", "implicitDeny"),
    ],
)
def test_the_simulator_decides_alike(
    stage: Stage, boundary: tuple[Statement, ...] | None, resource: str, context: str, decision: str
) -> None:
    """Page: IAM API reference, ``SimulatePrincipalPolicy``."""
    limits = {"PermissionsBoundary": stage.managed_policy("boundary", *boundary)} if boundary else {}
    statements = (
        allow("s3:GetObject", "arn:aws:s3:::b/mine/*"),
        deny("s3:*", Condition={"StringEquals": {"aws:RequestTag/team": "ops"}}),
    )
    role = stage.role("simulated", *statements, trusts=None, account="tools", **limits)
    entry = {"ContextKeyName": "aws:RequestTag/team", "ContextKeyValues": [context], "ContextKeyType": "string"}

    answer = stage.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["s3:GetObject"], ResourceArns=[resource], ContextEntries=[entry]
    )

    assert [result["EvalDecision"] for result in answer["EvaluationResults"]] == [decision]
