"""SageMaker's model registry: versions of a project's model, with their metrics, lineage and approval."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


class Approval(StrEnum):
    """``ModelApprovalStatus``."""

    APPROVED = "Approved"
    REJECTED = "Rejected"
    PENDING = "PendingManualApproval"


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A model package.

    ``approved_by`` is the ARN of who set the approval, where SageMaker tells it; a listing tells neither that nor the
    ``metadata`` (``CustomerMetadataProperties``).
    """

    arn: str
    version: int
    approval: Approval
    approval_description: str = ""
    approved_by: str = ""
    description: str = ""
    created: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class ModelRegistry(Protocol):
    """Model packages of one account and region."""

    def create(self, request: Mapping[str, Any]) -> str:
        """CreateModelPackage; answers the ARN. ``ClientToken`` makes a repetition answer the first one's."""

    def describe(self, arn: str) -> ModelVersion | None:
        """A version, or None where there is none."""

    def versions(self, group: str) -> Iterator[ModelVersion]:
        """All versions of a group, newest first (ListModelPackages)."""

    def group_exists(self, group: str) -> bool:
        """Whether there is such a model package group."""

    def create_group(self, group: str, description: str) -> None:
        """CreateModelPackageGroup; one that exists stays as it is."""
