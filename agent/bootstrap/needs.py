"""What the roles of a project have to be allowed, and whom its resources have to let in: read off the templates.

The templates are the one declaration. Whoever asks whether a role may do its work (the preflight), or proves that it
must be allowed to, reads it here: action, resource, role and the template's line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.bootstrap.resolving import LINE, Resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.bootstrap.template import Deployed, Template

_POLICIES_OF_RESOURCES = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::KMS::Key": "KeyPolicy",
}
_PRINCIPAL = "aws:PrincipalArn"


@dataclass(frozen=True, kw_only=True)
class Need:
    """A statement that allows something: ``place`` is its file and line.

    ``holder`` is the template's resource that has it (``PipelineRole``, ``BucketAccess``), ``principals`` the ARNs of
    the roles for which that is; ``conditions`` by key, whatever the operator, without who the principal is.
    """

    sid: str
    holder: str
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, tuple[str, ...]]
    place: str


def needs_of_roles(resolved: Resolved) -> tuple[Need, ...]:
    """What the roles of a template are allowed, inline or by a policy beside them."""
    arns = {
        resource["Properties"]["RoleName"]: (name, _role_arn(resolved, resource["Properties"]))
        for name, resource in resolved.resources.items()
        if resource["Type"] == "AWS::IAM::Role"
    }
    return tuple(_of_roles(resolved, arns))


def needs_of_others(resolved: Resolved) -> tuple[Need, ...]:
    """What the resources of a template allow roles by name; a Sid says for whom."""
    return tuple(
        need
        for name, resource in resolved.resources.items()
        if resource["Type"] in _POLICIES_OF_RESOURCES
        for document in [resource["Properties"].get(_POLICIES_OF_RESOURCES[resource["Type"]])]
        if document is not None
        for need in _allowed(resolved.template, name, (), document["Statement"])
        if need.principals
    )


def _of_roles(resolved: Resolved, arns: Mapping[str, tuple[str, str]]) -> Iterator[Need]:
    for resource in resolved.resources.values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::IAM::Role":
            holder, arn = arns[properties["RoleName"]]
            for policy in properties.get("Policies", ()):
                yield from _allowed(resolved.template, holder, (arn,), policy["PolicyDocument"]["Statement"])
        if resource["Type"] == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                holder, arn = arns[role]
                yield from _allowed(resolved.template, holder, (arn,), properties["PolicyDocument"]["Statement"])


def _allowed(
    template: Template | Deployed, holder: str, principals: Sequence[str], statements: Sequence[Mapping[str, Any]]
) -> Iterator[Need]:
    for statement in statements:
        if statement["Effect"] != "Allow":
            continue
        conditions = {
            key: tuple(map(_text, _listed(values)))
            for by_key in statement.get("Condition", {}).values()
            for key, values in by_key.items()
        }
        need = Need(
            sid=statement["Sid"],
            holder=holder,
            principals=tuple(principals) or conditions.pop(_PRINCIPAL, ()),
            actions=tuple(_listed(statement["Action"])),
            resources=tuple(_listed(statement.get("Resource", "*"))),
            conditions=conditions,
            place=f"{template.file}:{statement[LINE]}",
        )
        yield replace(need, conditions={key: value for key, value in conditions.items() if key != _PRINCIPAL})


def _role_arn(resolved: Resolved, properties: Mapping[str, str]) -> str:
    path, name = properties.get("Path", "/"), properties["RoleName"]
    return f"arn:{resolved.partition}:iam::{resolved.account}:role{path}{name}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
