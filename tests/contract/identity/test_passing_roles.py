"""Whether a role may be handed to SageMaker: the caller must be allowed to pass it, and it must trust the service.

Page: IAM user guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.identity.stage import ALLOWED, Statement, allow, answer, deny, trust

if TYPE_CHECKING:
    from tests.contract.identity.stage import Stage

DENIED = "AccessDeniedException"
REFUSED = "ValidationException"
SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}
CREATE = allow("sagemaker:CreateModel")
CONFUSED = "The confused deputy problem"
PASSING = "Grant a user permissions to pass a role to an AWS service"
JSON_PRINCIPAL = "AWS JSON policy elements: Principal"


def passing(resource: str = "*", **members: Any) -> Statement:
    """A statement that lets a role be passed."""
    return allow("iam:PassRole", resource, **members)


def to(service: str) -> dict[str, Any]:
    """The condition that a role is passed to that service."""
    return {"Condition": {"StringEquals": {"iam:PassedToService": service}}}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A user creates a model with a role; ``{role}`` and ``{account}`` are filled in."""

    name: str
    page: str
    expected: str
    identity: tuple[Statement, ...]
    trusts: tuple[Statement, ...] = (trust(SAGEMAKER),)
    owner: str = "tools"


ROWS = (
    Row(name="the caller may pass the role", page=PASSING, expected=ALLOWED, identity=(CREATE, passing("{role}"))),
    Row(name="the caller may not", page=PASSING, expected=DENIED, identity=(CREATE,)),
    Row(
        name="the caller may pass another role",
        page=PASSING,
        expected=DENIED,
        identity=(CREATE, passing("arn:aws:iam::{account}:role/another")),
    ),
    Row(
        name="the caller may pass it to SageMaker",
        page=PASSING,
        expected=ALLOWED,
        identity=(CREATE, passing(**to("sagemaker.amazonaws.com"))),
    ),
    Row(
        name="the caller may pass it to another service",
        page=PASSING,
        expected=DENIED,
        identity=(CREATE, passing(**to("lambda.amazonaws.com"))),
    ),
    Row(
        name="passing is denied explicitly",
        page=PASSING,
        expected=DENIED,
        identity=(CREATE, passing(), deny("iam:PassRole", "{role}")),
    ),
    Row(
        name="passing alone does not create",
        page=PASSING,
        expected=DENIED,
        identity=(passing(),),
    ),
    Row(
        name="the role trusts another service",
        page=PASSING,
        expected=REFUSED,
        identity=(CREATE, passing()),
        trusts=(trust({"Service": "lambda.amazonaws.com"}),),
    ),
    Row(
        name="the role trusts its account but no service",
        page=JSON_PRINCIPAL,
        expected=REFUSED,
        identity=(CREATE, passing()),
        trusts=(trust({"AWS": "{account}"}),),
    ),
    Row(
        name="the role denies the service",
        page=JSON_PRINCIPAL,
        expected=REFUSED,
        identity=(CREATE, passing()),
        trusts=(trust(SAGEMAKER), {**trust(SAGEMAKER), "Effect": "Deny"}),
    ),
    Row(
        name="the role trusts the service for this account",
        page=CONFUSED,
        expected=ALLOWED,
        identity=(CREATE, passing()),
        trusts=(trust(SAGEMAKER, Condition={"StringEquals": {"aws:SourceAccount": "{account}"}}),),
    ),
    Row(
        name="the role trusts the service for another account",
        page=CONFUSED,
        expected=REFUSED,
        identity=(CREATE, passing()),
        trusts=(trust(SAGEMAKER, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),),
    ),
    Row(
        name="the role belongs to another account",
        page=PASSING,
        expected=REFUSED,
        identity=(CREATE, passing()),
        owner="prod",
    ),
)


PULL = allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_creating_a_model_with_a_role_is_answered_as_documented(stage: Stage, row: Row, image: str) -> None:
    values = {"{account}": stage.account(), "{role}": stage.arn("role", "execution", row.owner)}
    role = stage.role("execution", PULL, account=row.owner, trusts=_filled(row.trusts, values))
    user = stage.user("creator", *_filled(row.identity, values))
    stage.settle()

    def create() -> None:
        stage.of(user, "sagemaker").create_model(
            ModelName=stage.name("model"), ExecutionRoleArn=role, PrimaryContainer={"Image": image}
        )

    assert answer(create) == row.expected


def _filled(statements: tuple[Statement, ...], values: dict[str, str]) -> tuple[Statement, ...]:
    text = json.dumps(statements)
    for name, value in values.items():
        text = text.replace(name, value)
    return tuple(json.loads(text))
