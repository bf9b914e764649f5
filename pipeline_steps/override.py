"""Let a model pass that a gate refuses, for somebody who says why and until when."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from agent.artifacts import Override
from agent.config.gate_overrides import GateOverrides
from agent.errors import AccessDeniedError, UsageError
from agent.gates import overriding, refusals
from agent.ledger.overrides import KeptOverride, Overrides
from agent.release.commits import author_of
from agent.release.store import ReleaseStore
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.gates.refusals import Refusal


_END_OF_DAY = time(23, 59, 59)


def ending(value: object) -> object:
    """A time as it was said: a day is meant to its end, and what has no zone is in UTC."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        message = "must be a day such as 2027-01-31, or a time such as 2027-01-31T12:00Z"
        raise PydanticCustomError("ending", message) from None
    whole_day = len(value) == len("2027-01-31")
    said = datetime.combine(found.date(), _END_OF_DAY) if whole_day else found
    return said if said.tzinfo else said.replace(tzinfo=UTC)


class Inputs(StepModel):
    """Whose word it is, about which gate and which model; a model is named by its release or by its commit."""

    project: str = Field(description="Project.")
    gate: str = Field(description="Name of the gate.")
    release: str = Field(default="", description="The release: its digest, its first digits, or a tag.")
    commit: str = Field(default="", description="The commit, or its first digits, whose last build the gate refused.")
    by: str = Field(description="Login of the person, as Jenkins or the machine knows it.")
    reason: str = Field(description="Why; it is kept, and shown wherever the verdict is.")
    until: Annotated[AwareDatetime, BeforeValidator(ending)] = Field(
        description="Until when it counts: the last day, in UTC, or a time."
    )
    rule: GateOverrides = Field(default=GateOverrides(), description="Who may override a gate, and for how long.")


class Result(StepModel):
    """The override."""

    gate: str = Field(description="Name of the gate.")
    model: str = Field(description="sha256 of the artifact of the model that may pass.")
    commit: str = Field(description="Its commit.")
    release: str = Field(description="Digest of its release; empty where the gate let none be made.")
    verdict: str = Field(description="What the gate said.")
    override: Override = Field(description="Who lets it pass, why and until when.")


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """One document."""
    refusal = _admitted(inputs, ctx)
    return (
        Action(
            operation="s3:PutObject",
            resource=Overrides(ctx.ledger).uri(refusal.model, inputs.gate, ctx.run.id),
            account=ctx.accounts.tools.id,
            note=f"{inputs.by} lets {refusal.subject} pass the gate {inputs.gate}",
        ),
    )


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask whether the person may override it, and only then keep it."""
    refusal = _admitted(inputs, ctx)
    kept = Overrides(ctx.ledger).add(
        KeptOverride(
            gate=inputs.gate,
            model=refusal.model,
            found=overriding.found(refusal.verdict),
            by=inputs.by,
            reason=inputs.reason.strip(),
            at=ctx.clock.now(),
            until=inputs.until,
            authors=_authors(refusal, ctx),
            commit=refusal.commit,
            release=refusal.release,
            run=ctx.run.id,
            build_url=ctx.run.build_url,
        )
    )
    override = Override(by=kept.by, reason=kept.reason, at=kept.at, until=kept.until)
    ctx.report.fact(f"{refusal.subject}: {override.told(inputs.gate)}")
    return Result(
        gate=inputs.gate,
        model=refusal.model,
        commit=refusal.commit,
        release=refusal.release,
        verdict=refusal.verdict.reason,
        override=override,
    )


def _admitted(inputs: Inputs, ctx: Context) -> Refusal:
    """What is overridden; AccessDeniedError for a person who may not do that, UsageError for a wish without sense."""
    if not inputs.by.strip() or not inputs.reason.strip():
        raise UsageError("an override says who gives it and why: `by` or `reason` is empty")
    refusal = _refusal(inputs, ctx)
    now, longest = ctx.clock.now(), inputs.rule.longest
    if inputs.until <= now:
        raise UsageError(f"an override ends in the future, not at {inputs.until:%Y-%m-%d %H:%M}Z")
    if (inputs.until - now).total_seconds() > longest:
        raise UsageError(
            f"an override counts for at most {longest // 86_400} days ({longest} seconds) here, not until "
            f"{inputs.until:%Y-%m-%d}: `gate_overrides.longest`"
        )
    refused = overriding.Judge(rule=inputs.rule).objection(inputs.by, _authors(refusal, ctx))
    if refused is not None:
        raise AccessDeniedError(
            f"gate {inputs.gate} is not overridden for {refusal.subject}: {refused}; ask somebody who may"
        )
    return refusal


def _refusal(inputs: Inputs, ctx: Context) -> Refusal:
    if bool(inputs.release) == bool(inputs.commit):
        raise UsageError("say of which model: either its release, or the commit of its build")
    if inputs.commit:
        return refusals.in_build(inputs.gate, inputs.commit, ctx.ledger)
    store = ReleaseStore(ctx.ledger)
    digest = store.find(inputs.release)
    return refusals.in_release(inputs.gate, digest, store.read(digest))


def _authors(refusal: Refusal, ctx: Context) -> tuple[str, ...]:
    """Who is behind the model: who started its build, and its commit's author, as far as this working copy knows."""
    names = (*refusal.authors, author_of(ctx.folder, refusal.commit))
    return tuple(dict.fromkeys(name for name in names if name))


STEP = Step(inputs=Inputs, result=Result, run=run, account="tools", effect="write", plan=plan, cached=False)
