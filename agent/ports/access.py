"""What a preflight asks before anything is spent: who am I, may I enter, is there a bucket."""

from __future__ import annotations

from typing import Protocol


class Access(Protocol):
    """Questions about one identity's access; each raises AccessDeniedError or InputMissingError with AWS's words."""

    def whoami(self) -> str:
        """The ARN of this identity (GetCallerIdentity); an assumed role is really assumed by that.

        AccessDeniedError where it is an identity of another account.
        """

    def bucket_region(self, bucket: str) -> str:
        """The region of a bucket that exists and may be used (HeadBucket)."""

    def repository_uri(self, repository: str) -> str:
        """The URI of an ECR repository that exists (DescribeRepositories)."""

    def role_exists(self, role: str) -> bool | None:
        """Whether there is a role of that ARN (GetRole); None where this identity may not know."""
