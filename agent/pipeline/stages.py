"""The one declaration of the pipeline: stages, what each needs, and how Jenkins and `modelyard run` go through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.pipeline import wiring
from pipeline_steps import (
    build_image,
    check_endpoint,
    deploy,
    evaluate,
    gate,
    preflight,
    prepare,
    register,
    release,
    snapshot_data,
    train,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.pipeline.wiring import Wiring
    from agent.step import Step, StepModel


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step's place in the pipeline; ``wire`` answers None where the repository has nothing for it to do.

    A ``guard`` is asked in a run before the first stage after it that has something to do in an account; where all of
    them are unchanged, nobody asks it.
    """

    title: str
    step: Step[Any, Any]
    wire: Callable[[Wiring], StepModel | None]
    needs: tuple[str, ...] = ()
    guard: bool = False

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name


STAGES: tuple[Stage, ...] = (
    Stage(title="Validate", step=validate.STEP, wire=wiring.wire_validate),
    Stage(title="Preflight", step=preflight.STEP, wire=wiring.wire_preflight, needs=("validate",), guard=True),
    Stage(title="Snapshot data", step=snapshot_data.STEP, wire=wiring.wire_snapshot_data, needs=("preflight",)),
    Stage(title="Build image", step=build_image.STEP, wire=wiring.wire_build_image, needs=("preflight",)),
    Stage(title="Prepare", step=prepare.STEP, wire=wiring.wire_prepare, needs=("snapshot_data", "build_image")),
    Stage(title="Train", step=train.STEP, wire=wiring.wire_train, needs=("prepare",)),
    Stage(title="Evaluate", step=evaluate.STEP, wire=wiring.wire_evaluate, needs=("train",)),
    Stage(title="Gate", step=gate.STEP, wire=wiring.wire_gate, needs=("evaluate",)),
    Stage(title="Register", step=register.STEP, wire=wiring.wire_register, needs=("gate",)),
    Stage(title="Release", step=release.STEP, wire=wiring.wire_release, needs=("register",)),
    Stage(title="Deploy", step=deploy.STEP, wire=wiring.wire_deploy, needs=("release",)),
    Stage(title="Check endpoint", step=check_endpoint.STEP, wire=wiring.wire_check_endpoint, needs=("deploy",)),
)
LAST_FOR_PULL_REQUESTS = "gate"
"""A pull request shows whether the model got better; it releases and deploys nothing."""


def select(
    *, first: str | None = None, until: str | None = None, pull_request: bool = False, stages: Sequence[Stage] = STAGES
) -> tuple[Stage, ...]:
    """The stages of a run, in order; UsageError for a name that is none, or an end before the beginning.

    ``first`` leaves out what comes before it, ``until`` what ``until`` does not need.
    """
    last = until or (LAST_FOR_PULL_REQUESTS if pull_request else None)
    chosen = [stage for stage in stages if last is None or stage.name in _needed(last, stages)]
    if first is None:
        return tuple(chosen)
    before = _needed(first, stages) - {first}
    after = [stage for stage in chosen if stage.name not in before and _is_after(stage, first, stages)]
    if not after:
        raise UsageError(f"there is nothing to run from {first} until {last}")
    return tuple(after)


def levels(stages: Sequence[Stage]) -> tuple[tuple[Stage, ...], ...]:
    """The stages in levels: those of one level do not need each other, and need only levels before theirs."""
    depth: dict[str, int] = {}
    for stage in stages:
        depth[stage.name] = max((depth[need] + 1 for need in stage.needs if need in depth), default=0)
    return tuple(
        tuple(stage for stage in stages if depth[stage.name] == level) for level in range(len(set(depth.values())))
    )


def _needed(name: str, stages: Sequence[Stage]) -> set[str]:
    """A stage and all that it needs."""
    by_name = {stage.name: stage for stage in stages}
    if name not in by_name:
        raise UsageError(f"the pipeline has no stage {name!r}; its stages are: {', '.join(by_name)}")
    return {name}.union(*(_needed(need, stages) for need in by_name[name].needs))


def _is_after(stage: Stage, first: str, stages: Sequence[Stage]) -> bool:
    return first in _needed(stage.name, stages)
