"""The templates as data: short forms such as ``!Ref`` become what they stand for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.bootstrap.template import Template

Members = dict[str, Any]
_POLICIES = {
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "KeyPolicy",
    "RepositoryPolicyText",
    "ModelPackageGroupPolicy",
}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of a policy: of which resource of the template, in which property, and what it says."""

    resource: str
    policy: str
    members: Members

    @property
    def sid(self) -> str:
        """Its ``Sid``; trust policies have none."""
        return str(self.members.get("Sid", ""))

    @property
    def actions(self) -> list[str]:
        """Its actions, also those that depend on a condition."""
        given = self.members["Action"]
        if isinstance(given, dict):
            return list(dict.fromkeys(action for listed in given["Fn::If"][1:] for action in listed))
        return given if isinstance(given, list) else [given]

    @property
    def resources(self) -> list[Any]:
        """Its resources; trust policies have none."""
        given = self.members.get("Resource", [])
        return given if isinstance(given, list) else [given]

    @property
    def condition(self) -> Members:
        """Its conditions, if it has any."""
        return dict(self.members.get("Condition", {}))

    def __str__(self) -> str:
        return f"{self.resource}.{self.sid or self.policy}"


def parsed(template: Template) -> Members:
    """A template as CloudFormation reads it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_multi_constructor("!", _function)
    document: Members = yaml.load(template.text)
    return document


def statements(template: Template) -> list[Statement]:
    """Every statement of every policy of a template."""
    return [
        Statement(resource=name, policy=policy, members=members)
        for name, resource in parsed(template)["Resources"].items()
        for policy, document in _documents(resource["Properties"])
        for members in document["Statement"]
    ]


def _documents(value: Any, name: str = "") -> Iterator[tuple[str, Members]]:
    if isinstance(value, dict) and name in _POLICIES:
        yield from ((name, document) for document in _alternatives(value))
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _documents(member, key)
    elif isinstance(value, list):
        for item in value:
            yield from _documents(item)


def _alternatives(document: Members) -> Iterator[Members]:
    """A policy, or those that a condition chooses from; one whose keys are functions is a text with variables."""
    if "Fn::If" in document:
        for alternative in document["Fn::If"][1:]:
            yield from _alternatives(alternative)
    elif "Fn::Sub" in document:
        yield json.loads(document["Fn::Sub"][0])
    else:
        yield document


def _function(constructor: Any, suffix: str, node: Any) -> Members:
    build = {"scalar": constructor.construct_scalar, "sequence": constructor.construct_sequence}.get(node.id)
    value = build(node, deep=True) if node.id == "sequence" and build else build(node) if build else None
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}
