"""Hyperparameters to search over: every range is laid on the interval from 0 to 1, so that strategies see one shape.

Source: ``ParameterRanges`` and the developer guide's "Hyperparameter scaling".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WIDE = 100.0


class Range(Protocol):
    """The values that one hyperparameter may have."""

    @property
    def name(self) -> str:
        """The hyperparameter."""

    @property
    def choices(self) -> int | None:
        """How many values there are, for a categorical one; None where they have an order."""

    def value(self, place: float) -> str:
        """The value at ``place`` in [0, 1), as hyperparameters are written."""

    def place(self, value: str) -> float | None:
        """Where a value lies in [0, 1]; None for one outside the range."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A monotonous function and its inverse."""

    forward: Callable[[float], float]
    back: Callable[[float], float]


_LINEAR = Scale(forward=lambda x: x, back=lambda y: y)
_LOGARITHMIC = Scale(forward=math.log, back=math.exp)
_REVERSE_LOGARITHMIC = Scale(forward=lambda x: -math.log1p(-x), back=lambda y: -math.expm1(-y))


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """Numbers from ``low`` to ``high``, both included; ``whole`` for integers."""

    name: str
    low: float
    high: float
    whole: bool
    scale: Scale
    choices: None = None

    def value(self, place: float) -> str:
        """See :class:`Range`."""
        start, end = self._ends()
        number = self.scale.back(start + place * (end - start))
        if self.whole:
            return str(int(min(max(math.floor(number + 0.5), self.low), self.high)))
        return repr(min(max(number, self.low), self.high))

    def place(self, value: str) -> float | None:
        """See :class:`Range`."""
        try:
            number = float(value)
        except ValueError:
            return None
        if not self.low <= number <= self.high:
            return None
        start, end = self._ends()
        return (self.scale.forward(number) - start) / (end - start) if end > start else 0.0

    def _ends(self) -> tuple[float, float]:
        """The scaled ends; half a step further out for integers, so that every one is equally likely."""
        margin = 0.5 if self.whole else 0.0
        low = self.low - margin if self.scale is not _LOGARITHMIC else max(self.low - margin, self.low / 2)
        return self.scale.forward(low), self.scale.forward(self.high + margin)


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """Values without an order."""

    name: str
    values: tuple[str, ...]

    @property
    def choices(self) -> int:
        """See :class:`Range`."""
        return len(self.values)

    def value(self, place: float) -> str:
        """See :class:`Range`."""
        return self.values[min(int(place * len(self.values)), len(self.values) - 1)]

    def place(self, value: str) -> float | None:
        """See :class:`Range`."""
        return (self.values.index(value) + 0.5) / len(self.values) if value in self.values else None


def parameter_ranges(members: Mapping[str, Any] | None) -> tuple[Range, ...]:
    """The ranges of a request; raises ``ValidationException`` for one that is empty or cannot be scaled so."""
    given = members or {}
    ranges: tuple[Range, ...] = (
        *(_numeric(r, whole=True) for r in given.get("IntegerParameterRanges") or []),
        *(_numeric(r, whole=False) for r in given.get("ContinuousParameterRanges") or []),
        *(
            Categorical(name=r["Name"], values=tuple(dict.fromkeys(r["Values"])))
            for r in given.get("CategoricalParameterRanges") or []
        ),
    )
    names = [r.name for r in ranges]
    if len(set(names)) < len(names):
        raise validation_error("A hyperparameter may have only one range; these repeat: " + ", ".join(sorted(names)))
    return ranges


def _numeric(member: Mapping[str, Any], *, whole: bool) -> Numeric:
    name = member["Name"]
    try:
        convert: Callable[[str], float] = int if whole else float
        low, high = convert(member["MinValue"]), convert(member["MaxValue"])
    except ValueError:
        raise validation_error(
            f"MinValue and MaxValue of {name} must be {'integers' if whole else 'numbers'}."
        ) from None
    if not low <= high:
        raise validation_error(f"MinValue of {name} must be less than or equal to its MaxValue.")
    scaling = member.get("ScalingType", "Auto")
    if scaling == "Auto":
        scaling = "Logarithmic" if low > 0 and high / low >= _WIDE else "Linear"
    if scaling == "Logarithmic" and low <= 0:
        raise validation_error(f"Logarithmic scaling of {name} needs a MinValue greater than 0.")
    if scaling == "ReverseLogarithmic" and (whole or low < 0 or high >= 1):
        raise validation_error(f"ReverseLogarithmic scaling of {name} needs a continuous range within 0 <= x < 1.")
    return Numeric(name=name, low=low, high=high, whole=whole, scale=_SCALES[scaling])


_SCALES: Mapping[str, Scale] = {
    "Linear": _LINEAR,
    "Logarithmic": _LOGARITHMIC,
    "ReverseLogarithmic": _REVERSE_LOGARITHMIC,
}
