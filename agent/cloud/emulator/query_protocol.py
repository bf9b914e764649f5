"""AWS's query protocol, for the few operations of MiniStack's services that are served here instead."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import Shape


def decode(shape: Shape, params: Mapping[str, Any], prefix: str = "") -> Any:
    """The members of ``shape`` from form fields such as ``Tags.member.1.Key``; None when there are none."""
    if shape.type_name == "structure":
        dot = f"{prefix}." if prefix else ""
        found = {name: decode(member, params, f"{dot}{name}") for name, member in shape.members.items()}
        members = {name: value for name, value in found.items() if value is not None}
        return members if members or not prefix else None
    if shape.type_name == "list":
        items: list[Any] = []
        while (item := decode(shape.member, params, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        return items or None
    values = params.get(prefix)
    if values is None:
        return None
    value = values[0] if isinstance(values, list) else values
    return int(value) if shape.type_name in {"integer", "long"} and value.lstrip("-").isdigit() else value


def encode(members: Mapping[str, Any]) -> str:
    """The XML of an answer's members."""
    return "".join(f"<{name}>{_encode(value)}</{name}>" for name, value in members.items())


def _encode(value: Any) -> str:
    if isinstance(value, dict):
        return encode(value)
    if isinstance(value, list):
        return "".join(f"<member>{_encode(item)}</member>" for item in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value))
