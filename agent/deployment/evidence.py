"""What whoever decides about a deployment is shown, in rows that people and programs read alike."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from agent.step import StepModel

if TYPE_CHECKING:
    from agent.ledger.approvals import Approval
    from agent.ledger.environments import Deployment

Topic = Literal[
    "release", "approvals", "metrics", "gates", "data", "files", "image", "packages", "model", "hyperparameters",
    "commit", "settings", "writes",
]  # fmt: skip
Judgement = Literal["better", "worse", "same", "changed", "new", "gone", "passed", "failed", "incomparable"]


class Change(StepModel):
    """One thing about the release, and what it is for the release that is live."""

    topic: Topic = Field(description="What it is about.")
    name: str = Field(description="Name within the topic, such as a metric's or a data set's.")
    live: str = Field(default="", description="Value of what is live; empty where there is none.")
    wanted: str = Field(default="", description="Value of the release; empty where it has none.")
    judgement: Judgement = Field(description="How the two compare.")
    note: str = Field(default="", description="What else helps to judge it.")


class Proof(StepModel):
    """An environment where the release was deployed, and what its check came to there."""

    environment_name: str = Field(description="Name of the environment.")
    since: datetime = Field(description="When the release was deployed there last.")
    who: str = Field(description="Who deployed it.")
    checked: datetime | None = Field(default=None, description="When it was checked there last.")
    passed: bool | None = Field(default=None, description="Whether it passed that check.")
    found: str = Field(default="", description="What the check measured.")


class Consent(StepModel):
    """An approval that counts."""

    by: str = Field(description="Login of who approved.")
    reason: str = Field(description="Reason that was given.")
    at: datetime = Field(description="When.")
    expires: datetime = Field(description="When it ends.")

    @classmethod
    def of(cls, approval: Approval, expires: datetime) -> Self:
        """As the ledger says it, with the end that counts."""
        return cls(by=approval.by, reason=approval.reason, at=approval.at, expires=expires)


class Entry(StepModel):
    """One deployment of an environment's past."""

    number: int = Field(description="Number in the environment's history.")
    release: str = Field(description="Digest of the release.")
    action: str = Field(description="deploy, promote or rollback.")
    status: str = Field(description="done, failed or interrupted.")
    ended: datetime = Field(description="When it ended.")
    who: str = Field(description="Who started it.")
    approved_by: str = Field(default="", description="Login of who approved it.")
    approval_reason: str = Field(default="", description="Reason that was given with the approval.")
    build_url: str = Field(default="", description="Build that did it; empty outside Jenkins.")
    failure: str = Field(default="", description="First line of why it failed.")
    live: bool = Field(default=False, description="Whether it brought what is live.")
    target: bool = Field(default=False, description="Whether the review is about going back to its release.")

    @classmethod
    def of(cls, one: Deployment, *, live: bool, target: bool) -> Self:
        """As the history says it."""
        return cls(
            number=one.number,
            release=one.release,
            action=one.action,
            status=one.status,
            ended=one.ended,
            who=one.who,
            approved_by=one.approval.by if one.approval else "",
            approval_reason=one.approval.reason if one.approval else "",
            build_url=one.build_url,
            failure=one.reason.partition("\n")[0],
            live=live,
            target=target,
        )
