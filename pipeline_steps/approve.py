"""Keep a person's approval of a release for an environment, if that person may give it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from pydantic import Field

from agent.config.approval import ApprovalRule
from agent.config.environment import Environment
from agent.deployment.approval import expiry, objection
from agent.errors import AccessDeniedError, UsageError
from agent.ledger.approvals import Approval, Approvals
from agent.naming import short
from agent.release.store import ReleaseStore
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context


class Inputs(StepModel):
    """Who approves what, and why."""

    project: str = Field(description="Project.")
    release: str = Field(description="The release: its digest, its first digits, or a tag.")
    environment_name: str = Field(description="Name of the environment that may take it.")
    environment: Environment = Field(description="The environment.")
    by: str = Field(description="Login of the person who approves, as Jenkins or the machine knows it.")
    reason: str = Field(description="Why; it is kept with the deployment.")
    review: str | None = Field(default=None, description="Digest of the evidence that the person saw.")


class Result(StepModel):
    """The approval."""

    release: str = Field(description="Digest of the release.")
    environment_name: str = Field(description="Name of the environment.")
    by: str = Field(description="Login of who approved.")
    reason: str = Field(description="The reason that was given.")
    at: datetime = Field(description="When.")
    expires: datetime = Field(description="Until when a deployment may begin with it.")

    @classmethod
    def of(cls, approval: Approval, expires: datetime) -> Self:
        """As the ledger says it."""
        return cls(
            release=approval.release,
            environment_name=approval.environment,
            by=approval.by,
            reason=approval.reason,
            at=approval.at,
            expires=expires,
        )


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """One document."""
    release = _admitted(inputs, ctx)
    return (
        Action(
            operation="s3:PutObject",
            resource=Approvals(ctx.ledger).uri(inputs.environment_name, release, ctx.run.id),
            account=ctx.accounts.tools.id,
            note=f"{inputs.by} approves release {short(release)} for {inputs.environment_name}",
        ),
    )


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """What the same person has approved in this very run, while that counts: a build that is restarted asks once."""
    release, rule, now = _admitted(inputs, ctx), _rule(inputs), ctx.clock.now()
    for approval in Approvals(ctx.ledger).of_run(inputs.environment_name, release, ctx.run.id):
        if approval.by == inputs.by and now < expiry(approval, rule):
            return Result.of(approval, expiry(approval, rule))
    return None


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask whether the person may approve this release, and only then keep it."""
    release, now = _admitted(inputs, ctx), ctx.clock.now()
    approval = Approvals(ctx.ledger).add(
        Approval(
            environment=inputs.environment_name,
            release=release,
            by=inputs.by,
            reason=inputs.reason.strip(),
            at=now,
            expires=now + timedelta(seconds=_rule(inputs).expires),
            review=inputs.review or "",
            run=ctx.run.id,
            build_url=ctx.run.build_url,
        )
    )
    ctx.report.fact(
        f"{approval.by} approves release {short(release)} for {approval.environment} "
        f"until {approval.expires:%Y-%m-%d %H:%M}Z: {approval.reason}"
    )
    return Result.of(approval, approval.expires)


def _admitted(inputs: Inputs, ctx: Context) -> str:
    """The release's digest; AccessDeniedError for a person who may not approve it."""
    if not inputs.by.strip() or not inputs.reason.strip():
        raise UsageError("an approval says who gives it and why: `by` or `reason` is empty")
    store = ReleaseStore(ctx.ledger)
    found = store.find(inputs.release)
    refused = objection(inputs.by, store.read(found), _rule(inputs))
    if refused is not None:
        raise AccessDeniedError(
            f"release {short(found)} is not approved for {inputs.environment_name}: {refused}; ask somebody who may, "
            "or change the environment's `approval`"
        )
    return found


def _rule(inputs: Inputs) -> ApprovalRule:
    """Where no approval is needed, one that is given counts as long as any other."""
    return inputs.environment.approval or ApprovalRule()


STEP = Step(
    inputs=Inputs,
    result=Result,
    run=run,
    account="tools",
    effect="write",
    plan=plan,
    recall=recall,
    cached=False,
)
