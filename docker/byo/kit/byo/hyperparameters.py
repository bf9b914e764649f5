"""Hyperparameters come as text; the signature of `fit` says what they are."""

from __future__ import annotations

import inspect
import json
import types
import typing
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Union

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SAGEMAKERS_OWN = "sagemaker_"
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class HyperparameterError(ValueError):
    """A hyperparameter is missing, unknown, or not of its type; the message names it."""


def typed(fit: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of ``fit``, whose keyword-only parameters are the hyperparameters.

    Raises :class:`HyperparameterError` for the first that is wrong. `fit(…, **others)` takes what it does not name.
    """
    signature = inspect.signature(fit).parameters.values()
    parameters = {one.name: one for one in signature if one.kind is one.KEYWORD_ONLY}
    takes_all = any(one.kind is one.VAR_KEYWORD for one in signature)
    own = {name: _unquoted(value) for name, value in given.items() if not name.startswith(_SAGEMAKERS_OWN)}
    unknown = [name for name in own if name not in parameters]
    if unknown and not takes_all:
        raise HyperparameterError(_unknown(unknown[0], list(parameters)))
    missing = [name for name, one in parameters.items() if one.default is one.empty and name not in own]
    if missing:
        raise HyperparameterError(f"the hyperparameter `{missing[0]}` is missing, and `fit` has no default for it")
    hints = typing.get_type_hints(fit)
    return {name: _read(name, text, hints.get(name, str)) for name, text in own.items()}


def _unquoted(value: Any) -> str:
    """Text as it was meant: SageMaker's SDK writes every value as JSON, so that text stands in quotes twice."""
    if not isinstance(value, str):
        return json.dumps(value)
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    if close:
        return f"`fit` has no hyperparameter `{name}`; did you mean `{close[0]}`?"
    return f"`fit` has no hyperparameter `{name}`; it has {', '.join(f'`{one}`' for one in known) or 'none'}"


def _read(name: str, text: str, wanted: Any) -> Any:
    try:
        return _value(text, wanted)
    except (ValueError, TypeError) as error:
        raise HyperparameterError(f"the hyperparameter `{name}` is {text!r}, not {_words(wanted)}") from error


def _value(text: str, wanted: Any) -> Any:
    """``text`` as a value of the annotation ``wanted``; raises ValueError."""
    if wanted in (str, Any):
        return text
    if wanted in (int, float):
        return wanted(text)
    words = _words_of(wanted)
    if words is not None:
        return _of_table(text if text in words else text.lower(), words)
    if typing.get_origin(wanted) in (Union, types.UnionType):
        return _first(text, typing.get_args(wanted))
    return _of_json(text, wanted)


def _words_of(wanted: Any) -> dict[str, Any] | None:
    """The texts that an annotation allows, where it allows only some."""
    if wanted is bool:
        return dict(_BOOLEANS)
    if wanted is type(None):
        return {"none": None, "null": None, "": None}
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return {str(member.value): member for member in wanted}
    if typing.get_origin(wanted) is Literal:
        return {str(value): value for value in typing.get_args(wanted)}
    return None


def _first(text: str, choices: tuple[Any, ...]) -> Any:
    """The first type that fits; text, which everything is, comes last."""
    for choice in sorted(choices, key=lambda one: one is str):
        try:
            return _value(text, choice)
        except ValueError:
            continue
    raise ValueError(text)


def _of_json(text: str, wanted: Any) -> Any:
    """Lists, tuples and dicts are JSON; the annotations of what they hold are taken into account for lists."""
    container = typing.get_origin(wanted) or wanted
    value = json.loads(text)
    if container in (list, tuple) and isinstance(value, list):
        inner = {one for one in typing.get_args(wanted) if one is not ...}
        return container(_value(_unquoted(one), *inner) if len(inner) == 1 else one for one in value)
    if container is dict and isinstance(value, dict):
        return value
    raise ValueError(text)


def _of_table(text: str, table: Mapping[str, Any]) -> Any:
    if text not in table:
        raise ValueError(text)
    return table[text]


def _words(wanted: Any) -> str:
    """What a value should have been, for people."""
    simple = {int: "a whole number", float: "a number", bool: "true or false"}
    if wanted in simple:
        return simple[wanted]
    words = _words_of(wanted)
    if words is not None:
        return f"one of {', '.join(words)}"
    return wanted.__name__ if type(wanted) is type else str(wanted)
