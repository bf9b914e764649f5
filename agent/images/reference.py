"""Names of images: which registry, account, region and repository a string such as `TrainingImage` means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.errors import UsageError

_ECR_HOST = re.compile(r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DOCKER_HUB = "docker.io"


@dataclass(frozen=True, kw_only=True)
class ImageReference:
    """An image's name; the grammar is that of the distribution project's `reference` package.

    ``registry`` is a host with an optional port; ``account`` and ``region`` are known for ECR registries only.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def account(self) -> str | None:
        """The AWS account (12 digits) that owns the registry, or None outside ECR."""
        host = _ECR_HOST.fullmatch(self.registry)
        return host["account"] if host else None

    @property
    def region(self) -> str | None:
        """The AWS region of the registry, or None outside ECR."""
        host = _ECR_HOST.fullmatch(self.registry)
        return host["region"] if host else None

    @property
    def locator(self) -> str:
        """What the registry is asked for: the digest where there is one, else the tag (``latest`` by default)."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def parse_reference(text: str) -> ImageReference:
    """Read an image's name; :class:`agent.errors.UsageError` says which part is malformed."""
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise _malformed(text, f"digest {digest!r} is not sha256: and 64 hexadecimal digits")
    registry, path = _split_registry(name)
    repository, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _malformed(text, f"tag {tag!r} is not 1 to 128 letters, digits, '_', '.' or '-'")
    if not _REPOSITORY.fullmatch(repository):
        raise _malformed(text, f"repository {repository!r} is not lower-case words joined by '/', '.', '_' or '-'")
    return ImageReference(registry=registry, repository=repository, tag=tag or None, digest=digest or None)


def _split_registry(name: str) -> tuple[str, str]:
    """A first component is a host when it looks like one; otherwise the image is Docker Hub's."""
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return first, rest
    return _DOCKER_HUB, name if slash else f"library/{name}"


def _malformed(text: str, reason: str) -> UsageError:
    return UsageError(
        f"image reference {text!r}: {reason}; expected [registry/]repository[:tag][@sha256:digest], "
        "for example 111111111111.dkr.ecr.us-east-1.amazonaws.com/iris:1"
    )
