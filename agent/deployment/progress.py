"""How far a deployment has come, as the next visit has to know it: what is under way is not begun again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import AwareDatetime

from agent.step import Action
from agent.visit import Note

if TYPE_CHECKING:
    from datetime import datetime

    from agent.context import Context


class Restoring(Note):
    """A write that puts scaling back; no other one may come in with a request."""

    operation: Literal["application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"]
    resource: str
    account: str
    request: Mapping[str, Any]


class Progress(Note):
    """A deployment since ``started``, towards the configuration ``config``.

    ``said`` tells that people know what differs; ``moved`` that the endpoint has begun to go there, ``changing_since``
    when; ``restore`` is what puts back scaling that was taken down.
    """

    started: AwareDatetime
    config: str
    said: bool = False
    moved: bool = False
    changing_since: AwareDatetime | None = None
    restore: tuple[Restoring, ...] = ()

    def changing(self, restore: Sequence[Action]) -> Self:
        """About to change the endpoint."""
        known = [Restoring.model_validate(vars(action)) for action in restore]
        return self.model_copy(
            update={"said": True, "restore": (*self.restore, *(one for one in known if one not in self.restore))}
        )

    def moving(self, *, since: datetime | None) -> Self:
        """With the endpoint under way."""
        return self if self.moved else self.model_copy(update={"moved": True, "changing_since": since})

    @property
    def restoring(self) -> tuple[Action, ...]:
        """What puts scaling back."""
        return tuple(Action(**one.model_dump()) for one in self.restore)


def progress_of(environment: str) -> str:
    """What a visit knows the progress of an environment's deployment by."""
    return f"deployment to {environment}"


def progress(environment: str, ctx: Context, *, config: str) -> Progress:
    """How far an earlier visit came with that configuration, or the beginning."""
    former = ctx.visit.recall(progress_of(environment), Progress)
    if former is not None and former.config == config:
        return former
    return Progress(started=ctx.clock.now(), config=config)
