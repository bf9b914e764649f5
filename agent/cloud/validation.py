"""Requests checked against botocore's service model, refused in the words AWS uses.

A request is first read (:func:`read`: the types that the protocol can carry), later checked (:func:`check`: the
constraints of the API). AWS reports every violated constraint at once, for example ``1 validation error detected:
Value 'a_b' at 'modelName' failed to satisfy constraint: Member must satisfy regular expression pattern: …``.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError, validation_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import Shape

_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": (str,),
}
_SIZED = frozenset({"string", "list", "map", "blob"})
_HOLDERS = frozenset({"structure", "list", "map"})
_JAVA_SUPPLEMENTARY = r"\uD800\uDC00-\uDBFF\uDFFF"
_JAVA_CLASSES: Mapping[str, str] = {"Alnum": "a-zA-Z0-9", "Print": r"\x20-\x7e", "ASCII": r"\x00-\x7f"}
_ASSIGNED = 0x32400
"""Beyond it Unicode has assigned nothing but private and formatting characters."""


def read(shape: Shape, value: Any, path: str = "") -> Any:
    """``value`` as a service sees it: without nulls and without members that the API does not know.

    Raises ``SerializationException`` for what cannot be of the shape's type.
    """
    if not _has_type(shape, value):
        raise AwsError("SerializationException", f"{_wire_name(path) or 'The request'} must be a {shape.type_name}.")
    if shape.type_name == "structure":
        known = {name: member for name, member in shape.members.items() if value.get(name) is not None}
        return {name: read(member, value[name], f"{path}.{name}") for name, member in known.items()}
    if shape.type_name == "list":
        return [read(shape.member, item, f"{path}.{index}.member") for index, item in enumerate(value, start=1)]
    if shape.type_name == "map":
        entries = {read(shape.key, key, f"{path}.key"): item for key, item in value.items() if item is not None}
        return {key: read(shape.value, item, f"{path}.{key}") for key, item in entries.items()}
    return value


def check(shape: Shape, params: Mapping[str, Any]) -> None:
    """Raise ``ValidationException`` naming every constraint of ``shape`` that ``params`` (already read) violates."""
    found = list(_violations(shape, params, ""))
    if found:
        plural = "s" if len(found) > 1 else ""
        raise validation_error(f"{len(found)} validation error{plural} detected: {'; '.join(found)}")


def _has_type(shape: Shape, value: Any) -> bool:
    if not isinstance(value, _TYPES[shape.type_name]):
        return False
    if shape.type_name == "timestamp":
        return _is_moment(value)
    if isinstance(value, bool):
        return bool(shape.type_name == "boolean")
    if isinstance(value, str):
        return _is_text(value)
    return not isinstance(value, float) or math.isfinite(value)


def _is_text(value: str) -> bool:
    """Whether a JSON string is Unicode; an escaped half of a surrogate pair is not."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_moment(value: Any) -> bool:
    """Whether a timestamp is one: seconds since the epoch, or ISO 8601 as some clients send it."""
    try:
        datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return not isinstance(value, bool)


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _violation(value, path, constraint)
    if shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "list":
        yield from _items(shape.member, value, path)
    elif shape.type_name == "map":
        yield from _entries(shape, value, path)


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield _violation(None, f"{path}.{name}", "Member must not be null")
    for name, item in value.items():
        yield from _violations(shape.members[name], item, f"{path}.{name}")


def _items(member: Shape, items: list[Any], path: str) -> Iterator[str]:
    """Violations inside a list; AWS names each item that has members, and the whole list for any other."""
    if member.type_name in _HOLDERS:
        for index, item in enumerate(items, start=1):
            yield from _violations(member, item, f"{path}.{index}.member")
    elif any(_broken(member, item) for item in items):
        yield _violation(items, path, f"Member must satisfy constraint: [{', '.join(_constraints(member))}]")


def _entries(shape: Shape, entries: Mapping[str, Any], path: str) -> Iterator[str]:
    """Violations inside a map, in the same way."""
    if any(_broken(shape.key, key) for key in entries):
        yield _violation(entries, path, f"Map keys must satisfy constraint: [{', '.join(_constraints(shape.key))}]")
    if shape.value.type_name in _HOLDERS:
        for key, item in entries.items():
            yield from _violations(shape.value, item, f"{path}.{key}.member")
    elif any(_broken(shape.value, item) for item in entries.values()):
        yield _violation(entries, path, f"Map value must satisfy constraint: [{', '.join(_constraints(shape.value))}]")


def _constraints(shape: Shape) -> list[str]:
    """Every constraint of a value, as AWS lists them."""
    what = "length" if shape.type_name in _SIZED else "value"
    limits = shape.metadata
    worded: Mapping[str, Callable[[Any], str]] = {
        "max": lambda limit: f"Member must have {what} less than or equal to {limit}",
        "min": lambda limit: f"Member must have {what} greater than or equal to {limit}",
        "pattern": lambda limit: f"Member must satisfy regular expression pattern: {limit}",
        "enum": lambda limit: f"Member must satisfy enum value set: [{', '.join(limit)}]",
    }
    return [word(limits[name]) for name, word in worded.items() if name in limits]


def _broken(shape: Shape, value: Any) -> list[str]:
    """The constraints that a value itself violates; what is inside it does not count."""
    size = len(value) if shape.type_name in _SIZED else value
    holds: Mapping[str, Callable[[Any], bool]] = {
        "max": lambda limit: size <= limit,
        "min": lambda limit: size >= limit,
        "pattern": lambda limit: _pattern(limit).fullmatch(value) is not None,
        "enum": lambda limit: value in limit,
    }
    limits = {name: shape.metadata[name] for name in holds if name in shape.metadata}
    return [
        worded
        for (name, limit), worded in zip(limits.items(), _constraints(shape), strict=True)
        if not holds[name](limit)
    ]


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{_wire_name(path)}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    """A value as AWS's servers print it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wire_name(path: str) -> str:
    """AWS names members in its messages with a small first letter."""
    return ".".join(part[:1].lower() + part[1:] for part in path.lstrip(".").split("."))


@cache
def _pattern(java: str) -> re.Pattern[str]:
    """A pattern of the service model, which is written for Java, in Python's syntax."""
    spelled = java.replace(_JAVA_SUPPLEMENTARY, r"\U00010000-\U0010ffff").replace(r"\z", r"\Z")
    without_repeated_end = re.sub(r"\$\{\d+,\d+\}", "$", spelled)
    in_brackets = re.sub(r"^(\\p\{\w+\})([*+])$", r"[\1]\2", without_repeated_end)
    return re.compile(re.sub(r"\\p\{(\w+)\}", lambda found: _category(found[1]), in_brackets))


@cache
def _category(name: str) -> str:
    """The characters of a Unicode category such as ``L`` (letters), as ranges inside a character class."""
    if name in _JAVA_CLASSES:
        return _JAVA_CLASSES[name]
    members = (code for code in range(_ASSIGNED) if unicodedata.category(chr(code))[0] == name)
    ranges: list[list[int]] = []
    for code in members:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)
