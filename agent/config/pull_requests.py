"""What builds of pull requests may do beyond judging the model: serve it for a while, where nobody depends on it."""

from pydantic import Field

from agent.config.environment import InstanceHosting, ServerlessHosting
from agent.config.field_types import Duration, EnvironmentName
from agent.config.section import Section


class EphemeralEndpoint(Section):
    """An endpoint for each pull request that `modelyard clean` removes once its time is over."""

    environment: EnvironmentName = Field(
        description="Environment in whose account it stands; not a production one. It is named `<name>-pr-<number>` "
        "after the endpoint there and must do what the checks there say.",
    )
    time_to_live: Duration = Field(
        default=4 * 3600,
        ge=600,
        le=30 * 86400,
        description="How long it stays after the last build of the pull request, in seconds or as a duration.",
    )
    instance: InstanceHosting | None = Field(
        default=None, description="Instances that run all the time; without it, as the environment's endpoint."
    )
    serverless: ServerlessHosting | None = Field(
        default=None, description="Capacity that starts when it is called, instead of the environment's hosting."
    )


class PullRequests(Section):
    """What builds of pull requests do besides comparing the model with the champion."""

    endpoint: EphemeralEndpoint | None = Field(
        default=None, description="Endpoint that serves the model while it is reviewed; without it, there is none."
    )
