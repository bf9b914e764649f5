"""ECR as steps use it: where to push, and whether an image that is about to be used is there and usable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from agent.ports.contents import ImageContents, KeptLayers
    from agent.ports.reporter import Reporter
    from agent.ports.signatures import Claim


@dataclass(frozen=True, kw_only=True)
class PushTarget:
    """A ``repository`` to push to: ``uri`` names it in AWS, ``base_url`` and ``host`` reach its registry.

    The ``token`` is the password of user ``AWS`` for 12 hours.
    """

    uri: str
    repository: str
    base_url: str
    host: str
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """An image in a repository; ``media_type`` is its manifest's, ``size`` what its blobs take in bytes."""

    digest: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True)
class PushedImage:
    """An image as a listing shows it; ``size`` in bytes, as the registry counts it."""

    digest: str
    size: int
    pushed: datetime


class ImageRepository(Protocol):
    """Repositories of one account, and those of others that let this identity in."""

    def push_target(self, repository: str) -> PushTarget:
        """An existing repository of this account to push to; InputMissingError where there is none."""

    def find(self, repository: str, reference: str, *, registry: str) -> StoredImage | None:
        """The image of account ``registry`` with that digest or tag (BatchGetImage), or None.

        InputMissingError where there is no such repository.
        """

    def pushed(self, repository: str) -> Iterator[PushedImage]:
        """All images of a repository of this account (DescribeImages)."""

    def delete(self, repository: str, digests: Sequence[str]) -> None:
        """Remove images of this account; they need not be there (BatchDeleteImage)."""


@dataclass(frozen=True, kw_only=True)
class BuildOrder:
    """An image to build from a model repository; paths are relative to ``folder``.

    ``builder`` is one of the configuration's, ``target`` a stage of the Dockerfile, ``platform`` such as
    ``linux/amd64``, ``python`` the version (``3.11``) that the requirements are for. ``labels`` are put on the image,
    and ``created`` (RFC 3339) is when it says it was made: neither is part of its sources.
    """

    builder: str
    folder: Path
    context: str
    dockerfile: str
    base_image: str | None
    requirements: str | None
    build_args: Mapping[str, str]
    target: str | None = None
    platform: str = "linux/amd64"
    python: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    created: str = ""


class ImageBuilder(Protocol):
    """Builds images, each by the builder that the configuration names."""

    def source_digest(self, order: BuildOrder) -> str:
        """The sha256 over everything that the image is made of, so that an unchanged image is not built again."""

    def build_and_push(self, order: BuildOrder, target: PushTarget, *, tag: str, report: Reporter) -> str:
        """Build, push under ``tag`` what the registry lacks, and answer the manifest's digest (``sha256:…``).

        The ``report`` hears the build's own log as it comes.

        UserCodeFailedError with the failing instruction; UsageError where the builder cannot work here.
        """

    def contents(self, target: PushTarget, digest: str, kept: KeptLayers, *, report: Reporter) -> ImageContents:
        """What an image in that repository holds; only layers that ``kept`` does not know are read.

        InputMissingError where a part of it is missing, damaged, or not what its digest says.
        """

    def claims(self, name: str, target: PushTarget) -> Sequence[Claim]:
        """What the registry of an image, by its name with a digest, holds as signatures of it; nothing is verified.

        ``target`` lets us into the registries of ECR. TemporaryError or AccessDeniedError where they cannot be asked.
        """
