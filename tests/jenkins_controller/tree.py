"""The `tree` parameter of Jenkins's API: which fields of an answer are sent."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r"[\w*]+|\[|\]|,|\{\d*,?\d*\}")


def pruned(value: Any, tree: str) -> Any:
    """Only the fields that a tree names; ``_class`` always, as Stapler does."""
    tokens = _TOKEN.findall(tree)
    assert "".join(tokens) == tree, f"no such tree: {tree}"
    fields = _fields(tokens)
    assert not tokens, f"no such tree: {tree}"
    return _apply(value, fields)


_Fields = dict[str, tuple["_Fields", slice] | Any]


def _fields(tokens: list[str]) -> _Fields:
    found: _Fields = {}
    while tokens and tokens[0] != "]":
        name = tokens.pop(0)
        inside: _Fields = {}
        part = slice(None)
        if tokens and tokens[0] == "[":
            tokens.pop(0)
            inside = _fields(tokens)
            assert tokens.pop(0) == "]"
        if tokens and tokens[0].startswith("{"):
            first, _, last = tokens.pop(0).strip("{}").partition(",")
            part = slice(int(first or 0), int(last) if last else None)
        found[name] = (inside, part)
        if tokens and tokens[0] == ",":
            tokens.pop(0)
    return found


def _apply(value: Any, fields: _Fields) -> Any:
    if isinstance(value, list):
        return [_apply(one, fields) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {"_class": value["_class"]} if "_class" in value else {}
    for name, (inside, part) in fields.items():
        if name in value:
            inner = value[name][part] if isinstance(value[name], list) else value[name]
            kept[name] = _apply(inner, inside) if inside else _bare(inner)
    return kept


def _bare(value: Any) -> Any:
    """What a field without a sub-tree answers: nothing of an object but its class."""
    if isinstance(value, list):
        return [_bare(one) for one in value]
    return {"_class": value["_class"]} if isinstance(value, dict) and "_class" in value else value
