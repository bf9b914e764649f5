"""Build the model's container image and push it, unless it is there already, and write down what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import CommitInfo, Sbom
from agent.artifacts import Image as ImageArtifact
from agent.config.model import Image
from agent.errors import CloudFailedError, InputMissingError
from agent.image_order import build_order
from agent.images.manifest import check_single_image
from agent.sbom.making import sbom_of
from agent.sbom.store import SBOMS, SbomStore
from agent.step import Action, Step, StepModel, unkeyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.ports.images import StoredImage


class Inputs(StepModel):
    """What to build."""

    project: str = Field(description="Project.")
    image: Image = Field(description="How to build it.")
    sources: str = Field(description="sha256 over everything that the image is made of.")
    commit: CommitInfo = unkeyed(description="Revision that the sources are of.")


class Result(StepModel):
    """The image."""

    image: ImageArtifact = Field(description="The image, by digest.")
    sbom: Sbom | None = Field(default=None, description="What it is made of; none in results of older versions.")


def plan(inputs: Inputs, context: Context) -> Sequence[Action]:
    """One push and one document, as far as they are not there already."""
    found = _find(inputs, context, inputs.sources)
    if found is not None and SbomStore(context.ledger).find(found.digest) is not None:
        return ()
    described = Action(
        operation="s3:PutObject",
        resource=context.ledger.uri(SBOMS),
        account=context.accounts.tools.id,
        note="what the image is made of (CycloneDX)",
    )
    if found is not None:
        return (described,)
    pushed = Action(
        operation="ecr:PutImage",
        resource=f"{naming.repository(inputs.project)}:{inputs.sources}",
        account=context.accounts.tools.id,
        note=f"built from {inputs.image.context} by the builder {inputs.image.builder}; only missing layers travel",
    )
    return (pushed, described)


def recall(inputs: Inputs, context: Context) -> Result | None:
    """The image of these sources, which are its tag, with its SBOM: no record could tell that they are still there."""
    found = _find(inputs, context, inputs.sources)
    sbom = None if found is None else SbomStore(context.ledger).find(found.digest)
    return None if found is None or sbom is None else Result(image=_image(inputs, context, found), sbom=sbom)


def run(inputs: Inputs, context: Context) -> Result:
    """Build and push the image, unless another build was faster; what is pushed is looked up again."""
    tools = context.accounts.tools
    found = _find(inputs, context, inputs.sources)
    done = "the repository has this image already"
    if found is None:
        digest = _build(inputs, context)
        found = _find(inputs, context, digest)
        done = "pushed"
    if found is None:
        raise CloudFailedError(
            f"account {tools.id}, {tools.region}: {digest} was pushed to the repository "
            f"{naming.repository(inputs.project)}, but is not there; run again"
        )
    image = _image(inputs, context, found)
    context.report.fact(f"{done}: {image.uri}")
    sbom = sbom_of(inputs.project, image.digest, context)
    context.report.fact(f"its SBOM lists {sbom.packages} packages: {sbom.uri}")
    return Result(image=image, sbom=sbom)


def _image(inputs: Inputs, context: Context, found: StoredImage) -> ImageArtifact:
    uri = context.accounts.tools.access.repository_uri(naming.repository(inputs.project))
    image = ImageArtifact(uri=f"{uri}@{found.digest}", media_type=found.media_type)
    check_single_image(found.media_type, image.uri)
    return image


def _build(inputs: Inputs, context: Context) -> str:
    order = build_order(inputs.image, context.folder, inputs.commit)
    _check_sources(inputs, context.builder.source_digest(order))
    target = context.accounts.tools.images.push_target(naming.repository(inputs.project))
    context.report.doing(f"building {inputs.image.context} and pushing it to {target.uri}")
    return context.builder.build_and_push(order, target, tag=inputs.sources, report=context.report)


def _check_sources(inputs: Inputs, present: str) -> None:
    """An image must never carry the tag of sources that it was not made of."""
    if present != inputs.sources:
        raise InputMissingError(
            f"the image's sources in {inputs.image.context} are not the requested ones: expected {inputs.sources}, "
            f"found {present}; something changed them meanwhile, begin again from a clean checkout"
        )


def _find(inputs: Inputs, context: Context, reference: str) -> StoredImage | None:
    tools = context.accounts.tools
    return tools.images.find(naming.repository(inputs.project), reference, registry=tools.id)


STEP = Step(
    inputs=Inputs, result=Result, run=run, plan=plan, recall=recall, account="tools", effect="write", cached=False
)
