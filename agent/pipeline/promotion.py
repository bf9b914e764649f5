"""The two short pipelines beside the main one: a release goes to a further environment, or an environment goes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.pipeline.stages import Stage, lock_of
from agent.pipeline.wiring import environment_of, wire_check_endpoint, wire_promote
from pipeline_steps import check_endpoint, promote, rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.artifacts import Release
    from agent.config.model import Configuration
    from agent.deployment.strategy import StrategyChoice
    from agent.pipeline.wiring import Wiring

    ReadRelease = Callable[[str], Release]


def stages_of(action: str, configuration: Configuration, environment_name: str) -> tuple[Stage, ...]:
    """The stages of a promotion or a rollback, whichever release it will be of."""
    environment_of(configuration, environment_name)
    if action == "promote":
        return promotion(configuration.project, None, environment_name)
    return going_back(configuration.project, environment_name, None)


def promotion(
    project: str,
    release: str | None,
    environment_name: str,
    read: ReadRelease | None = None,
    *,
    strategy: StrategyChoice = "configured",
) -> tuple[Stage, ...]:
    """Promote a release, then ask its endpoint what it must know."""
    brings: Stage = Stage(
        title=f"Promote to {environment_name}",
        step=promote.STEP,
        wire=partial(wire_promote, to=environment_name, release_digest=release, strategy=strategy),
        environment=environment_name,
        lock=lock_of(project, environment_name),
    )
    return (brings, _check(brings, read))


def going_back(
    project: str,
    environment_name: str,
    release: str | None,
    read: ReadRelease | None = None,
    *,
    strategy: StrategyChoice = "configured",
) -> tuple[Stage, ...]:
    """Roll an environment back, then ask its endpoint what it must know."""

    def wire(wiring: Wiring) -> rollback.Inputs:
        return rollback.Inputs(
            project=wiring.configuration.project,
            environment_name=environment_name,
            environment=environment_of(wiring.configuration, environment_name),
            release=release,
            releases=wiring.configuration.releases,
            strategy=strategy,
        )

    brings: Stage = Stage(
        title=f"Roll {environment_name} back",
        step=rollback.STEP,
        wire=wire,
        environment=environment_name,
        lock=lock_of(project, environment_name),
    )
    return (brings, _check(brings, read))


def _check(brings: Stage, read: ReadRelease | None) -> Stage:
    """The checks of the environment, on rows of the release's own data."""
    return Stage(
        title="Check endpoint",
        step=check_endpoint.STEP,
        wire=partial(wire_check_endpoint, deployed_by=brings, read=read),
        needs=(brings.name,),
        environment=brings.environment,
        lock=brings.lock,
    )
