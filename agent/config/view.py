"""A forgiving look at a document for the rules: a value that is absent or wrong in itself is simply not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from agent.config.field_types import account_digits, seconds
from agent.config.finding import Finding
from agent.config.tree import ScalarNode, SequenceNode, children, entry_at, is_null, node_at, value_place

if TYPE_CHECKING:
    from agent.config.finding import Related
    from agent.config.text import Place
    from agent.config.tree import MappingNode, Path, ScalarValue


@dataclass(frozen=True, kw_only=True)
class View:
    """The document that a rule looks at."""

    document: MappingNode

    def has(self, path: Path) -> bool:
        """Whether something is written at a path."""
        node = node_at(self.document, path)
        return node is not None and not is_null(node)

    def value(self, path: Path) -> ScalarValue:
        """The scalar at a path, or None."""
        node = node_at(self.document, path)
        return node.value if isinstance(node, ScalarNode) else None

    def text(self, path: Path) -> str | None:
        """The text at a path, or None."""
        value = self.value(path)
        return value if isinstance(value, str) else None

    def number(self, path: Path) -> float | None:
        """The number at a path, or None."""
        value = self.value(path)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def duration(self, path: Path) -> int | None:
        """The duration at a path in seconds, or None."""
        try:
            return seconds(self.value(path))
        except PydanticCustomError:
            return None

    def account(self, path: Path) -> str | None:
        """The account id at a path, with the leading zeros that it was written with, or None."""
        node = node_at(self.document, path)
        try:
            return account_digits(node.written if isinstance(node, ScalarNode) else None)
        except PydanticCustomError:
            return None

    def keys(self, path: Path) -> tuple[str, ...]:
        """The keys of the mapping at a path that have a value; none for anything else."""
        return tuple(key for key, _ in children(node_at(self.document, path)))

    def texts(self, path: Path) -> tuple[tuple[Path, str], ...]:
        """The texts of the list at a path, each with its own path."""
        node = node_at(self.document, path)
        items = node.items if isinstance(node, SequenceNode) else ()
        found = (((*path, str(index)), item) for index, item in enumerate(items))
        return tuple(
            (at, item.value) for at, item in found if isinstance(item, ScalarNode) and isinstance(item.value, str)
        )

    def place(self, path: Path) -> Place:
        """Where to point for the value at a path."""
        return value_place(self.document, path)

    def key_place(self, path: Path) -> Place:
        """Where the key at a path is written; the nearest enclosing key where it is not."""
        entry = entry_at(self.document, path)
        if entry is None:
            return self.key_place(path[:-1]) if path else self.place(())
        return entry.key

    def broken(self, code: str, path: Path, message: str, hint: str, *related: Related) -> Finding:
        """The finding that points at a value; at the nearest enclosing key where there is none."""
        place = self.place(path) if self.has(path) else self.key_place(path)
        return Finding(place=place, code=code, message=message, hint=hint, path=path, related=related)

    def broken_key(self, code: str, path: Path, message: str, hint: str, *related: Related) -> Finding:
        """The finding that points at a key, where that is what is wrong."""
        place = self.key_place(path)
        return Finding(place=place, code=code, message=message, hint=hint, path=path, related=related)
