"""Removing asks for the name of what is removed: typed by people, given as an option by programs."""

from __future__ import annotations

import io

import pytest

from agent.commands.bootstrap.confirmation import confirm
from agent.console import Console
from agent.errors import UsageError


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def ask(monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO, given: str | None = None) -> str:
    monkeypatch.setattr("sys.stdin", stdin)
    said = io.StringIO()
    confirm(Console(people=said), expected="iris", given=given, option="--yes", about="the stacks")
    return said.getvalue()


def test_who_types_the_name_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, Terminal("iris\n")) == "To remove the stacks, type iris: "


@pytest.mark.parametrize("typed", ["", "y\n", "Iris\n"])
def test_who_types_anything_else_does_not(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    with pytest.raises(UsageError, match="nothing was removed"):
        ask(monkeypatch, Terminal(typed))


def test_an_option_says_it_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, io.StringIO(), given="iris") == ""


def test_another_name_in_the_option_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="'rose' is not 'iris', which --yes wants"):
        ask(monkeypatch, Terminal("iris\n"), given="rose")


def test_where_nobody_can_type_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--yes iris says yes"):
        ask(monkeypatch, io.StringIO("iris\n"))
