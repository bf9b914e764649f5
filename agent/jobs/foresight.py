"""What driving a job would write, found out by looking only: the plan that ``--dry-run`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.jobs.attempts import MOST_ATTEMPTS, Move, move
from agent.step import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.jobs.order import JobOrder
    from agent.ports.account import Account
    from agent.ports.jobs import JobKind


def foresee(order: JobOrder, account: Account) -> tuple[Action, ...]:
    """The job that would be started, with its model if it needs one; none where one that ran or runs is adopted."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        name = order.name(attempt)
        doing = move(account.jobs.describe(order.kind, name), order.kept)
        if doing is Move.ADOPT:
            return ()
        if doing is Move.CREATE:
            note = "" if attempt == 1 else f"attempt {attempt}: the one before did not complete"
            job = creation(order.kind, name, account, note=note, request=order.request(name))
            return (job,) if order.serving is None else _with_model(job, order.serving.model(name), name, account)
    return ()


def creation(
    kind: JobKind, name: str, account: Account, *, note: str, request: Mapping[str, Any] | None = None
) -> Action:
    """A job that would be started; ``name`` may be a pattern, of jobs whose names nobody knows yet."""
    return _action(f"sagemaker:Create{kind.noun}", f"{kind}-job/{name}", account, note=note, request=request)


def _with_model(job: Action, request: Mapping[str, Any], name: str, account: Account) -> tuple[Action, ...]:
    made = _action("sagemaker:CreateModel", f"model/{name}", account, note="for the job only", request=request)
    gone = _action("sagemaker:DeleteModel", f"model/{name}", account, note="when the job is over")
    return (made, job, gone)


def _action(
    operation: str, resource: str, account: Account, *, note: str, request: Mapping[str, Any] | None = None
) -> Action:
    arn = f"arn:aws:sagemaker:{account.region}:{account.id}:{resource}"
    return Action(operation=operation, resource=arn, account=account.id, note=note, request=request or {})
