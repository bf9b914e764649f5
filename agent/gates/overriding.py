"""Which overrides count: of the same shortfall of the same model, by somebody else than its author, and not for ever.

Judged whenever a model is about to pass, from the configuration of that moment (docs/decisions/0036).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from agent import people
from agent.artifacts import Override
from agent.ledger.overrides import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from agent.artifacts import Verdict
    from agent.config.gate_overrides import GateOverrides
    from agent.ledger.overrides import KeptOverride


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What decides about overrides besides the time: the rule, and who the ``author`` of the commit is."""

    rule: GateOverrides
    author: str = ""

    def objection(self, by: str, authors: Iterable[str]) -> str | None:
        """Why a person may not override a gate for a model of those authors, or None."""
        people_ = self.rule.people
        if people_ and not any(people.same_person(by, one) for one in people_):
            return f"{by} is none of those who may ({', '.join(people_)})"
        behind = tuple(dict.fromkeys(name for name in (*authors, self.author) if name))
        if people.is_one_of(by, behind, self.rule.git_names):
            return f"{by} is an author of the model ({', '.join(behind)}), and four eyes are demanded"
        return None

    def ends(self, kept: KeptOverride) -> datetime:
        """When an override ends: as it was given, or sooner where the rule has become stricter since."""
        return min(kept.until, kept.at + timedelta(seconds=self.rule.longest))

    def fault(self, kept: KeptOverride, verdict: Verdict, *, at: datetime) -> str | None:
        """Why an override of that gate does not let a model pass at that time, or None."""
        if not kept.found.same(found(verdict)):
            return f"that of {kept.by} is of another finding: {kept.found.reason}"
        refused = self.objection(kept.by, kept.authors)
        if refused is not None:
            return refused
        ended = self.ends(kept)
        return None if at < ended else f"that of {kept.by} expired at {ended:%Y-%m-%d %H:%M}Z"

    def overridden(self, verdict: Verdict, kept: Sequence[KeptOverride], *, at: datetime) -> Verdict:
        """The verdict with the newest override that counts beside it, if there is one."""
        of_gate = (one for one in kept if one.gate == verdict.gate)
        counting = next((one for one in of_gate if self.fault(one, verdict, at=at) is None), None)
        if counting is None or not verdict.blocks:
            return verdict.model_copy(update={"override": None})
        quoted = Override(by=counting.by, reason=counting.reason, at=counting.at, until=self.ends(counting))
        return verdict.model_copy(update={"override": quoted})

    def faults(self, verdict: Verdict, kept: Sequence[KeptOverride], *, at: datetime) -> tuple[str, ...]:
        """What is wrong with each override of the verdict's gate."""
        of_gate = (one for one in kept if one.gate == verdict.gate)
        return tuple(fault for one in of_gate if (fault := self.fault(one, verdict, at=at)) is not None)


def found(verdict: Verdict) -> Found:
    """What the ledger keeps of a verdict that is overridden."""
    return Found(
        metric=verdict.metric,
        value=verdict.value,
        limit=verdict.limit,
        comparison=verdict.comparison,
        reason=verdict.reason,
    )
