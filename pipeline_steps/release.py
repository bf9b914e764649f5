"""Write the release: one document, named by its own digest, that is all a promotion needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import CommitInfo, DataSet, Evaluation, Image, Model, Release, Sbom, Verdict, refusal_by
from agent.config.gate import Gate
from agent.config.releases import Releases
from agent.errors import UsageError
from agent.release.keys import signing
from agent.release.origins import Origin, Origins
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
    sbom: Sbom | None = Field(default=None, description="What the image is made of.")
    model: Model = Field(description="The model's artifact.")
    hyperparameters: Mapping[str, str] = Field(description="Hyperparameters, as training got them.")
    evaluation: Evaluation = Field(description="What the model achieves.")
    gates: Mapping[str, Gate] = Field(default={}, description="Gates that judged it, by name.")
    package: str = Field(description="ARN of the model package.")
    champions: Mapping[str, Evaluation] = unkeyed(description="What deployed models achieve on the same rows.")
    verdicts: tuple[Verdict, ...] = unkeyed(description="What the gates said.")
    refused: tuple[str, ...] = Field(
        default=(), description="Gates that stand in its way somewhere, or did until somebody overrode them."
    )
    answered: Mapping[str, str] = Field(default={}, description="Address of what each custom gate answered, by name.")
    commit: CommitInfo = unkeyed(description="Revision of the model repository.")
    branch: str = unkeyed(default="", description="Branch that the release comes from; empty for a tag.")
    tag: str = unkeyed(default="", description="Tag that the release comes from, which names it from now on.")
    build_url: str = unkeyed(default="", description="Build that makes it; empty outside Jenkins.")
    run: str = unkeyed(default="", description="Run that makes it.")
    who: str = unkeyed(default="", description="Who started that run.")
    releases: Releases = unkeyed(
        default=Releases(), description="How it is signed, which changes nothing that it says."
    )


class Result(StepModel):
    """The release."""

    release: str = Field(description="Its digest: sha256 of the document, in hexadecimal.")
    uri: str = Field(description="S3 address of the document.")
    key: str = Field(default="", description="Fingerprint of the key that signed it; empty where none did.")


def release_of(inputs: Inputs) -> Release:
    """The release that the inputs make; UsageError where its gates refuse it."""
    refusal = refusal_by(inputs.verdicts)
    if refusal:
        raise UsageError(f"a model that its gates refuse is not released: {refusal}")
    return Release.model_validate_json(inputs.model_dump_json(include=set(Release.model_fields)))


def plan(inputs: Inputs, context: Context) -> Sequence[Action]:
    """One document."""
    digest = release_digest(release_of(inputs))
    return (
        Action(
            operation="s3:PutObject",
            resource=ReleaseStore(context.ledger).uri(digest),
            account=context.accounts.tools.id,
            note=f"the release {naming.short(digest)}, if no other run makes it first{_signed_in_words(inputs)}"
            f"{_origin_in_words(inputs)}",
        ),
    )


def recall(inputs: Inputs, context: Context) -> Result | None:
    """The release that was made of the same, if it is signed and known to come from this branch or tag, too."""
    record = context.ledger.done(STEP.name, context.key)
    if record is None:
        return None
    found = Result.model_validate_json(json.dumps(record.result))
    if inputs.releases.sign and not found.key:
        return None
    known = Origins(context.ledger).knows(found.release, branch=inputs.branch, tag=inputs.tag)
    return found if known else None


def run(inputs: Inputs, context: Context) -> Result:
    """Write the document; of several runs that make the same release, the first one's counts."""
    store = ReleaseStore(context.ledger)
    sign = signing(inputs.project, inputs.releases, context.accounts.tools, context.ledger)
    digest = store.write(store.first(context.key, release_of(inputs)), sign)
    sealed = store.sealed(digest) if sign else None
    _keep_origin(digest, inputs, context)
    context.report.fact(f"released {naming.short(digest)}{_origin_in_words(inputs)}: {store.uri(digest)}")
    return Result(release=digest, uri=store.uri(digest), key=sealed.key_id if sealed else "")


def _keep_origin(digest: str, inputs: Inputs, context: Context) -> None:
    """Remember the branch or tag whose build came to the release."""
    Origins(context.ledger).keep(
        Origin(
            release=digest,
            kind="tag" if inputs.tag else "branch",
            name=inputs.tag or inputs.branch,
            commit=inputs.commit.sha,
            run=inputs.run,
            who=inputs.who,
            build_url=inputs.build_url,
            at=context.clock.now(),
        )
    )


def _signed_in_words(inputs: Inputs) -> str:
    key = inputs.releases.signing_key or naming.signing_key(inputs.project)
    return f", signed by {key}" if inputs.releases.sign else ", not signed"


def _origin_in_words(inputs: Inputs) -> str:
    return f", tag {inputs.tag}" if inputs.tag else f", branch {inputs.branch}" if inputs.branch else ""


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, recall=recall, account="tools", effect="write")
