"""The words that findings are made of: what is written, which choices there are, what was probably meant."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING

from agent.config.tree import MappingNode, SequenceNode
from agent.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.config.tree import Node, Path

_LONGEST_QUOTE = 40


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint that names the known word that is closest to ``word``, also to its camelCase; else nothing."""
    choices = list(known)
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in word).replace("-", "_")
    close = get_close_matches(snake.strip("_"), choices, n=1) or get_close_matches(word, choices, n=1)
    return f"did you mean `{close[0]}`?" if close else ""


def as_hint(sentence: str) -> str:
    """A description from the model in the form of a hint: it starts small and has no full stop."""
    starts_with_word = sentence[1:2].islower()
    return (sentence[:1].lower() + sentence[1:] if starts_with_word else sentence).rstrip(".")


def in_list(words: Iterable[object], conjunction: str = "or") -> str:
    """Words as in "`a`, `b` or `c`"."""
    quoted = [f"`{word}`" for word in words]
    return f"{', '.join(quoted[:-1])} {conjunction} {quoted[-1]}" if len(quoted) > 1 else "".join(quoted)


def described(node: Node) -> str:
    """What is written, as in "the text "two"" or "a list"."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    match node.value:
        case None:
            return "nothing"
        case bool():
            return f"`{node.written}`"
        case str(text):
            return f"the text {_quoted(text)}"
        case _:
            return f"the number {node.written}"


def _quoted(text: str) -> str:
    return json.dumps(shortened(text, _LONGEST_QUOTE), ensure_ascii=False)


def called(path: Path, *, document: str) -> str:
    """What people call the value at a path, as in "`region`" or "item 2 of `outputs`"."""
    if not path:
        return document
    if path[-1].isdecimal() and len(path) > 1:
        return f"item {int(path[-1]) + 1} of `{path[-2]}`"
    return f"`{path[-1]}`"


def section(path: Path, *, document: str) -> str:
    """What people call the section at a path, as in "`training.resources`"."""
    return f"`{'.'.join(path)}`" if path else document
