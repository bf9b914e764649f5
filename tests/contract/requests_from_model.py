"""Requests made from a service model: valid in form, hostile in content, and now and then wrong in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

Shape = Any
"""A shape of botocore's model."""

_DEEPEST = 5
_WORDS = st.sampled_from(
    ["", "a", "name-1", "a_b", "Ä", "*", "x" * 300, "s3://b/k", "s3://", "1", "true", "\0", "${x}"]
)
_ARNS = st.sampled_from(
    [
        "arn:aws:iam::111111111111:role/absent",
        "arn:aws:sagemaker:us-east-1:111111111111:model/absent",
        "arn:aws:sagemaker:us-east-1:111111111111:endpoint/absent",
        "arn:aws:sagemaker:eu-west-1:222222222222:model-package/absent/1",
        "arn:aws:iam::123:role",
        "arn:::::",
    ]
)
_ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    _WORDS,
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([{}]),
)


def requests(shape: Shape) -> SearchStrategy[Any]:
    """Requests of an operation with the input ``shape``."""
    return _structure(shape, 0)


def spoiled(request: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """``request`` with one of its members replaced by anything that JSON can say."""
    if not request:
        return st.just(request)
    return st.tuples(st.sampled_from(sorted(request)), _ANYTHING).map(lambda pair: request | {pair[0]: pair[1]})


def _values(shape: Shape, depth: int) -> SearchStrategy[Any]:
    return _KINDS[shape.type_name](shape, depth)


def _structure(shape: Shape, depth: int) -> SearchStrategy[Any]:
    required = {name: _values(shape.members[name], depth + 1) for name in shape.required_members}
    optional = {
        name: _values(member, depth + 1)
        for name, member in shape.members.items()
        if name not in required and depth < _DEEPEST
    }
    return st.fixed_dictionaries(required, optional=optional)


def _list(shape: Shape, depth: int) -> SearchStrategy[Any]:
    least = shape.metadata.get("min", 0)
    most = max(least, 2) if depth < _DEEPEST else least
    return st.lists(_values(shape.member, depth + 1), min_size=least, max_size=most)


def _map(shape: Shape, depth: int) -> SearchStrategy[Any]:
    return st.dictionaries(_values(shape.key, depth + 1), _values(shape.value, depth + 1), max_size=2)


def _string(shape: Shape, _depth: int) -> SearchStrategy[Any]:
    if shape.enum:
        return st.sampled_from(list(shape.enum))
    return _ARNS if shape.name.endswith(("Arn", "ARN")) else _WORDS


def _integer(shape: Shape, _depth: int) -> SearchStrategy[Any]:
    least = int(shape.metadata.get("min", 0))
    return st.integers(least, int(shape.metadata.get("max", least + 10)))


_KINDS: Mapping[str, Callable[[Shape, int], SearchStrategy[Any]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "float": lambda _shape, _depth: st.floats(allow_nan=False, allow_infinity=False),
    "double": lambda _shape, _depth: st.floats(allow_nan=False, allow_infinity=False),
    "boolean": lambda _shape, _depth: st.booleans(),
    "timestamp": lambda _shape, _depth: st.sampled_from([0, 1.5, -1, 1e18, "2026-01-01T00:00:00Z", "yesterday"]),
    "blob": lambda _shape, _depth: st.just("YQ=="),
}
