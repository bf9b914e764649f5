"""What every step that brings a release to an environment answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.ledger.environments import Deployment


class Deployed(StepModel):
    """What is live."""

    environment_name: str = Field(description="Name of the environment.")
    release: str = Field(description="Digest of the release that is live.")
    endpoint: str = Field(description="ARN of the endpoint.")
    config: str = Field(description="Name of the endpoint configuration that is live.")
    replaced: str | None = Field(default=None, description="Digest of the release that was live before.")
    refused: str = Field(
        default="", description="Why gates keep the release out; then nothing was done, and there is no endpoint."
    )
    overrides: tuple[str, ...] = Field(
        default=(), description="Who let it pass although gates refuse it there, until when and why."
    )

    @property
    def refusal(self) -> str | None:
        """Why gates keep the release out, if they do."""
        return self.refused or None

    @classmethod
    def kept_out(cls, environment_name: str, release: str, why: str) -> Self:
        """What there is to say of a release that gates keep out of an environment."""
        return cls(environment_name=environment_name, release=release, endpoint="", config="", refused=why)

    @classmethod
    def by(cls, deployment: Deployment, overrides: Sequence[str] = ()) -> Self:
        """As the environment's history says it."""
        return cls(
            environment_name=deployment.environment,
            release=deployment.release,
            endpoint=deployment.endpoint,
            config=deployment.config,
            replaced=deployment.replaced,
            overrides=tuple(overrides),
        )
