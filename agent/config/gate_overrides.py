"""Overrides of gates: who may let a model pass that a gate refuses, and for how long."""

from collections.abc import Mapping

from pydantic import Field

from agent.config.approval import Login
from agent.config.field_types import Duration
from agent.config.section import Section


class GateOverrides(Section):
    """What an override of a gate takes; who started the model's build or made its commit may never give one."""

    people: tuple[Login, ...] = Field(
        default=(),
        description="Logins of those who may override a gate; without it, everybody but the model's own author.",
    )
    git_names: Mapping[Login, tuple[str, ...]] = Field(
        default={},
        description="Names of commits' authors by login, where they do not read like the login.",
        examples=[{"alice": ["Alice Liddell"]}],
    )
    longest: Duration = Field(
        default=2_592_000,
        ge=60,
        le=31_536_000,
        description="How long after it an override counts at most, in seconds or as a duration.",
    )
