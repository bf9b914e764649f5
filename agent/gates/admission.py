"""Whether the gates let a release go to an environment now: what they said stands in it, overrides in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.gates.overriding import Judge
from agent.ledger.overrides import Overrides
from agent.naming import short

if TYPE_CHECKING:
    from agent.artifacts import Release, Verdict
    from agent.config.gate_overrides import GateOverrides
    from agent.context import Context


def against(release: Release, environment: str) -> tuple[Verdict, ...]:
    """The verdicts that stand in a release's way to an environment, whoever overrides them."""
    return tuple(verdict for verdict in release.verdicts if verdict.blocks and verdict.guards(environment))


def kept_out(release: Release, digest: str, environment: str, rule: GateOverrides, ctx: Context) -> str:
    """Why gates keep a release from an environment, and how somebody could override that; empty where none does.

    Nothing is asked of the ledger for a release that passed all its gates.
    """
    standing = against(release, environment)
    if not standing:
        return ""
    kept, now = Overrides(ctx.ledger).of(release.model.sha256), ctx.clock.now()
    judge = Judge(rule=rule, author=release.commit.author)
    judged = [judge.overridden(verdict, kept, at=now) for verdict in standing]
    refused = [_told(verdict, judge.faults(verdict, kept, at=now)) for verdict in judged if verdict.state == "refused"]
    if not refused:
        for verdict in judged:
            assert verdict.override is not None  # for it is not refused
            ctx.report.warn(verdict.override.told(verdict.gate))
        return ""
    names = [verdict.gate for verdict in judged if verdict.state == "refused"]
    return (
        f"release {short(digest)} may not go to {environment}: {'; '.join(refused)}; somebody else than its author may "
        f"let it pass: modelyard override {names[0]} --release {short(digest)} --reason WHY --until DATE"
    )


def _told(verdict: Verdict, faults: tuple[str, ...]) -> str:
    told = "; ".join(faults)
    return f"{verdict.reason}{f', and no override counts ({told})' if told else ''}"
