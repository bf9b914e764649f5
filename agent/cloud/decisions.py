"""What the policy engine decided, and by which statements, so that a proof can tell what each statement is for."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class DecisionRecord(BaseModel):
    """One question to the engine and its answer.

    ``principal`` is the ARN of the role, the user or the service that asked. ``allowed_by`` are the Sids of the
    statements that together allowed it, each after its kind of policy (``identity:RunJobs``).
    """

    model_config = ConfigDict(frozen=True)

    number: int
    principal: str
    action: str
    resource: str
    allowed: bool
    allowed_by: tuple[str, ...]


class DecisionLog:
    """The newest decisions, oldest first; bounded so that a long-lived cloud stays small."""

    def __init__(self, keep: int = 100_000) -> None:
        self._kept: deque[tuple[int, str, str, str, bool, tuple[str, ...]]] = deque(maxlen=keep)
        self._next = 1

    def record(self, principal: str, action: str, resource: str, *, allowed: bool, by: Sequence[str]) -> None:
        """Append one decision."""
        self._kept.append((self._next, principal, action, resource, allowed, tuple(by)))
        self._next += 1

    def since(self, number: int = 0) -> Iterable[DecisionRecord]:
        """The decisions after the one with that number."""
        names = tuple(DecisionRecord.model_fields)
        found = (dict(zip(names, kept, strict=True)) for kept in self._kept if kept[0] > number)
        return [DecisionRecord.model_validate(members) for members in found]
