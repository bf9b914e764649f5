"""The values in effect as rows, each with where it comes from: what `modelyard config` shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.config.tree import entry_at
from agent.config.wording import did_you_mean
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.loading import Effective
    from agent.config.tree import MappingNode, Path

DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One value: its dotted key, the value as JSON has it, and its source in words."""

    key: str
    value: Any
    source: str

    def shown(self) -> str:
        """The value as people write it."""
        return self.value if isinstance(self.value, str) and self.value else json.dumps(self.value, ensure_ascii=False)


def rows(effective: Effective) -> tuple[Row, ...]:
    """Every value in effect, in the order of the model; durations in seconds."""
    values = effective.configuration.model_dump(mode="json")
    return tuple(_rows(values, (), effective.document))


def _rows(value: Any, path: Path, document: MappingNode) -> Iterator[Row]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from _rows(child, (*path, key), document)
    elif value is not None:
        entry = entry_at(document, path)
        yield Row(key=".".join(path), value=value, source=str(entry.node.source) if entry else DEFAULT)


def select(listed: Sequence[Row], key: str) -> tuple[Row, ...]:
    """The value under a dotted key, or all values below it; raises :class:`UsageError` for an unknown key."""
    found = tuple(row for row in listed if row.key == key or row.key.startswith(f"{key}."))
    if not found:
        parts = [row.key.split(".") for row in listed]
        known = sorted({".".join(part[:depth]) for part in parts for depth in range(1, len(part) + 1)})
        hint = did_you_mean(key, known) or "run `modelyard config` to see every key"
        raise UsageError(f"there is no value at `{key}`: {hint}")
    return found
