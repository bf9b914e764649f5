"""Approval: who must have said yes before an environment takes a release, and for how long a yes counts."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agent.config.field_types import Duration
from agent.config.section import Section

Login = Annotated[str, Field(pattern=r"^\S(.*\S)?$", max_length=255, title="login", examples=["alice"])]


class ApprovalRule(Section):
    """What an approval of this environment takes; without this section no approval is needed."""

    approvers: tuple[Login, ...] = Field(
        default=(),
        description="Logins of those who may approve, as Jenkins or the machine knows them; without it, everybody.",
    )
    four_eyes: bool = Field(
        default=False,
        description="Whether the author of a release, who started its build or made its commit, may not approve it.",
    )
    git_names: Mapping[Login, tuple[str, ...]] = Field(
        default={},
        description="Names of commits' authors by login, for `four_eyes`, where they do not read like the login.",
        examples=[{"alice": ["Alice Liddell"]}],
    )
    expires: Duration = Field(
        default=86_400,
        ge=60,
        le=2_592_000,
        description="How long after it an approval allows a deployment to begin, in seconds or as a duration.",
    )
    rollback: Literal["required", "not_required"] = Field(
        default="not_required",
        description="Whether a rollback needs an approval, too; it only goes to what was live there before.",
    )
