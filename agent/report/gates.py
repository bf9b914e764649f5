"""The verdicts for programs: `gates.json`, which stands beside the report's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.artifacts import Verdict

if TYPE_CHECKING:
    from agent.report.build import BuildReport

FILE = "gates.json"


class Judged(Verdict):
    """A verdict, with what it comes to."""

    outcome: Literal["passed", "warned", "refused", "overridden"] = Field(description="What it comes to.")


class GatesDocument(BaseModel):
    """All verdicts of a build, and which build that is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Literal[1] = Field(default=1, description="Number of this contract.")
    project: str = Field(description="Project.")
    run: str = Field(description="Id of the run.")
    build_url: str = Field(description="Where people can look at it; empty outside Jenkins.")
    commit: str = Field(description="Commit; empty outside a git repository.")
    release: str = Field(description="Digest of the release; empty where none was made.")
    result: str = Field(description="What became of the build: done, refused, failed, interrupted or not_run.")
    gates: tuple[Judged, ...] = Field(description="The verdicts, in the order of the configuration.")


def gates_document(report: BuildReport) -> GatesDocument:
    """The verdicts of a build; none where it did not come to its gates."""
    return GatesDocument(
        project=report.facts.project,
        run=report.facts.id,
        build_url=report.facts.url,
        commit=report.facts.commit,
        release=report.release,
        result=report.conclusion.state.value,
        gates=tuple(Judged(**dict(verdict), outcome=verdict.state) for verdict in report.verdicts),
    )


def gates_json(report: BuildReport) -> bytes:
    """The document as a file."""
    return gates_document(report).model_dump_json(indent=2).encode() + b"\n"
