"""The last layer: single values that one run asks for, as in ``--set training.hyperparameters.max_depth=5``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.config.finding import Finding
from agent.config.text import SourceText
from agent.config.tree import REQUEST_LAYER, Entry, MappingNode, Source, children, entry_at, node_at
from agent.config.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.config.text import Place
    from agent.config.tree import Node

REQUEST_NAME = "--set"
_REVIEWED = {"releases": "signatures of releases", "gate_overrides": "who may override gates"}
"""What only the file says."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One setting as a layer; without entries when it could not be read."""

    node: MappingNode
    findings: tuple[Finding, ...]


def as_settings(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Settings from values by dotted key, for requests that arrive as JSON."""
    return tuple(f"{key}={json.dumps(value)}" for key, value in values.items())


def request_layer(setting: str) -> Request:
    """The layer of one ``KEY=VALUE``: a key with dots between its parts, a value in YAML notation."""
    text = SourceText(name=REQUEST_NAME, text=setting)
    key, separator, value = setting.partition("=")
    parts = _parts(text, key)
    if not separator or not all(part for part, _ in parts):
        hint = "write KEY=VALUE: for example `--set training.max_runtime=2h`"
        message = "this is not a setting"
        wrong = Finding(place=text.place(line=1, column=1), code="request", message=message, hint=hint)
        return Request(node=_empty(text), findings=(wrong,))
    reading = read_yaml(text, layer=REQUEST_LAYER, content=" " * (len(key) + 1) + value)
    node: Node = reading.node or _empty(text)
    for part, place in reversed(parts):
        node = MappingNode(entries={part: Entry(key=place, node=node)}, source=_source(place))
    if not isinstance(node, MappingNode) or reading.node is None:
        node = _empty(text)
    return Request(node=node, findings=(*reading.findings, *_loosened(node)))


def _loosened(node: Node) -> Iterator[Finding]:
    """Who may start a build does not thereby decide who approves it, whose signatures count, or who overrides gates."""
    for key, what in _REVIEWED.items():
        entry = entry_at(node, (key,))
        if entry is not None:
            message = f"{what} cannot be changed for one run"
            hint = f"write `{key}` into the configuration file, where a change of it is reviewed"
            yield Finding(place=entry.key, code="request", message=message, hint=hint)
    for name, _ in children(node_at(node, ("environments",))):
        entry = entry_at(node, ("environments", name, "approval"))
        if entry is not None:
            message = f"the approvals of `{name}` cannot be changed for one run"
            hint = "write `approval` into the configuration file, where a change of it is reviewed"
            yield Finding(place=entry.key, code="request", message=message, hint=hint)


def _parts(text: SourceText, key: str) -> list[tuple[str, Place]]:
    parts, column = [], 1
    for part in key.split("."):
        parts.append((part, text.place(line=1, column=column, length=len(part))))
        column += len(part) + 1
    return parts


def _empty(text: SourceText) -> MappingNode:
    return MappingNode(entries={}, source=_source(text.place(line=1, column=1)))


def _source(place: Place) -> Source:
    return Source(layer=REQUEST_LAYER, place=place)
