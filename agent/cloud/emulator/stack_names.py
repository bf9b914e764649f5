"""Names that a new resource of a stack cannot have, because something has them already: MiniStack would overwrite it.

Source: CloudFormation user guide, "Troubleshooting": a resource with a custom name that exists fails with
``AlreadyExists``, in the words of its service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent.cloud.errors import AwsError

Properties = Mapping[str, Any]
Find = Callable[[Properties], str | None]
"""From a resource's properties to its service's words about the one that is there, or None."""


def taken_names() -> Mapping[str, Find]:
    """By resource type; MiniStack asks by itself for the names of buckets and users."""
    from ministack.core import responses
    from ministack.services import ecr, iam, kms

    def policy_arn(properties: Properties) -> str:
        path = properties.get("Path") or "/"
        return f"arn:aws:iam::{responses.get_account_id()}:policy{path}{properties.get('ManagedPolicyName')}"

    def role(properties: Properties) -> str | None:
        name = properties.get("RoleName")
        return f"Role with name {name} already exists." if name in iam._roles else None

    def managed_policy(properties: Properties) -> str | None:
        name = properties.get("ManagedPolicyName")
        return f"A policy called {name} already exists." if policy_arn(properties) in iam._policies else None

    def repository(properties: Properties) -> str | None:
        name = properties.get("RepositoryName")
        return f"The repository with name '{name}' already exists." if name in ecr._repositories else None

    def alias(properties: Properties) -> str | None:
        arn = kms._alias_arn(str(properties.get("AliasName")))
        return f"An alias with the name {arn} already exists" if arn in kms._aliases else None

    return {
        "AWS::IAM::Role": role,
        "AWS::IAM::ManagedPolicy": managed_policy,
        "AWS::ECR::Repository": repository,
        "AWS::KMS::Alias": alias,
    }


def refuse_taken(find: Find | None, properties: Properties) -> None:
    """Raise AwsError for a name that is taken."""
    told = find(properties) if find else None
    if told is not None:
        raise AwsError("AlreadyExists", told)
