"""The two short pipelines beside the main one: a release goes to a further environment, or an environment goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.pipeline.stages import Stage
from pipeline_steps import check_endpoint, promote, rollback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.artifacts import Release
    from agent.config.environment import Environment
    from agent.pipeline.wiring import Wiring
    from agent.step import Step

    ReadRelease = Callable[[str], Release]


def promotion(release: str, environment_name: str, read: ReadRelease) -> tuple[Stage, ...]:
    """Promote a release, then ask its endpoint what it must know."""

    def wire(wiring: Wiring) -> promote.Inputs:
        configuration = wiring.configuration
        names = list(configuration.environments)
        return promote.Inputs(
            project=configuration.project,
            release=release,
            tools=configuration.tools,
            environment_name=environment_name,
            environment=environment_of(wiring, environment_name),
            before=tuple(names[: names.index(environment_name)]),
        )

    return (
        Stage(title=f"Promote to {environment_name}", step=promote.STEP, wire=wire),
        _check(promote.STEP, read),
    )


def going_back(environment_name: str, release: str | None, read: ReadRelease) -> tuple[Stage, ...]:
    """Roll an environment back, then ask its endpoint what it must know."""

    def wire(wiring: Wiring) -> rollback.Inputs:
        return rollback.Inputs(
            project=wiring.configuration.project,
            environment_name=environment_name,
            environment=environment_of(wiring, environment_name),
            release=release,
        )

    return (
        Stage(title=f"Roll {environment_name} back", step=rollback.STEP, wire=wire),
        _check(rollback.STEP, read),
    )


def environment_of(wiring: Wiring, name: str) -> Environment:
    """The environment of that name; UsageError with the known ones for any other."""
    environments: Mapping[str, Environment] = wiring.configuration.environments
    if name not in environments:
        raise UsageError(f"there is no environment {name!r}; the environments are: {', '.join(environments)}")
    return environments[name]


def _check(deployed_by: Step[Any, Any], read: ReadRelease) -> Stage:
    """The checks of the environment, on rows of the release's own data."""

    def wire(wiring: Wiring) -> check_endpoint.Inputs:
        deployed = wiring.result(deployed_by)
        environment = environment_of(wiring, deployed.environment_name)
        sample = environment.checks.sample
        return check_endpoint.Inputs(
            project=wiring.configuration.project,
            bucket=wiring.bucket,
            release=deployed.release,
            config=deployed.config,
            environment_name=deployed.environment_name,
            environment=environment,
            sample=read(deployed.release).data[sample.data] if sample else None,
        )

    return Stage(title="Check endpoint", step=check_endpoint.STEP, wire=wire, needs=(deployed_by.name,))
