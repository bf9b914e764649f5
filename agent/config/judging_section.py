"""What gates of several kinds have in common, and the builds that they judge."""

from typing import Annotated, Literal

from pydantic import Field

from agent.config.field_types import EnvironmentName
from agent.config.section import NamedSection

BuildKind = Literal["pr", "branch", "main", "tag"]
"""What a build is of; ``agent.config.builds`` tells which."""


class JudgingSection(NamedSection):
    """What every kind of gate says."""

    kind: str = Field(description="How the model is judged.")
    severity: Literal["block", "warn"] = Field(
        default="block", description="`block` ends the pipeline as *refused*; `warn` only reports."
    )
    message: str = Field(default="", description="Sentence for people, shown when the gate refuses.")
    environments: tuple[EnvironmentName, ...] = Field(
        default=(),
        description="Environments that it guards: where it refuses, the release is made, but none of these takes it. "
        "Without it, there is no release.",
        examples=[["prod"]],
    )
    builds: tuple[Annotated[BuildKind, Field(title="build")], ...] = Field(
        default=(),
        description="Builds that it judges: those of pull requests (`pr`), main branches (`main`), other branches "
        "(`branch`) and tags (`tag`); without it, all.",
        examples=[["main", "tag"]],
    )


class ClaimingSection(JudgingSection):
    """What every kind of gate says that may demand proof of what it claims about a value."""

    confidence: float | None = Field(
        default=None,
        gt=0.5,
        lt=1,
        description="How sure it has to be, such as 0.95: the interval of that level has to clear the limit, not the "
        "value alone. Needs `evaluation.predictions`.",
    )
    not_enough_data: Literal["refuse", "warn"] = Field(
        default="refuse",
        description="What becomes of a model of which nothing is proved, since its interval is on both sides of the "
        "limit, or what is judged is not defined for these rows.",
    )


class MetricSection(ClaimingSection):
    """What every kind of gate says that judges one metric."""

    metric: str = Field(
        min_length=1, description="Metric to judge: one of `evaluation.metrics`.", examples=["accuracy"]
    )
