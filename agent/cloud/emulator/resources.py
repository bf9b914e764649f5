"""What MiniStack's resources say about themselves: their owner, their own policy, their tags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.cloud.policy.conditions import Condition
from agent.cloud.policy.decision import ResourceSide
from agent.cloud.policy.document import Policy, Statement, parse
from agent.cloud.policy.principals import parse_principals

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUCKET = "arn:aws:s3:::"


class Resources:
    """Lookups by ARN, whichever account asks; MiniStack's own look only into the caller's account."""

    def __init__(self) -> None:
        from ministack.core import iam_evaluator, responses
        from ministack.services import kms, s3

        self._evaluator = iam_evaluator
        self._responses = responses
        self._s3 = s3
        self._kms = kms

    def owner(self, arn: str) -> str | None:
        """The account that owns a resource; None for ``*`` and for a bucket that does not exist."""
        if arn.startswith(_BUCKET):
            owner: str | None = self._s3._bucket_owner_account(arn.removeprefix(_BUCKET).partition("/")[0])
            return owner
        return self._evaluator._account_from_arn(arn)  # type: ignore[no-any-return]

    def side(self, service: str, arn: str) -> ResourceSide | None:
        """The resource's own policy and owner, when its kind has one and it exists."""
        owner = self.owner(arn)
        if owner is None:
            return None
        if arn.startswith(_BUCKET):
            bucket = arn.removeprefix(_BUCKET).partition("/")[0]
            policy = self._s3._bucket_policies.get_scoped(owner, None, bucket)
            return ResourceSide(policy=parse(policy), owner=owner)
        with self._responses.request_scope(owner, arn.split(":")[3] or self._responses.get_region()):
            found = self._evaluator._resource_policy(service, arn)
            if found is None:
                return None
            policy = parse(found[0])
            if service == "kms":
                return ResourceSide(policy=policy + self._grants(arn), owner=owner, required=True)
            return ResourceSide(policy=policy, owner=owner)

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource; empty where MiniStack keeps none."""
        from ministack.services import tagging

        owner = self.owner(arn)
        if owner is None:
            return {}
        with self._responses.request_scope(owner, arn.split(":")[3] or self._responses.get_region()):
            tags: Mapping[str, str] = tagging.resource_tags(arn) or {}
            return tags

    def _grants(self, arn: str) -> Policy:
        """A key's grants as statements of its policy, which is how they count."""
        return tuple(_grant(grant) for grant in self._kms._grants.values() if grant["KeyId"] == arn)


def _grant(grant: Mapping[str, Any]) -> Statement:
    constraints = grant.get("Constraints") or {}
    conditions = [
        Condition(key=f"kms:encryptioncontext:{key}".lower(), operator="stringequals", values=(value,))
        for members in constraints.values()
        for key, value in members.items()
    ]
    exact = constraints.get("EncryptionContextEquals")
    if exact is not None:
        keys = Condition(key="kms:encryptioncontextkeys", operator="stringequals", values=tuple(exact))
        conditions.append(replace(keys, quantifier="forallvalues"))
    return Statement(
        allows=True,
        actions=tuple(f"kms:{operation}" for operation in grant["Operations"]),
        resources=("*",),
        principals=parse_principals({"AWS": grant["GranteePrincipal"]}),
        conditions=tuple(conditions),
    )
