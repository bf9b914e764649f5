"""Lock files that lack what their own libraries need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.images.layers.completeness import missing
from agent.images.requirements import parse_lock, target_environment
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = target_environment("3.11", "linux/amd64")


def absent(*wheels: Path, lock: str | None = None) -> tuple[str, ...]:
    return missing(wheels, parse_lock(lock or locked(*wheels), "r.txt").requirements, ENVIRONMENT)


def test_what_no_wheel_brings_is_named_with_who_needs_it(tmp_path: Path) -> None:
    tool = make_wheel(tmp_path, "tool", needs=["Some_Lib>=2", "other"])
    assert absent(tool, make_wheel(tmp_path, "other")) == ("Some_Lib (for tool)",)


def test_names_are_the_same_however_they_are_spelt(tmp_path: Path) -> None:
    assert absent(make_wheel(tmp_path, "tool", needs=["Some.Lib"]), make_wheel(tmp_path, "some_lib")) == ()


def test_what_another_system_or_an_extra_needs_is_not_missed(tmp_path: Path) -> None:
    assert absent(make_wheel(tmp_path, "tool", needs=["a; sys_platform == 'win32'", "b; extra == 'fast'"])) == ()


def test_an_extra_that_is_locked_is_looked_after(tmp_path: Path) -> None:
    tool = make_wheel(tmp_path, "tool", needs=["b; extra == 'fast'"])
    assert absent(tool, lock=locked(tool).replace("tool==", "tool[fast]==")) == ("b (for tool)",)
