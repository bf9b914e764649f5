"""What IAM does not let a stack delete, because somebody whom the stack does not know still uses it.

MiniStack deletes it all the same. Source: IAM API reference, ``DeletePolicy`` and ``DeleteRole`` (``DeleteConflict``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agent.cloud.errors import AwsError

Properties = Mapping[str, Any]
Use = Callable[[str, Properties], str | None]
"""From a resource's physical id and properties to IAM's words about a use of it, or None."""


def uses() -> Mapping[str, Use]:
    """By resource type; MiniStack asks by itself for the access keys of users."""
    from ministack.services import iam

    def managed_policy(arn: str, properties: Properties) -> str | None:
        stores = {"Users": iam._users, "Roles": iam._roles, "Groups": iam._groups}
        holders = {
            (kind, name)
            for kind, store in stores.items()
            for name, entity in store.items()
            if arn in entity.get("AttachedPolicies", ())
        }
        named = {(kind, name) for kind in stores for name in properties.get(kind) or ()}
        return "Cannot delete a policy attached to entities." if holders - named else None

    def role(name: str, properties: Properties) -> str | None:
        attached = set((iam._roles.get(name) or {}).get("AttachedPolicies", ()))
        unknown = attached - set(properties.get("ManagedPolicyArns") or ())
        return "Cannot delete entity, must detach all policies first." if unknown else None

    return {"AWS::IAM::ManagedPolicy": managed_policy, "AWS::IAM::Role": role}


def refuse_used(use: Use | None, physical_id: str, properties: Properties) -> None:
    """Raise AwsError for what is in use."""
    told = use(physical_id, properties) if use else None
    if told is not None:
        raise AwsError("DeleteConflict", told)
