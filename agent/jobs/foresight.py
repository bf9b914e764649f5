"""What driving a job would write, found out by looking only: the plan that ``--dry-run`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.jobs.attempts import MOST_ATTEMPTS, Move, move
from agent.ports.jobs import JobKind
from agent.step import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.jobs.order import JobOrder
    from agent.ports.account import Account

_CREATE: Mapping[JobKind, tuple[str, str]] = {
    JobKind.TRAINING: ("sagemaker:CreateTrainingJob", "training-job"),
    JobKind.PROCESSING: ("sagemaker:CreateProcessingJob", "processing-job"),
}


def foresee(order: JobOrder, account: Account) -> tuple[Action, ...]:
    """The job that would be started; none where one that ran or runs would be adopted."""
    operation, kind = _CREATE[order.kind]
    for attempt in range(1, MOST_ATTEMPTS + 1):
        name = order.name(attempt)
        doing = move(account.jobs.describe(order.kind, name), order.kept)
        if doing is Move.ADOPT:
            return ()
        if doing is Move.CREATE:
            arn = f"arn:aws:sagemaker:{account.region}:{account.id}:{kind}/{name}"
            note = "" if attempt == 1 else f"attempt {attempt}: the one before did not complete"
            return (
                Action(operation=operation, resource=arn, account=account.id, note=note, request=order.request(name)),
            )
    return ()
