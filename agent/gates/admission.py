"""Whether the gates let a release go to an environment: what they said stands in it, overrides in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.overriding import Judge
from agent.ledger.overrides import Overrides
from agent.naming import short

if TYPE_CHECKING:
    from datetime import datetime

    from agent.artifacts import Release, Verdict
    from agent.config.gate_overrides import GateOverrides
    from agent.context import Context


def kept_out(release: Release, digest: str, environment: str, rule: GateOverrides, ctx: Context) -> str:
    """Why gates keep a release from an environment now, and how somebody could override that; empty where none does.

    Nothing is asked of the ledger for a release that passed all its gates.
    """
    standing = _standing(release, environment)
    if not standing:
        return ""
    kept, now = Overrides(ctx.ledger).of(release.model.sha256), ctx.clock.now()
    judge = Judge(rule=rule, author=release.commit.author)
    refused = [verdict for verdict in standing if judge.overridden(verdict, kept, at=now).override is None]
    if not refused:
        return ""
    told = "; ".join(_told(verdict, judge.faults(verdict, kept, at=now)) for verdict in refused)
    return (
        f"release {short(digest)} may not go to {environment}: {told}; somebody else than its author may let it pass: "
        f"modelyard override {refused[0].gate} --release {short(digest)} --reason WHY --until DATE"
    )


def overrides_at(
    release: Release, environment: str, rule: GateOverrides, ctx: Context, *, at: datetime
) -> tuple[str, ...]:
    """Who lets a release pass to an environment at that time although gates refuse it, a sentence for each gate."""
    standing = _standing(release, environment)
    kept = Overrides(ctx.ledger).of(release.model.sha256) if standing else ()
    judge = Judge(rule=rule, author=release.commit.author)
    judged = (judge.overridden(verdict, kept, at=at) for verdict in standing)
    return tuple(verdict.override.told(verdict.gate) for verdict in judged if verdict.override is not None)


def _standing(release: Release, environment: str) -> tuple[Verdict, ...]:
    """The verdicts that stand in a release's way, whoever overrides them."""
    return tuple(verdict for verdict in release.verdicts if verdict.blocks and verdict.guards(environment))


def _told(verdict: Verdict, faults: tuple[str, ...]) -> str:
    told = "; ".join(faults)
    return f"{verdict.reason}{f', and no override counts ({told})' if told else ''}"
