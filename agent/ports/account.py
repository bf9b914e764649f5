"""One identity in one account and region: everything that a step may ask of AWS there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agent.ports.access import Access
    from agent.ports.endpoints import Endpoints
    from agent.ports.images import ImageRepository
    from agent.ports.jobs import Jobs
    from agent.ports.keys import SigningKeys
    from agent.ports.networks import Networks
    from agent.ports.objects import Objects
    from agent.ports.policies import Policies, Quotas
    from agent.ports.registry import ModelRegistry
    from agent.ports.scans import ImageScans


class Account(Protocol):
    """An account as one identity may use it; its parts make their client when first used."""

    @property
    def id(self) -> str:
        """The account's 12 digits."""

    @property
    def region(self) -> str:
        """The region, such as ``eu-central-1``."""

    @property
    def objects(self) -> Objects:
        """S3."""

    @property
    def jobs(self) -> Jobs:
        """SageMaker's training and processing jobs, and their logs."""

    @property
    def registry(self) -> ModelRegistry:
        """SageMaker's model packages."""

    @property
    def endpoints(self) -> Endpoints:
        """SageMaker's models, endpoint configurations and endpoints, with their alarms and scaling."""

    @property
    def images(self) -> ImageRepository:
        """ECR."""

    @property
    def scans(self) -> ImageScans:
        """ECR's scans of images."""

    @property
    def access(self) -> Access:
        """STS, IAM and KMS, as far as a preflight asks them."""

    @property
    def keys(self) -> SigningKeys:
        """KMS's keys that sign releases."""

    @property
    def policies(self) -> Policies:
        """What principals may do, and whom resources let in."""

    @property
    def quotas(self) -> Quotas:
        """How much the account may have at once."""

    @property
    def networks(self) -> Networks:
        """EC2's subnets, security groups and routes."""


class Accounts(Protocol):
    """Every account that a run acts in."""

    @property
    def tools(self) -> Account:
        """The account of data, images, jobs and releases."""

    def assume(self, *, account: str, region: str, role: str | None, external_id: str | None) -> Account:
        """An environment's account, entered by its deploy role; without a role, with the agent's own identity.

        The same arguments give the same object; credentials are refreshed before they expire.
        """
