"""Properties of resources by their dotted names, as ``Search`` names them: what type they have, and their values.

``Tags.<key>``, ``Metrics.<name>`` and ``HyperParameters.<name>`` name entries; any other name is a path of members,
which goes into every item of a list. Source: SearchRecord and Filter in the SageMaker API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import Shape

Value = str | float | bool | datetime


class Kind(Enum):
    """How values of a property compare."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    MOMENT = auto()
    PARAMETER = auto()
    """A text that counts as a number where it is compared with one (hyperparameters)."""
    COMPOSITE = auto()
    """Something with members, which only can exist or not."""


_KINDS: Mapping[str, Kind] = {
    "string": Kind.TEXT,
    "integer": Kind.NUMBER,
    "long": Kind.NUMBER,
    "float": Kind.NUMBER,
    "double": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "timestamp": Kind.MOMENT,
}
_PAIRS: Mapping[str, tuple[str, str, str, Kind]] = {
    "Tags": ("Tags", "Key", "Value", Kind.TEXT),
    "Metrics": ("FinalMetricDataList", "MetricName", "Value", Kind.NUMBER),
}


@dataclass(frozen=True)
class Property:
    """A property of one kind of resource."""

    name: str
    kind: Kind

    def values(self, document: Mapping[str, Any]) -> list[Any]:
        """Its values in a described resource; none when it is absent."""
        first, _, rest = self.name.partition(".")
        if first in _PAIRS and rest:
            pairs, key, value, _ = _PAIRS[first]
            return [item[value] for item in document.get(pairs) or [] if item[key] == rest]
        return _along(document, self.name)

    def parse(self, text: str) -> Value:
        """A filter's value in the type of this property; raises ``ValidationException``."""
        try:
            return _parse(self.kind, text)
        except ValueError:
            wanted = self.kind.name.lower()
            raise validation_error(f"Invalid value '{text}' for property {self.name}: it is no {wanted}.") from None


def property_of(record: Shape, name: str) -> Property:
    """The property of that name of a kind of resource; raises ``ValidationException`` for one it has not."""
    first, _, rest = name.partition(".")
    pair = _PAIRS.get(first)
    if pair is not None and rest and pair[0] in record.members:
        return Property(name, pair[3])
    kind = _kind(record, name)
    if kind is None:
        raise validation_error(f"Unknown property name: {name}")
    return Property(name, kind)


def _kind(shape: Shape, path: str) -> Kind | None:
    if not path:
        return _KINDS.get(shape.type_name, Kind.COMPOSITE)
    if shape.type_name == "list":
        return _kind(shape.member, path)
    if shape.type_name == "map":
        return Kind.PARAMETER
    first, _, rest = path.partition(".")
    member = shape.members.get(first) if shape.type_name == "structure" else None
    return None if member is None else _kind(member, rest)


def _along(value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if not path:
        return [value]
    if isinstance(value, list):
        return [found for item in value for found in _along(item, path)]
    if not isinstance(value, dict):
        return []
    if path in value:
        return _along(value[path], "")
    first, _, rest = path.partition(".")
    return _along(value.get(first), rest)


def _parse(kind: Kind, text: str) -> Value:
    if kind is Kind.NUMBER:
        return float(text)
    if kind is Kind.MOMENT:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind is Kind.BOOLEAN:
        if text.lower() not in {"true", "false"}:
            raise ValueError(text)
        return text.lower() == "true"
    return text


def comparable(kind: Kind, value: Any) -> Any:
    """A described value in the form that filters and sorting compare."""
    if kind is Kind.MOMENT and isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    if kind is Kind.NUMBER:
        return float(value)
    return value
