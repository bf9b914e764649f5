"""What Jenkins says of a build when it is over: the outcomes of its stages, and its own result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agent.errors import UsageError
from agent.report.outcome import StageOutcome
from agent.request import Part, RunPart, read_document

if TYPE_CHECKING:
    from pathlib import Path


class DeclaredStage(Part):
    """A stage that the build was to go through."""

    stage: str = Field(description="Id of the stage.")
    title: str = Field(default="", description="The stage as people call it.")


class PublishRequest(Part):
    """A build that is over; every part but the contract may be left out."""

    contract: Literal[1] = Field(description="Number of this contract.")
    kind: Literal["run", "promotion", "review"] = Field(
        default="run", description="What kind of build it is; `review`: a promotion that is still to be decided."
    )
    configuration: str = Field(default="modelyard.yaml", description="The model repository's configuration.")
    settings: tuple[str, ...] = Field(default=(), description="Overrides, each KEY=VALUE.")
    run: RunPart = Field(default_factory=RunPart, description="Which build it is.")
    result: Literal["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT", ""] = Field(
        default="", description="Jenkins's own result; empty: what the outcomes come to."
    )
    started: str = Field(default="", description="When the build began, in ms since 1970; empty: not known.")
    report_url: str = Field(default="", description="Where the HTML report can be seen; empty: at the build.")
    stages: tuple[DeclaredStage, ...] = Field(default=(), description="All stages in order, reached or not.")
    outcomes: tuple[StageOutcome, ...] = Field(default=(), description="What the stages answered, in order.")

    def all_outcomes(self) -> tuple[StageOutcome, ...]:
        """The outcomes, and those of declared stages that were not reached."""
        by_stage = {outcome.stage: outcome for outcome in self.outcomes}
        declared = {one.stage: StageOutcome(stage=one.stage, title=one.title) for one in self.stages}
        return tuple((declared | by_stage).values())

    def began(self) -> datetime | None:
        """When the build began."""
        return datetime.fromtimestamp(int(self.started) / 1000, UTC) if self.started.isdecimal() else None


def read_publish_request(path: Path) -> PublishRequest:
    """The request in a file; UsageError that says what is wrong and where."""
    request = read_document(path, PublishRequest)
    if request.started and not request.started.isdecimal():
        raise UsageError(f"{path}: started is {request.started!r}, expected milliseconds since 1970")
    return request
