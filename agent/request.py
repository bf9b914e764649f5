"""The files between Jenkins and a step: a request that says what to do, and a result that says what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.errors import ModelyardError
    from agent.runner import Outcome
    from agent.step import Step, StepModel
    from agent.visit import ComeAgain, Visit

CONTRACT: Literal[1] = 1
"""The number of the contract; a request of another one is refused, for it would be misunderstood."""
Status = Literal["done", "refused", "waiting", "failed", "interrupted"]
STATUSES: Mapping[Status, str] = {
    "done": "`result` is what came of it; with exit code 0.",
    "refused": "Done as well, but the model is not good enough: `error` says why; with exit code 0.",
    "waiting": "AWS is at work: visit the step again after `pause` seconds, with this `state`; with exit code 0.",
    "failed": "`error` says what failed and what to do; with the error's exit code, of which only 75 is worth a retry.",
    "interrupted": "The run was told to end, and what it had under way is in order; with exit code 130.",
}
"""How a step answers, and what that means."""


Document = TypeVar("Document", bound=BaseModel)
Inputs = TypeVar("Inputs", bound="StepModel")


class Part(BaseModel):
    """What requests are made of: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunPart(Part):
    """Which run the step belongs to; what is left out is found out as for a run of one's own."""

    id: str = Field(default="", description="Id of the run, such as Jenkins's BUILD_TAG.")
    who: str = Field(default="", description="Who started it.")
    build_url: str = Field(default="", description="Where people can look at it.")
    branch: str = Field(default="", description="Branch.")
    pull_request: int | None = Field(default=None, description="Number of the pull request.")
    tag: str = Field(default="", description="Tag that is built; it counts more than the branch.")
    reason: str = Field(default="", description="Why it was started, where nobody pushed anything.")
    origin: str = Field(default="", description="Digest of the release that it came from.")


class StepRequest(Part):
    """A request; every part but the contract may be left out."""

    contract: Literal[1] = Field(description="Number of this contract.")
    step: str = Field(default="", description="Name of the step, to be compared with the command's.")
    configuration: str = Field(default="modelyard.yaml", description="The model repository's configuration.")
    settings: tuple[str, ...] = Field(default=(), description="Overrides, each KEY=VALUE.")
    run: RunPart = Field(default_factory=RunPart, description="Which run the step belongs to.")
    results: dict[str, dict[str, Any]] = Field(default={}, description="Results of earlier stages by id, as they came.")
    inputs: dict[str, Any] = Field(default={}, description="Single inputs that differ from what would be used.")
    stage: str = Field(default="", description="Id of the pipeline's stage; empty for the step's own.")
    wait_seconds: int | None = Field(
        default=None, ge=0, description="How long to wait in all before answering `waiting`; without it, to the end."
    )
    state: dict[str, Any] = Field(default={}, description="What the visit before answered as its `state`.")
    interrupted: bool = Field(default=False, description="The build was aborted: put in order what is under way.")


class StepAnswer(Part):
    """What a result file says, however the step ended."""

    contract: Literal[1] = Field(default=CONTRACT, description="Number of this contract.")
    step: str = Field(description="Name of the step.")
    status: Status = Field(description="How it ended.")
    recalled: bool = Field(default=False, description="Whether it was done already, so that nothing was done.")
    key: str = Field(default="", description="Content key; empty where the step did not come that far.")
    exit_code: int = Field(default=0, description="Exit code.")
    error: str = Field(default="", description="What failed or was refused.")
    result: dict[str, Any] = Field(
        default={}, description="The step's own result; of one that failed, what it had found out before."
    )


class WaitingAnswer(StepAnswer):
    """What it says between two visits."""

    pause: int = Field(description="Seconds until the next visit, 10 to 300: a fifth of the time waited so far.")
    progress: str = Field(description="What AWS is doing, in one line for people.")
    state: dict[str, Any] = Field(description="What the next visit has to know, for its request.")


class CommandRequest(Part):
    """What Jenkins asks of a command that runs no step; every part but the contract may be left out."""

    contract: Literal[1] = Field(description="Number of this contract.")
    configuration: str = Field(default="modelyard.yaml", description="The model repository's configuration.")
    settings: tuple[str, ...] = Field(default=(), description="Overrides, each KEY=VALUE.")
    run: RunPart = Field(default_factory=RunPart, description="Which run asks.")
    until: str = Field(default="", description="Last stage.")
    first: str = Field(default="", alias="from", description="First stage.")
    action: Literal["run", "promote", "rollback"] = Field(default="run", description="What the stages are of.")
    to: str = Field(default="", description="Environment of a promotion or a rollback.")


def read_request(path: Path | None, step: str) -> StepRequest:
    """The request in a file, an empty one without; UsageError that says what is wrong and where."""
    if path is None:
        return StepRequest(contract=CONTRACT, step=step)
    request = read_document(path, StepRequest)
    if request.step not in {"", step}:
        raise UsageError(f"{path} is a request for the step {request.step}, not {step}")
    return request


def read_document(path: Path, kind: type[Document]) -> Document:
    """The document of that kind in a file; UsageError that says what is wrong and where."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UsageError(f"{path} is no request of contract {CONTRACT}: {problems(error)}") from error


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """A document as a file, whole or not at all."""
    write_whole(path, json.dumps(document, indent=2).encode())


def write_whole(path: Path, content: bytes) -> None:
    """A file and the folders above it; who looks meanwhile sees the former content or this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    partial.replace(path)


def earlier_results(request: StepRequest, steps: dict[str, Step[Any, Any]]) -> dict[str, StepModel]:
    """The results of earlier stages in the types of their ``steps``; UsageError for one that does not fit its step."""
    found = {}
    for name, document in request.results.items():
        if name not in steps:
            raise UsageError(f"the request has a result of {name!r}, which is no step")
        if not document:
            continue  # the repository had nothing for that step to do
        try:
            found[name] = steps[name].result.model_validate_json(json.dumps(document))
        except ValidationError as error:
            raise UsageError(f"the request's result of {name} does not fit: {problems(error)}") from error
    return found


def with_inputs(step: Step[Inputs, Any], wired: Inputs | None, given: dict[str, Any]) -> Inputs:
    """The step's inputs: what was found out, and over it what the request says; UsageError if they do not fit."""
    document = {**(wired.model_dump(mode="json") if wired else {}), **given}
    try:
        return step.inputs.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise UsageError(f"the inputs of {step.name} do not fit: {problems(error)}") from error


def result_document(step: str, outcome: Outcome[Any]) -> dict[str, Any]:
    """What a result file says when the step came to an answer."""
    refusal = outcome.result.refusal
    answer = StepAnswer(
        step=step,
        status="refused" if refusal else "done",
        recalled=outcome.recalled,
        key=outcome.key,
        error=refusal or "",
        result=outcome.result.model_dump(mode="json"),
    )
    return answer.model_dump()


def waiting_document(step: str, key: str, leaving: ComeAgain, visit: Visit) -> dict[str, Any]:
    """What a result file says when the visit is over before what AWS does."""
    answer = WaitingAnswer(
        step=step, status="waiting", key=key, pause=leaving.pause, progress=leaving.progress, state=visit.state
    )
    return answer.model_dump()


def failure_document(step: str, error: ModelyardError, *, interrupted: bool) -> dict[str, Any]:
    """What a result file says when the step failed: also what it had found out before."""
    answer = StepAnswer(
        step=step,
        status="interrupted" if interrupted else "failed",
        exit_code=int(error.exit_code),
        error=str(error),
        result=dict(error.found),
    )
    return answer.model_dump()


def skipped_document(step: str) -> dict[str, Any]:
    """What a result file says when the repository has nothing for the step to do."""
    return StepAnswer(step=step, status="done", recalled=True).model_dump()


def problems(error: ValidationError) -> str:
    """Pydantic's findings in one line: where, and what."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'the document'}: {problem['msg']}"
        for problem in error.errors(include_url=False)
    )
