"""The one declaration of the pipeline: stages, what each needs, and how Jenkins and `modelyard run` go through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.config.builds import destinations, gates_of, is_main
from agent.config.data_gates import DataGate
from agent.config.gate import CustomGate
from agent.config.robustness import RobustnessGate
from agent.config.supply_gates import ImageGate
from agent.config.system_gates import ModelSizeGate
from agent.errors import UsageError
from agent.gates.findings import questions
from agent.pipeline import wiring
from pipeline_steps import (
    ask_gates,
    audit_image,
    build_image,
    check_data,
    check_endpoint,
    check_preview,
    deploy,
    evaluate,
    examine,
    gate,
    perturb,
    preflight,
    prepare,
    preview,
    promote,
    register,
    release,
    snapshot_data,
    train,
    validate,
    weigh_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import UnionType

    from agent.config.builds import Build
    from agent.config.gate import Gate
    from agent.config.model import Configuration
    from agent.pipeline.wiring import Wiring
    from agent.step import Step, StepModel


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step's place in the pipeline; ``wire`` answers None where the repository has nothing for it to do.

    A ``guard`` is asked in a run before the first stage after it that has something to do in an account; where all of
    them are unchanged, nobody asks it. ``at`` tells stages of one step apart; ``environment`` is the one that it acts
    on, ``lock`` names what else no two builds may change at once.
    """

    title: str
    step: Step[Any, Any]
    wire: Callable[[Wiring], StepModel | None]
    needs: tuple[str, ...] = ()
    guard: bool = False
    at: str = ""
    environment: str = ""
    lock: str = ""

    @property
    def name(self) -> str:
        """The stage's id: the step's name, with ``at`` where the step has several stages."""
        return f"{self.step.name}-{self.at}" if self.at else self.step.name


JUDGING: tuple[Stage, ...] = (
    Stage(title="Validate", step=validate.STEP, wire=wiring.wire_validate),
    Stage(title="Preflight", step=preflight.STEP, wire=wiring.wire_preflight, needs=("validate",), guard=True),
    Stage(title="Snapshot data", step=snapshot_data.STEP, wire=wiring.wire_snapshot_data, needs=("preflight",)),
    Stage(title="Build image", step=build_image.STEP, wire=wiring.wire_build_image, needs=("preflight",)),
    Stage(title="Prepare", step=prepare.STEP, wire=wiring.wire_prepare, needs=("snapshot_data", "build_image")),
    Stage(title="Train", step=train.STEP, wire=wiring.wire_train, needs=("prepare",)),
    Stage(title="Evaluate", step=evaluate.STEP, wire=wiring.wire_evaluate, needs=("train",)),
    Stage(title="Gate", step=gate.STEP, wire=wiring.wire_gate, needs=("evaluate",)),
)
"""Every build shows whether the model got better."""
_ASKING: Stage = Stage(title="Ask gates", step=ask_gates.STEP, wire=wiring.wire_ask_gates, needs=("evaluate",))
_AUDITING: Stage = Stage(
    title="Audit image", step=audit_image.STEP, wire=wiring.wire_audit_image, needs=("build_image",)
)
_CHECKING: Stage = Stage(title="Check data", step=check_data.STEP, wire=wiring.wire_check_data, needs=("prepare",))
_WEIGHING: Stage = Stage(title="Weigh model", step=weigh_model.STEP, wire=wiring.wire_weigh_model, needs=("train",))
_PERTURBING: Stage = Stage(title="Perturb", step=perturb.STEP, wire=wiring.wire_perturb, needs=("train",))
_EXAMINING: Stage = Stage(title="Examine", step=examine.STEP, wire=wiring.wire_examine, needs=("evaluate",))
RELEASING: tuple[Stage, ...] = (
    Stage(title="Register", step=register.STEP, wire=wiring.wire_register, needs=("gate",)),
    Stage(title="Release", step=release.STEP, wire=wiring.wire_release, needs=("register",)),
)
"""Builds whose model may go somewhere make a release of it."""


def course(configuration: Configuration, build: Build) -> tuple[Stage, ...]:
    """The stages of a build, in order: what it is of decides how far it goes (docs/decisions/0022)."""
    judging = _judging(configuration, build)
    if build.pull_request is not None:
        return (*judging, *_previewing(configuration, build.pull_request))
    environments = destinations(configuration, build)
    if not environments and not is_main(build, configuration):
        return judging
    return (*judging, *RELEASING, *_deploying(configuration, environments))


def _judging(configuration: Configuration, build: Build) -> tuple[Stage, ...]:
    """The stages of every build; what gates need besides the metrics comes before all of them judge."""
    gates = gates_of(configuration, build)
    kinds: tuple[tuple[Stage, UnionType | type], ...] = (
        (_AUDITING, ImageGate), (_CHECKING, DataGate), (_WEIGHING, ModelSizeGate), (_ASKING, CustomGate),
    )  # fmt: skip
    asked = {stage.name for stage, kind in kinds if any(isinstance(gate, kind) for gate in gates.values())}
    if configuration.data_summaries:
        asked.add(_CHECKING.name)
    found = [stage for stage, _ in kinds if stage.name in asked]
    between = (*_examining(configuration, gates), *found)
    *earlier, judges = JUDGING
    return (*earlier, *between, replace(judges, needs=(*judges.needs, *(stage.name for stage in between))))


def _examining(configuration: Configuration, gates: Mapping[str, Gate]) -> tuple[Stage, ...]:
    """What asks predictions, where gates do, and before it what makes those of perturbed data."""
    if not questions(gates, configuration.evaluation.predictions):
        return ()
    if not any(isinstance(gate, RobustnessGate) for gate in gates.values()):
        return (_EXAMINING,)
    return (_PERTURBING, replace(_EXAMINING, needs=(*_EXAMINING.needs, _PERTURBING.name)))


def _deploying(configuration: Configuration, environments: Sequence[str]) -> Iterator[Stage]:
    """The release goes to the first environment; to every further one it is promoted, and nothing is rebuilt."""
    before = release.STEP.name
    for number, name in enumerate(environments):
        lock = lock_of(configuration.project, name)
        brings = _promotes(name, before, lock) if number else _deploys(name, before, lock)
        checks: Stage = Stage(
            title=f"Check endpoint in {name}" if number else "Check endpoint",
            step=check_endpoint.STEP,
            wire=partial(wiring.wire_check_endpoint, deployed_by=brings),
            needs=(brings.name,),
            at=brings.at,
            environment=name,
            lock=lock,
        )
        yield from (brings, checks)
        before = checks.name


def _deploys(name: str, before: str, lock: str) -> Stage:
    return Stage(
        title="Deploy", step=deploy.STEP, wire=wiring.wire_deploy, needs=(before,), environment=name, lock=lock
    )


def _promotes(name: str, before: str, lock: str) -> Stage:
    return Stage(
        title=f"Promote to {name}",
        step=promote.STEP,
        wire=partial(wiring.wire_promote, to=name),
        needs=(before,),
        at=name,
        environment=name,
        lock=lock,
    )


def _previewing(configuration: Configuration, pull_request: int) -> Iterator[Stage]:
    """The endpoint of a pull request, where one is configured; it acts on no environment."""
    if configuration.pull_requests.endpoint is not None:
        lock = lock_of(configuration.project, f"pull request {pull_request}")
        shows: Stage = Stage(
            title="Preview", step=preview.STEP, wire=wiring.wire_preview, needs=(gate.STEP.name,), lock=lock
        )
        yield shows
        yield Stage(
            title="Check preview",
            step=check_preview.STEP,
            wire=wiring.wire_check_preview,
            needs=(shows.name,),
            lock=lock,
        )


def lock_of(project: str, what: str) -> str:
    """The name of the lock that keeps two builds from changing the same at once."""
    return f"modelyard {project} {what}"


def select(stages: Sequence[Stage], *, first: str | None = None, until: str | None = None) -> tuple[Stage, ...]:
    """The stages of a run, in order; UsageError for a name that is none, or an end before the beginning.

    ``first`` leaves out what comes before it, ``until`` what ``until`` does not need.
    """
    chosen = [stage for stage in stages if until is None or stage.name in _needed(until, stages)]
    if first is None:
        return tuple(chosen)
    before = _needed(first, stages) - {first}
    after = [stage for stage in chosen if stage.name not in before and _is_after(stage, first, stages)]
    if not after:
        raise UsageError(f"there is nothing to run from {first} until {until}")
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
        raise UsageError(f"this build has no stage {name!r}; its stages are: {', '.join(by_name)}")
    return {name}.union(*(_needed(need, stages) for need in by_name[name].needs))


def _is_after(stage: Stage, first: str, stages: Sequence[Stage]) -> bool:
    return first in _needed(stage.name, stages)
