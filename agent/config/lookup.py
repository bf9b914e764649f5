"""What the schema knows about a key of a document: which keys stand beside it, what it means, an example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.config.schema import REFERENCE, document_schema
from agent.config.tree import ScalarNode, node_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.schema import JsonSchema
    from agent.config.tree import Node, Path


def alternatives(schema: JsonSchema) -> list[JsonSchema]:
    """The schemas that a value may satisfy, references followed; a key's own description goes before its type's."""
    if "$ref" in schema:
        target = document_schema()["$defs"][schema["$ref"].removeprefix(REFERENCE)]
        return [{**found, **_annotations(schema)} for found in alternatives(target)]
    branches = schema.get("oneOf") or schema.get("anyOf")
    if not branches or "properties" in schema:
        return [] if schema.get("type") == "null" else [schema]
    own = _annotations(schema)
    return [{**found, **own} for branch in branches for found in alternatives(branch)]


def _annotations(schema: JsonSchema) -> dict[str, Any]:
    return {key: schema[key] for key in ("title", "description", "default", "examples") if key in schema}


def schemas_at(path: Path, document: Node | None = None) -> list[JsonSchema]:
    """The schemas of the value at a path: several where a tagged union's ``kind`` is not known from the document."""
    found = _of_kind(alternatives(document_schema()), (), document)
    for depth, part in enumerate(path, start=1):
        below = [child for schema in found for child in _child(schema, part)]
        found = _of_kind(below, path[:depth], document)
    return found


def _child(schema: JsonSchema, part: str) -> list[JsonSchema]:
    if part in schema.get("properties", {}):
        return alternatives(schema["properties"][part])
    inner = schema.get("additionalProperties") or schema.get("items")
    return alternatives(inner) if isinstance(inner, dict) else []


def _of_kind(schemas: list[JsonSchema], path: Path, document: Node | None) -> list[JsonSchema]:
    kind = node_at(document, (*path, "kind")) if document else None
    written = kind.value if isinstance(kind, ScalarNode) else None
    fitting = [schema for schema in schemas if schema.get("properties", {}).get("kind", {}).get("const") == written]
    return fitting if written is not None and fitting else schemas


def is_tagged_union(path: Path) -> bool:
    """Whether the mapping at a path has a ``kind`` that decides its other keys."""
    return len([schema for schema in schemas_at(path) if "kind" in schema.get("properties", {})]) > 1


def keys_at(path: Path, document: Node | None = None) -> tuple[str, ...]:
    """The keys that the schema knows in the mapping at a path; none where the keys are free."""
    return tuple(dict.fromkeys(key for schema in schemas_at(path, document) for key in schema.get("properties", {})))


def sections_with(key: str) -> tuple[Path, ...]:
    """Where else a key is known: paths of sections that are reached without free names."""
    return tuple(path for path in _sections((), document_schema()) if path and key in keys_at(path))


def _sections(path: Path, schema: JsonSchema) -> Iterator[Path]:
    yield path
    for key, value in schema.get("properties", {}).items():
        if key == "overrides":
            continue
        for child in alternatives(value):
            if "properties" in child:
                yield from _sections((*path, key), child)
