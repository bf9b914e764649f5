"""What outlives the stacks of a project, because it holds what nobody could make again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class KeptKind(StrEnum):
    """What kind of thing is kept."""

    BUCKET = "bucket"
    REPOSITORY = "repository"
    MODEL_PACKAGE_GROUP = "model package group"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A bucket, repository or group by its name, or a key by its ARN."""

    kind: KeptKind
    name: str


class KeptThings(Protocol):
    """What is kept in one account and region.

    Each method raises AccessDeniedError, CloudFailedError, TemporaryError.
    """

    def keys(self, tags: Mapping[str, str | None]) -> Sequence[Kept]:
        """The keys with all these tags, and without those that are None; not those that wait for their end."""

    def exists(self, kept: Kept) -> bool:
        """Whether it is there."""

    def remove(self, kept: Kept, *, key_days: int) -> str:
        """Remove it with all that is in it, and say what became of it; a key goes after ``key_days`` days."""
