"""Turns what pydantic found into findings that a person can act on: the place, the rule, and how to mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.config.finding import Finding
from agent.config.lookup import is_tagged_union, keys_at, schemas_at, sections_with
from agent.config.problem import Problem
from agent.config.tree import entry_at, value_place
from agent.config.value_explanations import explain_value
from agent.config.wording import as_hint, did_you_mean, in_list, section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from agent.config.text import Place
    from agent.config.tree import MappingNode, Path

_KEY_MARK = "[key]"  # what pydantic appends to the location of an error in a key itself


def explain(error: ErrorDetails, document: MappingNode) -> Finding:
    """The finding for one error of pydantic about the plain values of ``document``."""
    problem = _without_tag_error(
        Problem(
            path=_path(error["loc"]),
            document=document,
            type="key" if _KEY_MARK in error["loc"] else error["type"],
            limits=error.get("ctx", {}),
            text=error["msg"],
        )
    )
    if problem.type in _KEY_FINDINGS:
        return _KEY_FINDINGS[problem.type](problem)
    message, hint = explain_value(problem)
    return Finding(
        place=value_place(document, problem.path),
        code="wrong-value",
        message=f"{problem.name} {message}",
        hint=hint or as_hint(problem.from_model("description")),
        path=problem.path,
    )


def _path(location: Iterable[str | int]) -> Path:
    """The path in the document: without the tags that pydantic inserts below a tagged union."""
    path: Path = ()
    is_tag = False
    for part in location:
        if part != _KEY_MARK and not is_tag:
            path = (*path, str(part))
        is_tag = not is_tag and is_tagged_union(path)
    return path


def _without_tag_error(problem: Problem) -> Problem:
    """A ``kind`` that is absent or unknown, said as for any other key."""
    kinds = {"union_tag_not_found": "missing", "union_tag_invalid": "literal_error"}
    if problem.type not in kinds:
        return problem
    return replace(problem, path=(*problem.path, "kind"), type=kinds[problem.type])


def _key_place(problem: Problem, path: Path) -> Place:
    entry = entry_at(problem.document, path)
    return entry.key if entry else value_place(problem.document, ())


def _missing_key(problem: Problem) -> Finding:
    parent, key = problem.path[:-1], problem.path[-1]
    is_written = entry_at(problem.document, problem.path) is not None
    needs = f"{section(parent, document=problem.file)} needs the key `{key}`"
    kinds = in_list(problem.choices()) if key == "kind" else ""
    example = f"for example {problem.example()}" if problem.example() else ""
    hints = (f"it is {kinds}" if kinds else as_hint(problem.from_model("description")), example)
    return Finding(
        place=_key_place(problem, problem.path if is_written else parent),
        code="missing-key",
        message=f"`{key}` has no value" if is_written else needs,
        hint="; ".join(hint for hint in hints if hint),
        path=problem.path,
    )


def _unknown_key(problem: Problem) -> Finding:
    parent, key = problem.path[:-1], problem.path[-1]
    known = keys_at(parent, problem.document)
    sections = sections_with(key)
    near = [path for path in sections if path[: len(parent)] == parent]
    elsewhere = [".".join(path) for path in near or sections]
    belongs = f"`{key}` is a key of {in_list(elsewhere)}" if elsewhere else ""
    return Finding(
        place=_key_place(problem, problem.path),
        code="unknown-key",
        message=f"unknown key `{key}` in {section(parent, document=problem.file)}",
        hint=belongs or did_you_mean(key, known) or f"the keys here are {in_list(known, 'and')}",
        path=problem.path,
    )


def _wrong_name(problem: Problem) -> Finding:
    rule = schemas_at(problem.path[:-1], problem.document)[0]["propertyNames"]
    return Finding(
        place=_key_place(problem, problem.path),
        code="wrong-name",
        message=f"`{problem.path[-1]}` cannot be a name in {section(problem.path[:-1], document=problem.file)}",
        hint=f"names here {' and '.join(_names(rule))}",
        path=problem.path,
    )


def _names(rule: Mapping[str, Any]) -> Iterator[str]:
    if "pattern" in rule:
        yield f"match `{rule['pattern']}`"
    if "minLength" in rule and "pattern" not in rule:
        yield "are not empty"
    if "maxLength" in rule:
        yield f"have at most {rule['maxLength']} characters"


_KEY_FINDINGS: Mapping[str, Callable[[Problem], Finding]] = {
    "missing": _missing_key,
    "extra_forbidden": _unknown_key,
    "key": _wrong_name,
}
