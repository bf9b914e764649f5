"""One error of pydantic, seen from the document: what is written at its path, and what the model says of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.config.lookup import schemas_at
from agent.config.tree import MappingNode, ScalarNode, node_at
from agent.config.wording import called

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.config.tree import Node, Path


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One error of pydantic, at its path in a document."""

    path: Path
    document: MappingNode
    type: str
    limits: Mapping[str, Any]
    text: str

    @property
    def file(self) -> str:
        """The name of the document's text."""
        return self.document.source.place.text.name

    @property
    def name(self) -> str:
        """What people call the value."""
        return called(self.path, document=self.file)

    @property
    def node(self) -> Node:
        """The value that is wrong; the whole document where it is not written."""
        return node_at(self.document, self.path) or self.document

    @property
    def written(self) -> object:
        """The value itself, where it is a scalar."""
        return self.node.value if isinstance(self.node, ScalarNode) else None

    def from_model(self, annotation: str) -> Any:
        """What the model says of the key: its ``title``, ``description``, ``examples`` and so on."""
        return next((found[annotation] for found in schemas_at(self.path, self.document) if annotation in found), "")

    def example(self) -> str:
        """How the key may be written, with the model's example; empty without one."""
        examples = self.from_model("examples")
        return self.as_line(examples[0]) if examples else ""

    def as_line(self, value: object) -> str:
        """How the key is written with a value."""
        text = value if isinstance(value, str) else json.dumps(value)
        return f"`{self.path[-1]}: {text}`" if self.path and not self.path[-1].isdecimal() else f"`{text}`"

    def choices(self) -> list[object]:
        """The values that the model lets the key have, where it names them."""
        found = (schema.get("enum", [schema.get("const")]) for schema in schemas_at(self.path))
        return list(dict.fromkeys(value for values in found for value in values))
