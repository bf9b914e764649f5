"""What a preflight asks about permissions: what a principal may do, and whom a resource lets in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Actions of a principal, each on each of the resources; ``context`` is what a request says, by condition key."""

    actions: Sequence[str]
    resources: Sequence[str]
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """How a bucket encrypts what is put into it: ``algorithm`` such as ``aws:kms``; ``key`` None for S3's own."""

    algorithm: str
    key: str | None


@dataclass(frozen=True, kw_only=True)
class Key:
    """A KMS key: its ``arn`` by its id, and ``Enabled`` or why it cannot be used."""

    arn: str
    state: str

    @property
    def trouble(self) -> str:
        """Why it cannot be used; empty where it can."""
        return "" if self.state == "Enabled" else f"the key {self.arn} cannot be used: it is {self.state}"

    @property
    def cure(self) -> str:
        """What makes it usable again."""
        return _CURES.get(self.state, "enable it, or name another one")


_CURES = {
    "Disabled": "an administrator enables it: aws kms enable-key",
    "PendingDeletion": "an administrator takes it back, aws kms cancel-key-deletion, and then: aws kms enable-key",
}


class Policies(Protocol):
    """Policies as IAM and the resources have them; every question raises AccessDeniedError where it may not be asked.

    A policy is a JSON document, None where a resource has none.
    """

    def decisions(self, principal: str, simulated: Simulated) -> Mapping[tuple[str, str], str]:
        """``allowed``, ``implicitDeny`` or ``explicitDeny`` by action and resource (SimulatePrincipalPolicy).

        It is what the principal's own policies say: whether a resource lets it in is another question.
        """

    def encryption(self, bucket: str) -> Encryption | None:
        """How a bucket encrypts by default (GetBucketEncryption)."""

    def key(self, key: str) -> Key:
        """A key by its ARN, or by its alias's (DescribeKey); InputMissingError where there is none."""

    def of_bucket(self, bucket: str) -> Mapping[str, Any] | None:
        """Of a bucket (GetBucketPolicy)."""

    def of_repository(self, repository: str) -> Mapping[str, Any] | None:
        """Of an ECR repository (GetRepositoryPolicy)."""

    def of_key(self, key: str) -> Mapping[str, Any] | None:
        """Of a KMS key by its ARN (GetKeyPolicy)."""


class Quotas(Protocol):
    """How much of everything an account may have at once."""

    def of(self, service: str) -> Mapping[str, float]:
        """The applied quotas of a service by name (ListServiceQuotas), in the quotas' own units."""
