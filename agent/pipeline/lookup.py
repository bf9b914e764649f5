"""Which stage a request of a build server speaks of: one of its build's own, or one of a promotion or a rollback."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.config.builds import Build
from agent.errors import UsageError
from agent.pipeline.promotion import going_back, promotion
from agent.pipeline.stages import course
from agent.pipeline.wiring import environment_of
from pipeline_steps import check_endpoint, promote, rollback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.config.model import Configuration
    from agent.pipeline.stages import Stage
    from agent.release.store import ReleaseStore

_RELEASE, _ENVIRONMENT = "release", "environment_name"
_BRINGING = (promote.STEP.name, rollback.STEP.name)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a request asks for: a step, by a ``stage`` of its or else the one of its own name."""

    step: str
    stage: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The id of the stage."""
        return self.stage or self.step


@dataclass(frozen=True, kw_only=True)
class Found:
    """The stage, none for a step beside all of them, the ``stages`` that it is one of, and what is left of the inputs.

    A release is named to a stage by its digest, its first digits or its tag, and is known by its digest from then on.
    """

    stage: Stage | None
    stages: Sequence[Stage] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)


def step_of(stage: str) -> str:
    """The step that a stage's id begins with."""
    return stage.partition("-")[0]


def find_stage(wanted: Wanted, configuration: Configuration, build: Build, releases: ReleaseStore) -> Found:
    """The stage; UsageError for one that the build does not have."""
    if step_of(wanted.name) != wanted.step:
        raise UsageError(f"the stage {wanted.stage} is not one of the step {wanted.step}")
    if wanted.name in _BRINGING and build.pull_request is None:
        return _bringing(wanted, configuration, releases)
    stages = _after_bringing(wanted, configuration, releases) or course(configuration, build)
    found = next((stage for stage in stages if stage.name == wanted.name), None)
    if found is None and (wanted.stage not in {"", wanted.step} or wanted.step in _steps(configuration)):
        raise UsageError(f"{_said(build)} has no stage {wanted.name}; {_its(stages)}")
    return Found(stage=found, stages=stages, inputs=wanted.inputs)


def _bringing(wanted: Wanted, configuration: Configuration, releases: ReleaseStore) -> Found:
    """The first stage of a promotion or a rollback of what the inputs name."""
    inputs = dict(wanted.inputs)
    named, name = str(inputs.pop(_RELEASE, None) or ""), str(inputs.get(_ENVIRONMENT, ""))
    if not name or (wanted.step == promote.STEP.name and not named):
        raise UsageError(f"the step {wanted.step} needs the inputs {_RELEASE} and {_ENVIRONMENT}")
    environment_of(configuration, name)
    digest = releases.find(named) if named else None
    make = promotion if wanted.step == promote.STEP.name else _back
    stages = make(configuration.project, digest, name)
    return Found(stage=stages[0], stages=stages, inputs=inputs)


def _back(project: str, release: str | None, environment_name: str) -> tuple[Stage, ...]:
    return going_back(project, environment_name, release)


def _after_bringing(wanted: Wanted, configuration: Configuration, releases: ReleaseStore) -> Sequence[Stage]:
    """The stages of the promotion or rollback whose result the request has; none where it is of no such thing."""
    done = next((name for name in _BRINGING if wanted.results.get(name)), None)
    if wanted.name != check_endpoint.STEP.name or done is None:
        return ()
    said = wanted.results[done]
    name, digest = str(said.get(_ENVIRONMENT, "")), str(said.get(_RELEASE, ""))
    if done == promote.STEP.name:
        return promotion(configuration.project, digest, name, releases.read)
    return going_back(configuration.project, name, digest, releases.read)


def _steps(configuration: Configuration) -> set[str]:
    """The steps that builds and what comes after them have."""
    return {*_BRINGING, *(stage.step.name for stage in course(configuration, Build()))}


def _said(build: Build) -> str:
    if build.pull_request is not None:
        return f"a build of pull request {build.pull_request}"
    return (
        f"a build of {f'tag {build.tag}' if build.tag else f'branch {build.branch}' if build.branch else 'no branch'}"
    )


def _its(stages: Sequence[Stage]) -> str:
    return f"its stages are: {', '.join(stage.name for stage in stages)}"
