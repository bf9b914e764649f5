"""Looks side by side, each with a time limit: what cannot be looked at is told, and stops no other look."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from agent.bootstrap.missing import explained
from agent.errors import AccessDeniedError, CloudFailedError, ExitCode, ModelyardError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Look

_NOT_TOLD = (AccessDeniedError, CloudFailedError, TemporaryError)
"""What a question meets that nobody answers; anything else is an answer."""


def side_by_side(looks: Sequence[Look], *, seconds: float) -> tuple[Finding, ...]:
    """What all looks found, in their order, within so many seconds; one that takes longer is left alone."""
    until = time.monotonic() + seconds
    futures = [_started(look) for look in looks]
    return tuple(
        finding for look, future in zip(looks, futures, strict=True) for finding in _ended(look, future, until, seconds)
    )


def _started(look: Look) -> Future[list[Finding]]:
    """In a thread that the program does not wait for at its end: AWS may answer never."""
    future: Future[list[Finding]] = Future()
    thread = threading.Thread(target=_ask, args=(look, future), name=f"preflight {look.what}", daemon=True)
    thread.start()
    return future


def _ask(look: Look, future: Future[list[Finding]]) -> None:
    try:
        future.set_result(list(look.ask()))
    except BaseException as error:  # noqa: BLE001 - it is raised again, or told, by whoever waits
        future.set_exception(error)


def _ended(look: Look, future: Future[list[Finding]], until: float, seconds: float) -> list[Finding]:
    try:
        return future.result(max(until - time.monotonic(), 0))
    except TimeoutError:
        return [_late(look, seconds)]
    except ModelyardError as error:
        return [_refused(look, error)]
    except Exception as error:  # noqa: BLE001 - a look that we got wrong is no reason to stop anybody
        why = f"could not be looked at, by a bug of modelyard: {type(error).__name__}: {error}"
        return [look.subject.found("warning", look.what, look.resource, why, fix="please report it")]


def _late(look: Look, seconds: float) -> Finding:
    """Without an answer that a run needs nobody can tell that it would not fail, as it would for a busy service."""
    why, fix = f"could not be looked at: no answer within {seconds:g} s", "try again later"
    if look.needed:
        code = int(ExitCode.TEMPORARY)
        return look.subject.found("error", look.what, look.resource, why, fix=fix, exit_code=code)
    return look.subject.found("warning", look.what, look.resource, why, fix=fix)


def _refused(look: Look, error: ModelyardError) -> Finding:
    told = explained(str(error), look.subject.configuration).replace("\nmissing: ", "; missing: ")
    if look.needed or not isinstance(error, _NOT_TOLD):
        return look.subject.found("error", look.what, look.resource, told, exit_code=int(error.exit_code), **look.hints)
    return look.subject.found("warning", look.what, look.resource, f"could not be looked at: {told}", **look.hints)
