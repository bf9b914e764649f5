"""What a run would do, without doing it: what is unchanged, what would be written, and what cannot be known before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.runner import foresee, recall, run_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring
    from agent.step import Action, StepModel


class Prospect(StrEnum):
    """What would become of a stage."""

    UNCHANGED = "unchanged"
    CHECKED = "checked"
    REFUSED = "refused"
    WOULD_RUN = "would_run"
    UNKNOWN = "not_known_yet"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """A stage of a dry run, with the writes that it would do; ``after`` names what its inputs wait for."""

    stage: str
    step: str
    title: str
    prospect: Prospect
    actions: Sequence[Action] = ()
    after: Sequence[str] = ()
    reason: str = ""


def plan_stages(stages: Sequence[Stage], wiring: Wiring, context: Context) -> tuple[PlannedStage, ...]:
    """Plan stage by stage; steps that only read are really run, for their answers decide what comes next."""
    results: dict[str, StepModel] = dict(wiring.results)
    planned: dict[str, PlannedStage] = {}
    for stage in stages:
        waits = tuple(need for need in stage.needs if need in planned and not _is_settled(planned[need]))
        if waits:
            planned[stage.name] = _planned(stage, Prospect.UNKNOWN, after=waits)
        else:
            planned[stage.name] = _plan(stage, replace(wiring, results=dict(results)), context, results)
    return tuple(planned.values())


def _is_settled(planned: PlannedStage) -> bool:
    return planned.prospect in {Prospect.UNCHANGED, Prospect.CHECKED, Prospect.SKIPPED}


def _plan(stage: Stage, wiring: Wiring, context: Context, results: dict[str, StepModel]) -> PlannedStage:
    inputs = stage.wire(wiring)
    if inputs is None:
        return _planned(stage, Prospect.SKIPPED)
    if stage.step.effect == "read":
        result = run_step(stage.step, inputs, context).result
        results[stage.name] = result
        return _planned(stage, Prospect.REFUSED if result.refusal else Prospect.CHECKED, reason=result.refusal or "")
    known = recall(stage.step, inputs, context)
    if known is not None:
        results[stage.name] = known
        return _planned(stage, Prospect.UNCHANGED)
    return _planned(stage, Prospect.WOULD_RUN, actions=tuple(foresee(stage.step, inputs, context)))


def _planned(
    stage: Stage,
    prospect: Prospect,
    *,
    actions: Sequence[Action] = (),
    after: Sequence[str] = (),
    reason: str = "",
) -> PlannedStage:
    return PlannedStage(
        stage=stage.name,
        step=stage.step.name,
        title=stage.title,
        prospect=prospect,
        actions=actions,
        after=after,
        reason=reason,
    )
