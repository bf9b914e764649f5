"""What a page of documentation claims: the commands in its fenced blocks, and what each is said to answer.

A ``console`` block is a transcript: ``$ command`` lines (continued by a trailing backslash or by lines that start
with ``> ``), each followed by the output it shows, where ``...`` stands for anything. An ``sh`` block may be one
too; without ``$ `` it is one script. The fence may carry a label: ``console exits: 2`` for a last command that
fails as shown, ``sh no-test: reason`` for a block that cannot run here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGES = {"console", "sh"}
# Names that renderers know for the same thing; blocks under them would escape the test.
OTHER_NAMES = {"bash", "shell", "shell-session", "zsh", "terminal"}
FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}) *(?P<language>[\w-]*) *(?P<label>[^`]*)$")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as shown; ``output`` is None where the page shows none, ``line`` counts from 1."""

    line: int
    text: str
    output: str | None
    exits: int = 0


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of commands; ``no_test`` says why it is not run, or is empty."""

    page: Path
    line: int
    commands: tuple[Command, ...]
    no_test: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


class UnclearBlockError(ValueError):
    """A block that the test cannot read, which would otherwise go unchecked."""


def blocks(page: Path, text: str) -> list[Block]:
    """The command blocks of a page, top to bottom.

    Raises :class:`UnclearBlockError` for an unknown label, one without its value, a transcript without a command,
    or a language that means the same as ``console``.
    """
    found = []
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        fence = FENCE.match(line)
        if fence is None:
            continue
        body = []
        for _, inner in lines:
            if inner.strip() == fence["ticks"]:
                break
            body.append(inner.removeprefix(fence["indent"]))
        if fence["language"] in OTHER_NAMES:
            raise UnclearBlockError(f"{page}:{number}: write `console` or `sh` instead of `{fence['language']}`")
        if fence["language"] in LANGUAGES:
            found.append(_block(page, number, fence["language"], fence["label"].strip(), body))
    return found


def _block(page: Path, line: int, language: str, label: str, body: list[str]) -> Block:
    kind, _, value = (part.strip() for part in label.partition(":"))
    if kind not in {"", "no-test", "exits"} or bool(kind) != bool(value):
        raise UnclearBlockError(f"{page}:{line}: label is {label!r}, not `no-test: reason` or `exits: code`")
    exits = int(value) if kind == "exits" else 0
    if any(text.startswith("$ ") for text in body):
        commands = _transcript(line + 1, body, exits)
    elif language == "sh":
        commands = (Command(line=line + 1, text="\n".join(body), output=None, exits=exits),)
    else:
        raise UnclearBlockError(f"{page}:{line}: a console block shows at least one `$ command`")
    return Block(page=page, line=line, commands=commands, no_test=value if kind == "no-test" else "")


def _transcript(first: int, body: list[str], exits: int) -> tuple[Command, ...]:
    """The commands of a transcript; only the last may fail."""
    starts = [index for index, line in enumerate(body) if line.startswith("$ ")]
    ends = [*starts[1:], len(body)]
    last = starts[-1]
    return tuple(
        _command(first + start, body[start:end], exits if start == last else 0)
        for start, end in zip(starts, ends, strict=True)
    )


def _command(line: int, shown: list[str], exits: int) -> Command:
    text = [shown[0].removeprefix("$ ")]
    rest = shown[1:]
    while rest and (text[-1].endswith("\\") or re.match(r">( |$)", rest[0])):
        text.append(re.sub(r"^>( |$)", "", rest.pop(0)))
    return Command(line=line, text="\n".join(text), output="\n".join(rest).strip() or None, exits=exits)
