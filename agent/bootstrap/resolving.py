"""What a template comes to for one project: its functions worked out, and the line of every statement kept.

Only what the templates of this package use is known (CloudFormation's intrinsic functions ``Ref``, ``Sub``, ``GetAtt``,
``If``, ``Split``, ``Equals``, ``Not``, ``And``, ``Or`` and ``Condition``); anything else is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ruamel.yaml.nodes import Node

    from agent.bootstrap.template import Deployed, Template

LINE = "line of the template"
"""The member of every mapping that has a ``Sid``: no policy has a member of that name."""
_NO_VALUE = "AWS::NoValue"
_WORDS: Mapping[str, bool] = {"true": True, "false": False}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_PLAIN = "tag:yaml.org,2002:"


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A template with its parameters.

    ``attributes`` are what only CloudFormation knows, such as ``{"Key.Arn": …}``; the others follow from names.
    """

    template: Template | Deployed
    parameters: Mapping[str, str]
    account: str
    region: str
    partition: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def resources(self) -> Mapping[str, Any]:
        """The resources whose conditions hold, by logical id, as CloudFormation would make them."""
        found = _members(_members(self._root)["Resources"])
        return {name: self._value(node) for name, node in found.items() if self._is_made(node)}

    @property
    def _root(self) -> Node:
        return _composed(self.template.text)

    def _is_made(self, resource: Node) -> bool:
        condition = _members(resource).get("Condition")
        return condition is None or self._holds(condition.value)

    def _holds(self, condition: str) -> bool:
        return bool(self._value(_members(_members(self._root)["Conditions"])[condition]))

    def _value(self, node: Node) -> Any:
        if node.tag is not None and not str(node.tag).startswith(_PLAIN):
            return self._functions[str(node.tag)](node)
        if isinstance(node, MappingNode):
            members = {name: self._value(member) for name, member in _members(node).items()}
            line = {LINE: node.start_mark.line + 1} if "Sid" in members else {}
            return {name: value for name, value in members.items() if value is not None} | line
        if isinstance(node, SequenceNode):
            return [value for value in map(self._value, node.value) if value is not None]
        return _WORDS.get(node.value, node.value) if isinstance(node, ScalarNode) and not node.style else node.value

    @cached_property
    def _functions(self) -> Mapping[str, Callable[[Any], Any]]:
        return {
            "!Ref": lambda node: self._ref(node.value),
            "!Sub": self._substituted,
            "!GetAtt": lambda node: self._attribute(node.value),
            "!If": lambda node: self._value(node.value[1 if self._holds(node.value[0].value) else 2]),
            "!Split": lambda node: str(self._value(node.value[1])).split(node.value[0].value),
            "!Equals": lambda node: self._value(node.value[0]) == self._value(node.value[1]),
            "!Not": lambda node: not self._value(node.value[0]),
            "!And": lambda node: all(map(self._value, node.value)),
            "!Or": lambda node: any(map(self._value, node.value)),
            "!Condition": lambda node: self._holds(node.value),
        }

    def _substituted(self, node: Node) -> str:
        """Text, or a list of a text and of variables that only it knows."""
        text, own = (
            (node.value[0].value, _members(node.value[1])) if isinstance(node, SequenceNode) else (node.value, {})
        )
        return _VARIABLE.sub(
            lambda found: str(self._value(own[found[1]]) if found[1] in own else self._variable(found[1])), text
        )

    def _ref(self, name: str) -> Any:
        parameter = _members(_members(self._root)["Parameters"]).get(name)
        if parameter is None:
            return self._pseudo.get(name) if "::" in name else self._name(name)
        kind, default = (_members(parameter).get(member) for member in ("Type", "Default"))
        value = self.parameters.get(name, default.value if default is not None else "")
        is_list = kind is not None and kind.value == "CommaDelimitedList"
        return value.split(",") if is_list else value

    @property
    def _pseudo(self) -> Mapping[str, str]:
        return {"AWS::AccountId": self.account, "AWS::Region": self.region, "AWS::Partition": self.partition}

    def _variable(self, name: str) -> Any:
        return self._attribute(name) if "." in name else self._ref(name)

    def _attribute(self, name: str) -> str:
        """``Role.Arn`` and the like; raises KeyError for what no name tells and nobody gave."""
        if name in self.attributes:
            return self.attributes[name]
        resource = _members(_members(self._root)["Resources"])[name.partition(".")[0]]
        properties = {key: self._value(node) for key, node in _members(_members(resource)["Properties"]).items()
                      if key in _NAMES}  # fmt: skip
        return _ARNS[_members(resource)["Type"].value](self, properties)

    def _name(self, name: str) -> str:
        """What ``Ref`` of a resource is: its name, or for a role and a user the same."""
        resource = _members(_members(self._root)["Resources"])[name]
        properties = _members(_members(resource)["Properties"])
        return next((str(self._value(properties[key])) for key in _NAMES if key in properties and key != "Path"), name)


_NAMES = ("RoleName", "UserName", "BucketName", "RepositoryName", "ModelPackageGroupName", "Path")
_ARNS: Mapping[str, Callable[[Resolved, Mapping[str, str]], str]] = {
    "AWS::IAM::Role": lambda at, own: (
        f"arn:{at.partition}:iam::{at.account}:role{own.get('Path', '/')}{own['RoleName']}"
    ),
    "AWS::IAM::User": lambda at, own: f"arn:{at.partition}:iam::{at.account}:user/{own['UserName']}",
    "AWS::S3::Bucket": lambda at, own: f"arn:{at.partition}:s3:::{own['BucketName']}",
    "AWS::ECR::Repository": lambda at, own: (
        f"arn:{at.partition}:ecr:{at.region}:{at.account}:repository/{own['RepositoryName']}"
    ),
}


@cache
def _composed(text: str) -> Node:
    """A template's nodes, which nobody changes; reading takes a tenth of a second, and each refusal asks for both."""
    root: Node = YAML(typ="safe", pure=True).compose(text)
    return root


def _members(node: Node) -> dict[str, Node]:
    """The members of a mapping by name, unresolved."""
    return {key.value: value for key, value in node.value} if isinstance(node, MappingNode) else {}
