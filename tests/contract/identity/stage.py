"""Principals and resources of several accounts, made by their administrators with names of their own."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import boto3

    from tests.contract.conftest import ClientFactory

Statement = dict[str, Any]
ALLOWED = "allowed"
_SETTLING_SECONDS = 15
"""How long AWS takes until a new policy counts everywhere (IAM user guide, "Changes that I make are not always
immediately visible")."""


def policy(*statements: Statement) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str | Sequence[str] = "*", **members: Any) -> Statement:
    """A statement of an identity-based policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **members}


def deny(action: str | Sequence[str], resource: str | Sequence[str] = "*", **members: Any) -> Statement:
    """A statement that refuses."""
    return {**allow(action, resource, **members), "Effect": "Deny"}


def trust(principal: Any, action: str | Sequence[str] = "sts:AssumeRole", **members: Any) -> Statement:
    """A statement of a role's trust policy."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, **members}


def answer(act: Callable[[], Any]) -> str:
    """``allowed``, or the code of the error that AWS answers (the status of a ``HEAD``)."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ALLOWED


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Someone's credentials."""

    key: str
    secret: str
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a case is played; ``on_aws`` waits until what was made counts."""

    client: ClientFactory
    library: boto3.Session
    on_aws: bool
    endpoint: str | None
    region: str
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def settle(self) -> None:
        """Wait until new principals and policies count."""
        if self.on_aws:
            time.sleep(_SETTLING_SECONDS)

    def account(self, name: str = "tools") -> str:
        """Twelve digits."""
        return str(self.client("sts", name).get_caller_identity()["Account"])

    def arn(self, kind: str, name: str, account: str = "tools") -> str:
        """The ARN of an IAM entity made here; ``kind`` is ``role``, ``user`` or ``policy``."""
        return f"arn:aws:iam::{self.account(account)}:{kind}/{self.name(name)}"

    def name(self, word: str) -> str:
        """A name that belongs to this case alone."""
        return f"{word}-{self.suffix}"

    def user(self, name: str, *statements: Statement, account: str = "tools", **members: Any) -> Principal:
        """A new IAM user with an inline policy and an access key; ``members`` go to ``CreateUser``."""
        iam = self.client("iam", account)
        iam.create_user(UserName=self.name(name), **members)
        if statements:
            iam.put_user_policy(UserName=self.name(name), PolicyName="p", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=self.name(name))["AccessKey"]
        return Principal(key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def role(
        self,
        name: str,
        *statements: Statement,
        trusts: Sequence[Statement] | None = None,
        account: str = "tools",
        **members: Any,
    ) -> str:
        """The ARN of a new role, by default trusting its own account; ``members`` go to ``CreateRole``."""
        iam = self.client("iam", account)
        own = trust({"AWS": self.account(account)}, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
        trusting = policy(*(trusts if trusts is not None else [own]))
        role = iam.create_role(RoleName=self.name(name), AssumeRolePolicyDocument=trusting, **members)["Role"]
        if statements:
            iam.put_role_policy(RoleName=self.name(name), PolicyName="p", PolicyDocument=policy(*statements))
        return str(role["Arn"])

    def managed_policy(self, name: str, *statements: Statement) -> str:
        """The ARN of a new customer managed policy."""
        made = self.client("iam").create_policy(PolicyName=self.name(name), PolicyDocument=policy(*statements))
        return str(made["Policy"]["Arn"])

    def assume(self, role: str, by: Principal | None = None, account: str = "tools", **members: Any) -> Principal:
        """A session of a role; ``by`` is its account's administrator unless given."""
        sts = self.of(by, "sts") if by else self.client("sts", account)
        credentials = sts.assume_role(RoleArn=role, **{"RoleSessionName": "case", **members})["Credentials"]
        return Principal(
            key=credentials["AccessKeyId"], secret=credentials["SecretAccessKey"], token=credentials["SessionToken"]
        )

    def of(self, principal: Principal, service: str, **options: Any) -> Any:
        """A client of someone."""
        return self.library.client(
            service,
            aws_access_key_id=principal.key,
            aws_secret_access_key=principal.secret,
            aws_session_token=principal.token,
            endpoint_url=self.endpoint,
            region_name=self.region,
            **options,
        )

    def bucket(self, name: str = "bucket", account: str = "tools") -> str:
        """A new bucket with the object ``secret/plan.txt``."""
        s3 = self.client("s3", account)
        s3.create_bucket(Bucket=self.name(name))
        s3.put_object(Bucket=self.name(name), Key="secret/plan.txt", Body=b"plan")
        return self.name(name)

    def key(self, *statements: Statement, account: str = "tools") -> str:
        """The ARN of a new KMS key whose policy gives its account everything, and what is given here."""
        root = {"AWS": f"arn:aws:iam::{self.account(account)}:root"}
        document = policy({**allow("kms:*"), "Principal": root}, *statements)
        return str(self.client("kms", account).create_key(Policy=document)["KeyMetadata"]["Arn"])
