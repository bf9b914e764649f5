"""The part of JSONPath that batch transform's filters know, on JSON values and on the columns of a CSV record.

Source: developer guide, "Associate Prediction Results with Input Records": ``$``, ``.name``, ``['a','b']``, ``[0]``,
``[1:]``, ``[0,5:]`` and ``*``; no recursive descent and no filter expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*|\*)|\[(?P<inside>(?:'[^']*'|\"[^\"]*\"|[^\]'\"])*)\]")
_INDEX = re.compile(r"-?\d+")
_SLICE = re.compile(r"(-?\d*):(-?\d*)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class JsonPathError(ValueError):
    """An expression that is not understood, or one that selects what is not there."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One selection: of members by name, of elements by index or slice, or (with neither) of everything."""

    names: tuple[str, ...] = ()
    places: tuple[int | slice, ...] = ()


def parse(expression: str) -> tuple[Step, ...]:
    """The steps of an expression; raises JsonPathError."""
    if not expression.startswith("$"):
        raise JsonPathError(f"the JSONPath {expression!r} does not start with $")
    steps, position = [], 1
    while position < len(expression):
        found = _STEP.match(expression, position)
        if found is None:
            raise JsonPathError(f"the JSONPath {expression!r} is not understood from {expression[position:]!r} on")
        steps.append(_step(found["name"], found["inside"]))
        position = found.end()
    return tuple(steps)


def _step(name: str | None, inside: str | None) -> Step:
    if name is not None:
        return Step() if name == "*" else Step(names=(name,))
    text = (inside or "").strip()
    if text == "*":
        return Step()
    if quoted := _QUOTED.findall(text):
        return Step(names=tuple(q[1:-1] for q in quoted))
    return Step(places=tuple(_place(part.strip()) for part in text.split(",")))


def _place(text: str) -> int | slice:
    if _INDEX.fullmatch(text):
        return int(text)
    if found := _SLICE.fullmatch(text):
        start, end = (int(part) if part else None for part in found.groups())
        return slice(start, end)
    raise JsonPathError(f"{text!r} is neither an index nor a slice")


def select(value: Any, steps: tuple[Step, ...]) -> Any:
    """What the steps select in a JSON value; several names give an object, several places a list."""
    for step in steps:
        value = _select(value, step)
    return value


def select_columns(columns: list[str], steps: tuple[Step, ...]) -> list[str]:
    """The columns of a CSV record that an expression such as ``$[1:]`` selects."""
    chosen = select(columns, steps)
    return list(chosen) if isinstance(chosen, list) else [chosen]


def _select(value: Any, step: Step) -> Any:
    if step.names:
        return _members(value, step.names)
    if step.places:
        return _elements(value, step.places)
    return list(value.values()) if isinstance(value, dict) else value


def _members(value: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        raise JsonPathError(f"{names[0]!r} is asked of a {type(value).__name__}, not of an object")
    missing = [name for name in names if name not in value]
    if missing:
        raise JsonPathError(f"the record has no {', '.join(map(repr, missing))}")
    return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}


def _elements(value: Any, places: tuple[int | slice, ...]) -> Any:
    if not isinstance(value, list):
        raise JsonPathError(f"elements are asked of a {type(value).__name__}, not of a list")
    if len(places) == 1 and isinstance(places[0], int):
        return _element(value, places[0])
    chosen: list[Any] = []
    for place in places:
        chosen += value[place] if isinstance(place, slice) else [_element(value, place)]
    return chosen


def _element(value: list[Any], index: int) -> Any:
    try:
        return value[index]
    except IndexError:
        raise JsonPathError(f"index {index} is outside the record's {len(value)} values") from None
