"""Looks run side by side; what goes wrong with one is told as what it is, and never stops another."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    ExitCode,
    InputMissingError,
    ModelyardError,
    TemporaryError,
    UsageError,
)
from agent.preflight.finding import Finding, as_error, in_order
from agent.preflight.running import side_by_side
from agent.preflight.subject import Look
from tests.unit.preflight.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SUBJECT = subject()
WELL = SUBJECT.ok("well", "it")


def look(ask: Callable[[], Iterable[Finding]], *, needed: bool = True) -> Look:
    return Look(subject=SUBJECT, what="it", resource="thing", ask=ask, needed=needed, hints={"fix": "mend it"})


def raising(error: Exception, *, needed: bool = True) -> Look:
    def ask() -> Iterable[Finding]:
        raise error

    return look(ask, needed=needed)


def test_findings_come_in_the_order_of_the_looks() -> None:
    def slow() -> Iterable[Finding]:
        time.sleep(0.1)
        return [SUBJECT.ok("slow", "it")]

    assert [found.what for found in side_by_side([look(slow), look(lambda: [WELL])], seconds=5)] == ["slow", "well"]


@pytest.mark.parametrize(("needed", "severity", "code"), [(True, "error", 75), (False, "warning", 0)])
def test_a_look_without_an_answer_is_left_alone_after_its_time(needed: bool, severity: str, code: int) -> None:
    never = threading.Event()

    def ask() -> Iterable[Finding]:
        never.wait(60)
        return [WELL]

    began = time.monotonic()
    late, well = side_by_side([look(ask, needed=needed), look(lambda: [WELL])], seconds=0.2)
    never.set()
    assert time.monotonic() - began < 5
    assert (late.severity, late.exit_code) == (severity, code)
    assert late.why == "could not be looked at: no answer within 0.2 s"
    assert well == WELL


@pytest.mark.parametrize("kind", [AccessDeniedError, CloudFailedError, TemporaryError, InputMissingError])
def test_what_a_run_needs_is_an_error_of_its_own_exit_code(kind: type[ModelyardError]) -> None:
    (found,) = side_by_side([raising(kind("no"))], seconds=5)
    assert (found.severity, found.why, found.fix, found.exit_code) == ("error", "no", "mend it", kind.exit_code)


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (AccessDeniedError, "warning"),
        (CloudFailedError, "warning"),
        (TemporaryError, "warning"),
        (InputMissingError, "error"),
    ],
)
def test_what_nobody_may_tell_is_a_warning_but_an_answer_is_an_answer(
    kind: type[ModelyardError], severity: str
) -> None:
    (found,) = side_by_side([raising(kind("no"), needed=False)], seconds=5)
    assert found.severity == severity


def test_a_bug_of_ours_stops_nobody_and_says_so() -> None:
    found, well = side_by_side([raising(KeyError("x")), look(lambda: [WELL])], seconds=5)
    assert (found.severity, found.fix) == ("warning", "please report it")
    assert "a bug of modelyard: KeyError: 'x'" in found.why
    assert well == WELL


def test_the_gravest_error_decides() -> None:
    codes = (TemporaryError("a"), InputMissingError("b"), AccessDeniedError("c"), UsageError("d"))
    found = side_by_side([raising(error) for error in codes], seconds=5)
    error = as_error((WELL, *found))
    assert error is not None
    assert error.exit_code == ExitCode.USAGE
    assert str(error).startswith("4 of 5 checks failed:\n")


def test_warnings_are_no_error() -> None:
    assert as_error((WELL, SUBJECT.found("warning", "it", "thing", "hm"))) is None


def test_the_gravest_is_told_first() -> None:
    wrong, hm = (SUBJECT.found(severity, "it", "thing", severity) for severity in ("error", "warning"))
    assert in_order((WELL, hm, wrong)) == (wrong, hm, WELL)
