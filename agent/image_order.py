"""What the image builder is asked for, from the configuration and the commit that is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.ports.images import BuildOrder

if TYPE_CHECKING:
    from pathlib import Path

    from agent.artifacts import CommitInfo
    from agent.config.model import Image

_ANNOTATION = "org.opencontainers.image"


def build_order(image: Image, folder: Path, commit: CommitInfo) -> BuildOrder:
    """The order for an image of the model repository in ``folder``."""
    return BuildOrder(
        builder=image.builder,
        folder=folder,
        context=image.context,
        dockerfile=image.dockerfile,
        base_image=image.base_image,
        requirements=image.requirements,
        build_args=image.build_args,
        target=image.target,
        platform=image.platform,
        python=image.python,
        labels=labels(commit),
        created=commit.committed,
    )


def labels(commit: CommitInfo) -> dict[str, str]:
    """The image-spec's annotations (`annotations.md`) that tell where an image is from; a dirty tree says so."""
    revision = f"{commit.sha}-dirty" if commit.sha and commit.dirty else commit.sha
    told = {"revision": revision, "source": commit.source, "created": commit.committed}
    return {f"{_ANNOTATION}.{name}": value for name, value in told.items() if value}
