"""Says why a value is refused and how to mend it: one explanation for each of pydantic's error types and of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from agent.config.field_types import in_words
from agent.config.lookup import keys_at
from agent.config.problem import Problem
from agent.config.tree import ScalarNode
from agent.config.wording import described, did_you_mean, in_list

if TYPE_CHECKING:
    from collections.abc import Mapping

Explanation: TypeAlias = Callable[[Problem], tuple[str, str]]
"""From a problem to the rest of a sentence that starts with the key, and a hint or nothing."""


def explain_value(problem: Problem) -> tuple[str, str]:
    """What is wrong with a value, as the rest of a sentence that starts with its key, and a hint or nothing."""
    return _EXPLANATIONS.get(problem.type, _as_pydantic_says)(problem)


def _as_pydantic_says(problem: Problem) -> tuple[str, str]:
    return f"is wrong: {problem.text}", ""


def _as_we_say(problem: Problem) -> tuple[str, str]:
    """Our own validators word their message as the end of a sentence (see ``field_types``)."""
    return f"{problem.text}, not {described(problem.node)}" if problem.text.startswith("must") else problem.text, ""


def _account(problem: Problem) -> tuple[str, str]:
    quoted = problem.limits.get("quoted")
    if not quoted:
        return f"{problem.text}, not {described(problem.node)}", ""
    hint = f"quote it, so that YAML keeps its leading zeros: `{problem.path[-1]}: {quoted}`"
    return f"must be text, for YAML reads the number {problem.written}, which has no leading zeros", hint


def _must_be(what: str) -> Explanation:
    def explanation(problem: Problem) -> tuple[str, str]:
        return f"must be {what}, not {described(problem.node)}", _other_spelling(problem)

    return explanation


def _other_spelling(problem: Problem) -> str:
    """How to write what was probably meant, where only the type is wrong."""
    match problem.type, problem.written:
        case "string_type", bool() | int() | float():
            written = problem.node.written if isinstance(problem.node, ScalarNode) else ""
            return f"quote it: {problem.as_line(json.dumps(written))}"
        case "int_type", str(text) if text.isdecimal():
            return f"remove the quotes: {problem.as_line(int(text))}"
        case "bool_type", str(text) if text.lower() in {"yes", "on", "no", "off"}:
            return f"YAML 1.2 knows only true and false: {problem.as_line(text.lower() in {'yes', 'on'})}"
    keys = () if problem.path[:1] == ("overrides",) else keys_at(problem.path, problem.document)
    if keys:
        return f"its keys are {in_list(keys, 'and')}"
    if problem.from_model("additionalProperties"):
        return "write each entry on a line below, as `NAME: ...`"
    return f"for example {problem.example()}" if problem.example() else ""


def _one_of(problem: Problem) -> tuple[str, str]:
    choices = problem.choices()
    hint = did_you_mean(str(problem.written), map(str, choices))
    return f"must be {in_list(choices)}, not {described(problem.node)}", hint


def _pattern(problem: Problem) -> tuple[str, str]:
    title = problem.from_model("title") or "value of the right form"
    article = "an" if title[0] in "aeiouS" else "a"  # "an S3 address"
    hint = f"for example {problem.example()}" if problem.example() else ""
    return f"must be {article} {title}, not {described(problem.node)}", hint


def _bound(words: str, limit: str) -> Explanation:
    def explanation(problem: Problem) -> tuple[str, str]:
        bound = problem.limits[limit]
        if problem.from_model("title") == "duration":
            bound = in_words(int(bound))
        return f"must be {words} {bound}, not {getattr(problem.node, 'written', '')}", ""

    return explanation


def _length(words: str, limit: str, unit: str) -> Explanation:
    def explanation(problem: Problem) -> tuple[str, str]:
        bound = problem.limits[limit]
        return f"must have {words} {bound} {unit if bound != 1 else unit.replace('ies', 'y').removesuffix('s')}", ""

    return explanation


_EXPLANATIONS: Mapping[str, Explanation] = {
    "account": _account,
    "duration": _as_we_say,
    "day": _as_we_say,
    "scalar": _as_we_say,
    "path": _as_we_say,
    "regex": _as_we_say,
    "int_type": _must_be("a whole number"),
    "int_from_float": _must_be("a whole number"),
    "float_type": _must_be("a number"),
    "finite_number": _must_be("a finite number"),
    "string_type": _must_be("text"),
    "string_unicode": _must_be("text that can be written in UTF-8"),
    "bool_type": _must_be("true or false"),
    "model_type": _must_be("a mapping"),
    "model_attributes_type": _must_be("a mapping"),
    "mapping_type": _must_be("a mapping"),
    "dict_type": _must_be("a mapping"),
    "tuple_type": _must_be("a list"),
    "literal_error": _one_of,
    "string_pattern_mismatch": _pattern,
    "greater_than": _bound("more than", "gt"),
    "less_than": _bound("less than", "lt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
    "string_too_long": _length("at most", "max_length", "characters"),
    "string_too_short": _length("at least", "min_length", "characters"),
    "too_long": _length("at most", "max_length", "entries"),
    "too_short": _length("at least", "min_length", "entries"),
}
