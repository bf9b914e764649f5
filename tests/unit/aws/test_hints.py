"""A refusal says what to do next, as far as AWS's words tell why."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from agent.aws.refusals import refusal
from agent.errors import AccessDeniedError

USER = "User: arn:aws:iam::111111111111:user/iris-ci is not authorized to perform"
ROLE = "arn:aws:iam::333333333333:role/iris-deploy"


def told(code: str, message: str) -> str:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "AssumeRole")
    refused = refusal(error, f"sts:AssumeRole on {ROLE}")
    assert isinstance(refused, AccessDeniedError)
    return str(refused).partition(message)[2]


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            "; a build has nobody to answer MFA: let the policy spare its identity",
        ),
        (
            f"{USER}: sts:AssumeRole on resource: {ROLE}",
            "; the role's trust policy has to admit this identity, with the external id and the tags",
        ),
        (f"{USER}: sts:TagSession on resource: {ROLE}", "; sessions say which project and environment they are for"),
        (f"{USER}: sts:SetSourceIdentity on resource: {ROLE}", "; sessions say who is behind them"),
        (
            f"{USER}: s3:GetObject on resource: r with an explicit deny in an identity-based policy",
            "; a policy forbids it expressly; where it asks for aws:MultiFactorAuthPresent, a build has nobody",
        ),
        (f"{USER}: s3:GetObject on resource: r because no identity-based policy allows it", "; grant it ("),
    ],
)
def test_a_refusal_says_what_to_do(message: str, hint: str) -> None:
    assert told("AccessDenied", message).startswith(hint)
