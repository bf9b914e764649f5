"""What a release must have behind it before an environment takes it, decided from the ledger alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.ledger.environments import Environments
from agent.naming import short
from agent.release.origins import Origins, branches_of_candidate, require_admitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.deployment.order import Order
    from agent.ledger.environments import Deployment


def require_promotable(order: Order, before: Sequence[str], main: Sequence[str], ctx: Context) -> None:
    """Raise UsageError for a branch's candidate that is not taken there, and for what did not prove itself before."""
    candidate_of = branches_of_candidate(Origins(ctx.ledger).of(order.digest, order.release), main)
    first = not before
    require_admitted(order.digest, candidate_of, order.environment, name=order.name, first=first, main=main)
    require_proved(order.digest, before, Environments(ctx.ledger))


def require_proved(release: str, before: Sequence[str], environments: Environments) -> None:
    """Raise UsageError for the first environment that has not had the release, or has not found it good."""
    for name in before:
        deployed = any(one.release == release and one.status == "done" for one in environments.newest_first(name))
        if not deployed:
            raise UsageError(
                f"release {short(release)} has not been in {name}, which comes first; "
                f"bring it there with: modelyard promote {release} --to {name}"
            )
        check = environments.checked(name, release)
        if check is None or not check.passed:
            what = "has not been checked" if check is None else "did not pass its check"
            raise UsageError(
                f"release {short(release)} is in {name}, but {what} there; "
                f"check it with: modelyard promote {release} --to {name}"
            )


def release_before(history: Sequence[Deployment], environment: str) -> str:
    """The release that a rollback goes to, from a history with the oldest first.

    A rollback takes back what it went past, so that a second one goes further back instead of forward again.
    """
    line: list[str] = []
    for one in (one for one in history if one.status == "done"):
        if one.action == "rollback" and one.release in line:
            del line[len(line) - line[::-1].index(one.release) :]
        if not line or line[-1] != one.release:
            line.append(one.release)
    if len(line) < 2:
        raise UsageError(f"there is no release before the current one in {environment}; {_choice(history)}")
    return line[-2]


def brought_back(history: Sequence[Deployment], run: str) -> str | None:
    """The release that this very run has rolled the environment back to, if it has.

    One whose agent was lost when it had done so must not go further back when it is tried again.
    """
    current = next((one for one in reversed(history) if one.status == "done"), None)
    return current.release if current and (current.run, current.action) == (run, "rollback") else None


def require_known(release: str, history: Sequence[Deployment], environment: str) -> None:
    """Raise UsageError for a release that an environment never had."""
    if not any(one.release == release and one.status == "done" for one in history):
        raise UsageError(f"release {short(release)} was never live in {environment}; {_choice(history)}")


def _choice(history: Sequence[Deployment]) -> str:
    known = {one.release: one for one in history if one.status == "done"}
    if not known:
        return "nothing was ever live there"
    newest_first = sorted(known.values(), key=lambda one: one.number, reverse=True)
    listed = ", ".join(f"{one.release} ({one.ended:%Y-%m-%d %H:%M})" for one in newest_first)
    return f"these were, the newest first: {listed}; choose one with --to"
