"""Enter a model that passed its gates in the model registry, with its metrics, its lineage and its approval."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import Field

from agent.artifacts import CommitInfo, DataSet, Evaluation, Model, Verdict, refusal_by
from agent.config.model import Registration
from agent.errors import InputMissingError, UsageError
from agent.ports.registry import Approval
from agent.step import Action, Step, StepModel, digest, unkeyed

if TYPE_CHECKING:
    from agent.context import Context
    from agent.ports.registry import ModelRegistry, ModelVersion

KEY = "modelyard:key"
"""The metadata property that tells which content key a version was made for."""

_MOST_PROPERTIES = 50
_LONGEST_NAME = 128
_LONGEST_VALUE = 256
_LONGEST_TOKEN = 36
_LONGEST_SUMMARY = 800
_NOT_IN_PROPERTIES = re.compile(r"[^\w .:/=+\-@]")
_APPROVAL = {"automatic": Approval.APPROVED, "manual": Approval.PENDING}


class Inputs(StepModel):
    """The model and what vouches for it."""

    project: str = Field(description="Project.")
    group: str = Field(description="Model package group.")
    registration: Registration = Field(description="How to enter it.")
    model: Model = Field(description="The model.")
    evaluation: Evaluation = Field(description="What it achieves.")
    data: Mapping[str, DataSet] = Field(description="Data sets by name.")
    hyperparameters: Mapping[str, str] = Field(description="Hyperparameters, as training got them.")
    verdicts: tuple[Verdict, ...] = unkeyed(
        description="What the gates said; later they may say it of another champion, of the same model."
    )
    commit: CommitInfo = unkeyed(description="Revision of the model repository.")


class Result(StepModel):
    """The version."""

    package: str = Field(description="ARN of the model package.")
    version: int = Field(description="Its version in the group.")
    approval: Approval = Field(description="Its approval when it was entered; it may have changed since.")


def package_request(inputs: Inputs, key: str, removed: str = "") -> dict[str, Any]:
    """What CreateModelPackage is asked for; the same key gives the same ``ClientToken``.

    In place of a version that somebody ``removed``, its ARN, there comes another one: the token was that one's.
    """
    approval = _APPROVAL[inputs.registration.approval]
    return {
        "ModelPackageGroupName": inputs.group,
        "ModelPackageDescription": _description(inputs, key),
        "InferenceSpecification": {
            "Containers": [{"Image": inputs.model.image.uri, "ModelDataUrl": inputs.model.artifact}],
            "SupportedContentTypes": list(inputs.registration.content_types),
            "SupportedResponseMIMETypes": list(inputs.registration.response_types),
        },
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": inputs.evaluation.report}}
        },
        "CustomerMetadataProperties": properties(inputs, key),
        "ModelApprovalStatus": str(approval),
        "ClientToken": (digest({"key": key, "removed": removed}) if removed else key)[:_LONGEST_TOKEN],
    }


def properties(inputs: Inputs, key: str) -> dict[str, str]:
    """Where the model comes from, as far as SageMaker's limits let a version say it; the release says all of it."""
    told = ((_valid(name)[:_LONGEST_NAME], _valid(value)[:_LONGEST_VALUE]) for name, value in _lineage(inputs, key))
    return dict(islice(((name, value) for name, value in told if value), _MOST_PROPERTIES))


def _lineage(inputs: Inputs, key: str) -> Iterator[tuple[str, str]]:
    """The most telling first: what does not fit is left out from the end."""
    yield KEY, key
    yield "commit", inputs.commit.sha
    yield "branch", inputs.commit.branch
    yield "image", inputs.model.image.digest
    yield "artifact", f"sha256:{inputs.model.sha256}"
    yield "evaluated-on", f"sha256:{inputs.evaluation.data}"
    yield from ((f"data:{name}", f"sha256:{data.digest}") for name, data in sorted(inputs.data.items()))
    yield from ((f"metric:{name}", repr(metric.value)) for name, metric in sorted(inputs.evaluation.metrics.items()))
    yield from ((f"gate:{verdict.gate}", verdict.state) for verdict in inputs.verdicts)
    yield from ((f"hyperparameter:{name}", value) for name, value in sorted(inputs.hyperparameters.items()))


def _valid(text: str) -> str:
    return _NOT_IN_PROPERTIES.sub("-", text)


def _description(inputs: Inputs, key: str) -> str:
    """Ends in the key: a listing shows descriptions, but no metadata."""
    metrics = (f"{name} {metric.value:.6g}" for name, metric in sorted(inputs.evaluation.metrics.items()))
    return ", ".join(metrics)[:_LONGEST_SUMMARY] + _ending(key)


def _ending(key: str) -> str:
    return f" (modelyard {key})"


def plan(inputs: Inputs, context: Context) -> Sequence[Action]:
    """One new version, unless there is one for this key already."""
    tools = context.accounts.tools
    if adopted(tools.registry, inputs.group, context.key) is not None:
        return ()
    request = package_request(inputs, context.key, _removed(context))
    return (
        Action(
            operation="sagemaker:CreateModelPackage",
            resource=inputs.group,
            account=tools.id,
            note=f"the next version, {request['ModelApprovalStatus']}",
            request=request,
        ),
    )


def adopted(registry: ModelRegistry, group: str, key: str) -> ModelVersion | None:
    """The version that an agent entered for this key before it was lost, if there is one."""
    for listed in registry.versions(group):
        if listed.description.endswith(_ending(key)):
            version = registry.describe(listed.arn)
            if version is not None and version.metadata.get(KEY) == key:
                return version
    return None


def lasts(result: Result, context: Context) -> bool:
    """Whether the version is in the registry still (DescribeModelPackage): a release without it goes nowhere."""
    return context.accounts.tools.registry.describe(result.package) is not None


def _removed(context: Context) -> str:
    """ARN of the version that was made for this key and is not there any more; empty where none was."""
    record = context.ledger.done(STEP.name, context.key)
    package = "" if record is None else str(record.result["package"])
    return package if package and context.accounts.tools.registry.describe(package) is None else ""


def run(inputs: Inputs, context: Context) -> Result:
    """Adopt the version of this key, or create it."""
    refusal = refusal_by(inputs.verdicts)
    if refusal:
        raise UsageError(f"a model that its gates refuse is not registered: {refusal}")
    tools = context.accounts.tools
    if not tools.registry.group_exists(inputs.group):
        raise InputMissingError(
            f"account {tools.id}, {tools.region} has no model package group {inputs.group}; "
            "create it with: modelyard bootstrap apply"
        )
    version = adopted(tools.registry, inputs.group, context.key)
    if version is not None:
        context.report.fact(f"version {version.version} of {inputs.group} is there already ({version.approval})")
        return Result(package=version.arn, version=version.version, approval=version.approval)
    removed = _removed(context)
    if removed:
        context.report.warn(f"somebody has deleted {removed}; the model is registered anew")
    request = package_request(inputs, context.key, removed)
    arn = tools.registry.create(request)
    entered = Result(
        package=arn, version=int(arn.rpartition("/")[2]), approval=Approval(request["ModelApprovalStatus"])
    )
    context.report.fact(f"registered as version {entered.version} of {inputs.group} ({entered.approval})")
    return entered


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, lasts=lasts, account="tools", effect="write")
