"""What a preflight found: how grave, where, why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agent.errors import ModelyardError, gravest
from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Severity = Literal["error", "warning", "ok"]
_GRAVEST_FIRST: tuple[Severity, ...] = ("error", "warning", "ok")


class Finding(StepModel):
    """One thing that was looked at."""

    severity: Severity = Field(
        description="`error`: the pipeline cannot do its work; `warning`: it may not, or nobody could tell; `ok`."
    )
    what: str = Field(description="What must hold, such as `artifact bucket`.")
    place: str = Field(description="`tools` or the environment's name.")
    account: str = Field(description="Account id of 12 digits.")
    region: str = Field(description="Region.")
    resource: str = Field(description="Name or ARN of what was looked at.")
    why: str = Field(description="What was found.")
    fix: str = Field(default="", description="What to do; empty where all is well.")
    key: str = Field(default="", description="Key of `modelyard.yaml` that it is about, such as `tools.region`.")
    template: str = Field(default="", description="File and line of the bootstrap template that it is about.")
    exit_code: int = Field(default=0, description="Of an error: the exit code of a run that it stops.")

    @property
    def line(self) -> str:
        """The finding as a line for people."""
        mark = {"error": "WRONG", "warning": "warn ", "ok": "ok   "}[self.severity]
        return f"  {mark}  {self.place} ({self.account}, {self.region})  {self.what}: {self.told}"

    @property
    def told(self) -> str:
        """What was found and what to do, as one sentence."""
        hints = "; ".join(filter(None, (self.fix, self.template and f"see {self.template}")))
        return f"{self.why}; {hints}" if hints else self.why


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, otherwise as they come."""
    return tuple(sorted(findings, key=lambda finding: _GRAVEST_FIRST.index(finding.severity)))


def of(severity: Severity, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of one severity."""
    return tuple(finding for finding in findings if finding.severity == severity)


def as_error(findings: Sequence[Finding]) -> ModelyardError | None:
    """One error for all that is wrong, of the gravest's class, which lists everything; None where nothing is wrong."""
    wrong = of("error", findings)
    if not wrong:
        return None
    table = "\n".join(finding.line for finding in findings)
    return gravest((each.exit_code for each in wrong), f"{len(wrong)} of {len(findings)} checks failed:\n{table}")
