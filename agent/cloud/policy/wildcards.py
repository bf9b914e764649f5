"""Patterns of the policy language: ``*``, ``?`` and policy variables such as ``${aws:PrincipalTag/project}``.

Source: IAM user guide, "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = str | bool | int | float | list[str]
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*", "?", "$"}


class Keys(Protocol):
    """The condition keys of one request, by lower-case name."""

    def get(self, name: str, /) -> Value | None:
        """A key's value; None when the request does not have the key."""


def matches(text: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether ``text`` fits a pattern without variables."""
    return pattern == "*" or _compiled(pattern, ignore_case).fullmatch(text) is not None


def matches_with(keys: Keys, text: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether ``text`` fits a pattern once its variables are filled in; one that the request lacks fits nothing."""
    if "${" not in pattern:
        return matches(text, pattern, ignore_case=ignore_case)
    regex = _filled(keys, pattern)
    return regex is not None and re.fullmatch(regex, text, _flags(ignore_case)) is not None


def matches_arn(keys: Keys, arn: str, pattern: str) -> bool:
    """Whether an ARN fits: each of its six parts on its own, so that a wildcard does not reach over a colon."""
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    if len(wanted) != len(given):
        return len(wanted) == 1 and matches_with(keys, arn, pattern)
    return all(matches_with(keys, part, fits) for part, fits in zip(given, wanted, strict=True))


def fill(keys: Keys, text: str) -> str | None:
    """``text`` with its variables filled in, for operators that know no wildcards; None when one is missing."""
    if "${" not in text:
        return text
    parts = [_resolve(keys, name) if index % 2 else name for index, name in enumerate(_VARIABLE.split(text))]
    return None if None in parts else "".join(part or "" for part in parts)


def _filled(keys: Keys, pattern: str) -> str | None:
    regex = ""
    for index, part in enumerate(_VARIABLE.split(pattern)):
        if index % 2 == 0:
            regex += _regex(part)
            continue
        value = _resolve(keys, part)
        if value is None:
            return None
        regex += re.escape(value)
    return regex


def _resolve(keys: Keys, variable: str) -> str | None:
    """A variable's value; ``${key, 'default'}`` has one for requests without the key."""
    if variable in _LITERALS:
        return variable
    name, _, default = variable.partition(",")
    value = keys.get(name.strip().lower())
    if isinstance(value, list) or value is None:
        return default.strip().strip("'") if default else None
    return str(value)


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(_regex(pattern), _flags(ignore_case))


def _regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in pattern)


def _flags(ignore_case: bool) -> re.RegexFlag:
    return re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG)


def any_matches(keys: Keys, text: str, patterns: Sequence[str], *, ignore_case: bool = False) -> bool:
    """Whether ``text`` fits one of the patterns."""
    return any(matches_with(keys, text, pattern, ignore_case=ignore_case) for pattern in patterns)
