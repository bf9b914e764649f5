"""Write the release: one document, named by its own digest, that is all a promotion needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import CommitInfo, DataSet, Evaluation, Image, Model, Release, Verdict, refusal_by
from agent.config.gate import Gate
from agent.errors import UsageError
from agent.release.statement import release_digest
from agent.release.store import ReleaseStore
from agent.step import Action, Step, StepModel, unkeyed

if TYPE_CHECKING:
    from agent.context import Context


class Inputs(StepModel):
    """What to release. Who made it first, from which commit, and what was deployed then are no part of the key."""

    project: str = Field(description="Project.")
    bucket: str = Field(description="Artifact bucket, in the tools account.")
    data: Mapping[str, DataSet] = Field(description="Data snapshots by name: sources and prepared data sets.")
    image: Image = Field(description="Image that trained the model and serves it.")
    model: Model = Field(description="The model's artifact.")
    hyperparameters: Mapping[str, str] = Field(description="Hyperparameters, as training got them.")
    evaluation: Evaluation = Field(description="What the model achieves.")
    gates: Mapping[str, Gate] = Field(default={}, description="Gates that judged it, by name.")
    package: str = Field(description="ARN of the model package.")
    champions: Mapping[str, Evaluation] = unkeyed(description="What deployed models achieve on the same rows.")
    verdicts: tuple[Verdict, ...] = unkeyed(description="What the gates said.")
    commit: CommitInfo = unkeyed(description="Revision of the model repository.")
    build_url: str = unkeyed(default="", description="Build that makes it; empty outside Jenkins.")
    run: str = unkeyed(default="", description="Run that makes it.")
    who: str = unkeyed(default="", description="Who started that run.")


class Result(StepModel):
    """The release."""

    release: str = Field(description="Its digest: sha256 of the document, in hexadecimal.")
    uri: str = Field(description="S3 address of the document.")


def release_of(inputs: Inputs) -> Release:
    """The release that the inputs make; UsageError where its gates refuse it."""
    refusal = refusal_by(inputs.verdicts)
    if refusal:
        raise UsageError(f"a model that its gates refuse is not released: {refusal}")
    return Release.model_validate_json(inputs.model_dump_json(exclude={"bucket", "gates"}))


def plan(inputs: Inputs, context: Context) -> Sequence[Action]:
    """One document."""
    digest = release_digest(release_of(inputs))
    return (
        Action(
            operation="s3:PutObject",
            resource=ReleaseStore(context.ledger).uri(digest),
            account=context.accounts.tools.id,
            note=f"the release {naming.short(digest)}, if no other run makes it first",
        ),
    )


def run(inputs: Inputs, context: Context) -> Result:
    """Write the document; of several runs that make the same release, the first one's counts."""
    store = ReleaseStore(context.ledger)
    digest = store.write(store.first(context.key, release_of(inputs)))
    context.report.fact(f"released {naming.short(digest)}: {store.uri(digest)}")
    return Result(release=digest, uri=store.uri(digest))


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, account="tools", effect="write")
