"""An image is built once for its sources, and only one that SageMaker takes is handed on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.config.model import Image
from agent.errors import CloudFailedError, InputMissingError
from agent.ports.contents import Installed, Package
from agent.ports.images import StoredImage
from pipeline_steps import build_image
from tests.fakes import FakeAccess, FakeAccount, FakeBuilder, MemoryImages
from tests.unit.pipeline_steps.surroundings import surroundings, told
from tests.unit.pipeline_steps.vouched import COMMIT, MEDIA_TYPE, TOOLS

if TYPE_CHECKING:
    from agent.context import Context

DIGEST = f"sha256:{'1' * 64}"
SOURCES = "5" * 64
URI = f"{TOOLS}.dkr.ecr.us-east-1.amazonaws.com/tumour"
INDEX = "application/vnd.oci.image.index.v1+json"
INPUTS = build_image.Inputs(
    project="tumour", image=Image(builder="process", context="container"), sources=SOURCES, commit=COMMIT
)


def workshop(images: MemoryImages, media_type: str = MEDIA_TYPE, sources: str = SOURCES) -> tuple[Context, FakeBuilder]:
    builder = FakeBuilder(images, StoredImage(digest=DIGEST, media_type=media_type, size=1), sources)
    tools = FakeAccount(images=images, access=FakeAccess(repositories={"tumour": URI}))
    return surroundings(tools, builder=builder, folder=Path("repository")), builder


def test_an_image_is_built_pushed_and_named_by_digest() -> None:
    context, builder = workshop(MemoryImages())
    result = build_image.run(INPUTS, context)
    assert result.image.uri == f"{URI}@{DIGEST}"
    assert result.image.media_type == MEDIA_TYPE
    (order,) = builder.orders
    assert (order.builder, order.folder, order.context) == ("process", Path("repository"), "container")
    assert told(context, "fact")[0] == f"pushed: {URI}@{DIGEST}"


def test_an_image_of_the_same_sources_is_not_built_again() -> None:
    images = MemoryImages()
    images.add(StoredImage(digest=DIGEST, media_type=MEDIA_TYPE, size=1), tag=SOURCES)
    context, builder = workshop(images)
    assert build_image.run(INPUTS, context).image.digest == DIGEST
    assert builder.orders == []
    assert build_image.plan(INPUTS, context) == ()


def test_the_plan_is_one_push_and_one_document() -> None:
    context, builder = workshop(MemoryImages())
    push, document = build_image.plan(INPUTS, context)
    assert (push.operation, push.resource, push.account) == ("ecr:PutImage", f"tumour:{SOURCES}", TOOLS)
    assert (document.operation, document.resource) == ("s3:PutObject", context.ledger.uri("sboms/1/"))
    assert builder.orders == []


def test_an_image_of_before_gets_its_bill_of_materials_and_only_once() -> None:
    images = MemoryImages()
    images.add(StoredImage(digest=DIGEST, media_type=MEDIA_TYPE, size=1), tag=SOURCES)
    context, builder = workshop(images)
    builder.packages = (Installed(package=Package(kind="deb", name="bash", version="1"), path="status", layer="l"),)
    (action,) = build_image.plan(INPUTS, context)
    assert action.operation == "s3:PutObject"
    sbom = build_image.run(INPUTS, context).sbom
    assert sbom is not None
    assert (sbom.packages, f"/{'1' * 64}/{sbom.sha256}.cdx.json" in sbom.uri) == (1, True)
    assert build_image.run(INPUTS, context).sbom == sbom
    assert builder.described == [DIGEST]


@pytest.mark.parametrize("there", [True, False])
def test_an_index_is_refused_with_the_reason(*, there: bool) -> None:
    images = MemoryImages()
    if there:
        images.add(StoredImage(digest=DIGEST, media_type=INDEX, size=1), tag=SOURCES)
    context, _ = workshop(images, media_type=INDEX)
    with pytest.raises(InputMissingError, match=r"index\.v1\+json, not a single image; .* --provenance=false"):
        build_image.run(INPUTS, context)


def test_a_file_that_changed_since_the_sources_were_told_is_not_pushed_under_their_name() -> None:
    context, builder = workshop(MemoryImages(), sources="6" * 64)
    with pytest.raises(InputMissingError, match=f"expected {SOURCES}, found {'6' * 64}"):
        build_image.run(INPUTS, context)
    assert builder.orders == []


def test_a_push_that_left_nothing_behind_is_a_failure() -> None:
    class Forgetful(MemoryImages):
        def add(self, image: StoredImage, *, repository: str = "tumour", tag: str | None = None) -> None:
            return

    context, _ = workshop(Forgetful())
    with pytest.raises(CloudFailedError, match=f"{DIGEST} was pushed to the repository tumour, but is not there"):
        build_image.run(INPUTS, context)


def test_another_commit_with_the_same_sources_has_the_same_image() -> None:
    other = INPUTS.model_copy(update={"commit": COMMIT.model_copy(update={"sha": "d" * 40})})
    assert build_image.STEP.key(other) == build_image.STEP.key(INPUTS)
