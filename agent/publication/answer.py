"""What Jenkins reads of a publication: `published.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.report.summary import Badge, Check


class CommentAnswer(BaseModel):
    """What became of the comment on the pull request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["created", "updated", "none", "failed"] = Field(description="What was done.")
    url: str = Field(default="", description="Where it can be seen.")
    reason: str = Field(default="", description="Why there is none, or what failed; never a secret.")


class LedgerAnswer(BaseModel):
    """Whether the ledger keeps the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["kept", "none", "failed"] = Field(description="What was done.")
    reason: str = Field(default="", description="Why it was not kept.")


class Published(BaseModel):
    """The whole answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Literal[1] = 1
    description: str = Field(description="One line for the build.")
    badges: tuple[Badge, ...] = Field(description="A few words beside the build.")
    check: Check = Field(description="A check of the commit.")
    comment: CommentAnswer = Field(description="The comment on the pull request.")
    ledger: LedgerAnswer = Field(description="The run in the ledger.")
