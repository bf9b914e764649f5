"""Condition blocks of policies.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.policy.wildcards import Keys, Value, fill, matches_arn, matches_with

if TYPE_CHECKING:
    from collections.abc import Iterable

Test = Callable[[Keys, str, str], bool]
"""From the keys, the request's value and the policy's value to whether they fit."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One operator with one key: ``values`` are alternatives.

    ``quantifier`` is ``""``, ``"foranyvalue"`` or ``"forallvalues"``. A ``negated`` operator holds when no value fits.
    """

    key: str
    operator: str
    values: tuple[str, ...]
    quantifier: str = ""
    if_exists: bool = False

    @property
    def negated(self) -> bool:
        """Whether the operator asks for a difference."""
        return self.operator in _NEGATED

    def met(self, keys: Keys) -> bool:
        """Whether a request with these keys fulfils the condition."""
        actual = keys.get(self.key)
        if self.operator == "null":
            return (actual is None) == (self.values[:1] == ("true",))
        if actual is None or actual == []:
            return self._met_without_key()
        fits = [self._fits(keys, value) for value in _texts(actual)]
        return all(fits) if self.quantifier == "forallvalues" else any(fits)

    def _met_without_key(self) -> bool:
        if self.if_exists or self.quantifier == "forallvalues":
            return True
        return self.negated and self.quantifier != "foranyvalue"

    def _fits(self, keys: Keys, actual: str) -> bool:
        test = _TESTS.get(_NEGATED.get(self.operator, self.operator))
        if test is None:
            return False
        found = any(test(keys, actual, expected) for expected in self.values)
        return found != self.negated


def parse_conditions(block: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions of a statement; all of them must be met."""
    return tuple(
        _condition(operator, key, values)
        for operator, entries in block.items()
        if isinstance(entries, dict)
        for key, values in entries.items()
    )


def _condition(operator: str, key: str, values: Any) -> Condition:
    quantifier, colon, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    return Condition(
        key=key.lower(),
        operator=name.removesuffix("ifexists"),
        values=tuple(_text(value) for value in (values if isinstance(values, list) else [values])),
        quantifier=quantifier if colon else "",
        if_exists=if_exists,
    )


def _texts(value: Value) -> Iterable[str]:
    return (_text(item) for item in value) if isinstance(value, list) else (_text(value),)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _exactly(same: Callable[[str, str], bool]) -> Test:
    """A comparison of whole values, after the policy's variables are filled in."""

    def test(keys: Keys, actual: str, expected: str) -> bool:
        filled = fill(keys, expected)
        return filled is not None and same(actual, filled)

    return test


def _numeric(compare: Callable[[float, float], bool]) -> Test:
    def same(actual: str, expected: str) -> bool:
        try:
            return compare(float(actual), float(expected))
        except ValueError:
            return False

    return _exactly(same)


def _dated(compare: Callable[[float, float], bool]) -> Test:
    def same(actual: str, expected: str) -> bool:
        left, right = _moment(actual), _moment(expected)
        return left is not None and right is not None and compare(left, right)

    return _exactly(same)


def _moment(text: str) -> float | None:
    """Seconds since the epoch, from themselves or from one of the W3C's ISO 8601 forms."""
    if re.fullmatch(r"\d{5,}(\.\d+)?", text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(actual: str, expected: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _same_bytes(actual: str, expected: str) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(expected, validate=True)
    except binascii.Error:
        return False


_TESTS: Mapping[str, Test] = {
    "stringequals": _exactly(lambda actual, expected: actual == expected),
    "stringequalsignorecase": _exactly(lambda actual, expected: actual.lower() == expected.lower()),
    "stringlike": matches_with,
    "numericequals": _numeric(lambda actual, expected: actual == expected),
    "numericlessthan": _numeric(lambda actual, expected: actual < expected),
    "numericlessthanequals": _numeric(lambda actual, expected: actual <= expected),
    "numericgreaterthan": _numeric(lambda actual, expected: actual > expected),
    "numericgreaterthanequals": _numeric(lambda actual, expected: actual >= expected),
    "dateequals": _dated(lambda actual, expected: actual == expected),
    "datelessthan": _dated(lambda actual, expected: actual < expected),
    "datelessthanequals": _dated(lambda actual, expected: actual <= expected),
    "dategreaterthan": _dated(lambda actual, expected: actual > expected),
    "dategreaterthanequals": _dated(lambda actual, expected: actual >= expected),
    "bool": _exactly(lambda actual, expected: actual.lower() == expected.lower()),
    "binaryequals": _exactly(_same_bytes),
    "ipaddress": _exactly(_in_network),
    "arnequals": matches_arn,
    "arnlike": matches_arn,
}
_NEGATED: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}
