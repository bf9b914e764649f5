"""Whether the image, if it is there already, is one that SageMaker takes, and may be read from every account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import naming
from agent.images.manifest import check_single_image
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject


def looks(subject: Subject) -> Iterator[Look]:
    """The image of the present sources."""
    sources = subject.image_sources
    if sources is not None:
        repository = naming.repository(subject.configuration.project)
        yield Look(
            subject=subject,
            what="image",
            resource=repository,
            ask=lambda: [_image(subject, repository, sources)],
            hints={"key": "image", "fix": "push a single image, as `modelyard run` does"},
        )


def _image(subject: Subject, repository: str, sources: str) -> Finding:
    image = subject.account.images.find(repository, sources, registry=subject.configuration.tools.account)
    if image is None:
        return subject.ok("image", repository, "not built yet")
    name = f"{repository}@{image.digest}"
    check_single_image(image.media_type, name)
    return subject.ok("image", name)
