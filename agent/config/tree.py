"""A configuration document as written: layers are merged here, and every value keeps where it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.config.text import Place

    Path: TypeAlias = tuple[str, ...]
    ScalarValue: TypeAlias = str | int | float | bool | None

FILE_LAYER = "file"
REQUEST_LAYER = "request"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a value was written, and in which layer that place takes part."""

    layer: str
    place: Place

    def __str__(self) -> str:
        if self.layer == FILE_LAYER:
            return str(self.place)
        return self.layer if self.layer == REQUEST_LAYER else f"{self.layer} at {self.place}"


@dataclass(frozen=True, kw_only=True)
class ScalarNode:
    """One value; ``written`` is its text in the document, without quotes."""

    value: ScalarValue
    written: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class SequenceNode:
    """A list; layers replace it as a whole."""

    items: tuple[Node, ...]
    source: Source


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One key of a mapping, where the key is written, and its value."""

    key: Place
    node: Node


@dataclass(frozen=True, kw_only=True)
class MappingNode:
    """Keys and values in the order written; ``replaces`` says that nothing below it shows through."""

    entries: Mapping[str, Entry]
    source: Source
    replaces: bool = False


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


@overload
def merge(lower: MappingNode, upper: MappingNode) -> MappingNode: ...
@overload
def merge(lower: Node, upper: Node) -> Node: ...
def merge(lower: Node, upper: Node) -> Node:
    """``upper`` laid over ``lower``: mappings merge key by key, everything else is replaced as a whole.

    Associative: a mapping that met something other than a mapping remembers that it ``replaces`` it.
    """
    if not isinstance(upper, MappingNode) or upper.replaces:
        return upper
    if not isinstance(lower, MappingNode):
        return replace(upper, replaces=True)
    entries = dict(lower.entries)
    for key, entry in upper.entries.items():
        entries[key] = _merge_entries(entries[key], entry) if key in entries else entry
    return replace(lower, entries=entries)


def _merge_entries(lower: Entry, upper: Entry) -> Entry:
    node = merge(lower.node, upper.node)
    shared = isinstance(lower.node, MappingNode) and isinstance(node, MappingNode) and node is not upper.node
    return Entry(key=lower.key if shared else upper.key, node=node)


def in_layer(node: Node, layer: str) -> Node:
    """The same document, taking part in another layer."""
    source = replace(node.source, layer=layer)
    match node:
        case MappingNode():
            entries = {key: replace(entry, node=in_layer(entry.node, layer)) for key, entry in node.entries.items()}
            return replace(node, entries=entries, source=source)
        case SequenceNode():
            return replace(node, items=tuple(in_layer(item, layer) for item in node.items), source=source)
        case ScalarNode():
            return replace(node, source=source)


def without(node: MappingNode, key: str) -> MappingNode:
    """The mapping without one of its keys."""
    return replace(node, entries={name: entry for name, entry in node.entries.items() if name != key})


def entry_at(node: Node, path: Path) -> Entry | None:
    """The entry at a path of keys (list items by their index), or None where the document has no such key."""
    entry = None
    for part in path:
        entry = _child(node, part)
        if entry is None:
            return None
        node = entry.node
    return entry


def _child(node: Node, part: str) -> Entry | None:
    match node:
        case MappingNode():
            return node.entries.get(part)
        case SequenceNode() if part.isdecimal() and int(part) < len(node.items):
            item = node.items[int(part)]
            return Entry(key=item.source.place, node=item)
        case _:
            return None


def node_at(node: Node, path: Path) -> Node | None:
    """The value at a path, or None where the document has no such key."""
    entry = entry_at(node, path)
    return entry.node if entry else None


def value_place(document: MappingNode, path: Path) -> Place:
    """Where to point for the value at a path: at a scalar itself, at the key of what may span lines."""
    entry = entry_at(document, path)
    if entry is None:
        return replace(document.source.place, length=1)
    node = entry.node
    return node.source.place if isinstance(node, ScalarNode) and node.written else entry.key


def children(node: Node | None) -> Iterator[tuple[str, Entry]]:
    """The entries of a mapping that have a value; none for anything else."""
    if isinstance(node, MappingNode):
        yield from ((key, entry) for key, entry in node.entries.items() if not is_null(entry.node))


def is_null(node: Node) -> bool:
    """Whether a key was written without a value, which means: as if it were not there."""
    return isinstance(node, ScalarNode) and node.value is None


def plain(node: Node) -> Any:
    """The document as Python values, lists as tuples, without the keys that have no value."""
    match node:
        case MappingNode():
            return {key: plain(entry.node) for key, entry in children(node)}
        case SequenceNode():
            return tuple(plain(item) for item in node.items)
        case ScalarNode():
            return node.value
