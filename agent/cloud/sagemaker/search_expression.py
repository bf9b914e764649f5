"""Search expressions: which resources satisfy them, decided on documents as Describe operations answer them.

Source: SearchExpression, Filter and NestedFilters in the SageMaker API reference.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.search_property import Kind, Property, comparable, property_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import Shape

    from agent.cloud.sagemaker.operation import Members

Predicate = "Callable[[Mapping[str, Any]], bool]"

_MOST_CONDITIONS = 50
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_TEXTS = frozenset({Kind.TEXT, Kind.PARAMETER})


def parse(expression: Members, record: Shape) -> Callable[[Mapping[str, Any]], bool]:
    """The condition that an expression puts on resources of the shape ``record``; raises ``ValidationException``."""
    filters = list(_filters(expression))
    if _size(expression) > _MOST_CONDITIONS:
        raise validation_error(f"A SearchExpression can contain at most {_MOST_CONDITIONS} conditions.")
    if sum(each.get("Operator") == "Contains" for each in filters) > 1:
        raise validation_error("'CONTAINS' operator usage limit of 1 exceeded.")
    return _expression(expression, record)


def _filters(expression: Members) -> Iterator[Members]:
    yield from expression.get("Filters", [])
    for nested in expression.get("NestedFilters", []):
        yield from nested["Filters"]
    for sub in expression.get("SubExpressions", []):
        yield from _filters(sub)


def _size(expression: Members) -> int:
    subs = expression.get("SubExpressions", [])
    own = len(expression.get("Filters", [])) + len(expression.get("NestedFilters", [])) + len(subs)
    return own + sum(_size(sub) for sub in subs)


def _expression(expression: Members, record: Shape) -> Callable[[Mapping[str, Any]], bool]:
    parts = [
        *(_filter(each, record) for each in expression.get("Filters", [])),
        *(_nested(each, record) for each in expression.get("NestedFilters", [])),
        *(_expression(each, record) for each in expression.get("SubExpressions", [])),
    ]
    if not parts:
        raise validation_error("A SearchExpression needs at least one of SubExpressions, Filters and NestedFilters.")
    join = any if expression.get("Operator") == "Or" else all
    return lambda document: join(part(document) for part in parts)


def _nested(nested: Members, record: Shape) -> Callable[[Mapping[str, Any]], bool]:
    """Satisfied when one item of the list satisfies all filters, whose names begin with the list's."""
    name = nested["NestedPropertyName"]
    items = property_of(record, name)
    for each in nested["Filters"]:
        if not each["Name"].startswith(f"{name}."):
            raise validation_error(f"Unknown property name: {each['Name']}; it is no property of {name}")
    filters = [(each, property_of(record, each["Name"])) for each in nested["Filters"]]
    tests = [_test(each, Property(found.name.removeprefix(f"{name}."), found.kind)) for each, found in filters]

    def satisfied(document: Mapping[str, Any]) -> bool:
        flat = [item for value in items.values(document) for item in (value if isinstance(value, list) else [value])]
        return any(all(test(item) for test in tests) for item in flat)

    return satisfied


def _filter(each: Members, record: Shape) -> Callable[[Mapping[str, Any]], bool]:
    return _test(each, property_of(record, each["Name"]))


def _test(each: Members, prop: Property) -> Callable[[Mapping[str, Any]], bool]:
    name = each.get("Operator", "Equals")
    if name in {"Exists", "NotExists"}:
        return lambda document: bool(prop.values(document)) == (name == "Exists")
    if "Value" not in each:
        raise validation_error(f"Operator {name} of property {prop.name} needs a Value.")
    if prop.kind is Kind.COMPOSITE:
        raise validation_error(f"Operator {name} is not supported for property {prop.name}: name one of its members.")
    return _compared(name, prop, each["Value"])


def _compared(name: str, prop: Property, wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    if name in {"Contains", "In"} and prop.kind not in _TEXTS:
        raise validation_error(f"Operator {name} is only supported for text properties, which {prop.name} is not.")
    if name in _ORDER and prop.kind is Kind.TEXT:
        raise validation_error(f"Operator {name} is not supported for text properties such as {prop.name}.")
    if name == "Contains":
        return lambda document: any(wanted in str(value) for value in prop.values(document))
    if name == "In":
        choices = {choice.strip() for choice in wanted.split(",")}
        return lambda document: any(str(value) in choices for value in prop.values(document))
    holds = _ORDER.get(name) or operator.eq
    test = _parameter_test(holds, wanted) if prop.kind is Kind.PARAMETER else _typed_test(holds, prop, wanted)
    if name == "NotEquals":
        return lambda document: not any(test(value) for value in prop.values(document))
    return lambda document: any(test(value) for value in prop.values(document))


def _typed_test(holds: Callable[[Any, Any], bool], prop: Property, wanted: str) -> Callable[[Any], bool]:
    expected = prop.parse(wanted)
    return lambda value: holds(comparable(prop.kind, value), expected)


def _parameter_test(holds: Callable[[Any, Any], bool], wanted: str) -> Callable[[Any], bool]:
    """Hyperparameters are texts; against an integer they count as integers, against a decimal as decimals."""
    as_number = _integer if _integer_text(wanted) else _decimal
    expected = as_number(wanted)

    def test(value: Any) -> bool:
        number = as_number(str(value))
        if number is None or expected is None:
            return holds is operator.eq and str(value) == wanted
        return holds(number, expected)

    return test


def _integer_text(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _decimal(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _integer(text: str) -> float | None:
    number = _decimal(text)
    try:
        return None if number is None else int(number)
    except (ValueError, OverflowError):
        return None
