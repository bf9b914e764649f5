"""Find out, before anything is spent, whether every account lets the pipeline do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent.config.model import Configuration
from agent.preflight.finding import Finding, as_error, of
from agent.preflight.preflight import PATIENT, look_at
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.context import Context


class Inputs(StepModel):
    """The accounts."""

    configuration: Configuration = Field(description="Configuration in effect, which names accounts and roles.")
    image_sources: str | None = Field(
        default=None, description="sha256 over what the image is made of, to look at the image if it is there already."
    )


class Result(StepModel):
    """Everything that was looked at."""

    findings: tuple[Finding, ...] = Field(
        description="What was found: the identities first, then the tools account, then the environments in order."
    )


def run(inputs: Inputs, context: Context) -> Result:
    """Enter every account, then ask those that let us in; an error lists all that was found, wrong or not."""
    findings = look_at(inputs.configuration, context.accounts, inputs.image_sources, limits=PATIENT)
    error = as_error(findings)
    if error is not None:
        raise error
    for warning in warnings(findings):
        context.report.warn(warning)
    entered = ", ".join(dict.fromkeys(finding.place for finding in findings))
    context.report.fact(f"entered {entered}; {_passed(findings)}")
    return Result(findings=findings)


def warnings(findings: Iterable[Finding]) -> Iterator[str]:
    """One sentence for each warning."""
    for finding in of("warning", findings):
        yield f"{finding.place} ({finding.account}, {finding.region}): {finding.what}: {finding.told}"


def _passed(findings: tuple[Finding, ...]) -> str:
    passed = len(of("ok", findings))
    if passed == len(findings):
        return f"all {passed} checks passed"
    return f"{passed} of {len(findings)} checks passed, none failed"


STEP = Step(inputs=Inputs, result=Result, run=run, account="tools", effect="read")
