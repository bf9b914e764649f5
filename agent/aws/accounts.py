"""The accounts of a run: one identity in the tools account, and the roles that it assumes in every other."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from agent.aws.access import AwsAccess
from agent.aws.endpoints import SageMakerEndpoints
from agent.aws.entering import Way
from agent.aws.images import EcrImages
from agent.aws.jobs import SageMakerJobs
from agent.aws.keys import AwsKeys
from agent.aws.networks import AwsNetworks
from agent.aws.policies import AwsPolicies
from agent.aws.quotas import AwsQuotas
from agent.aws.registry import SageMakerRegistry
from agent.aws.s3_documents import S3Objects
from agent.aws.scans import EcrScans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.aws.entering import Origin, Scope
    from agent.aws.sessions import Clients


class AwsAccount:
    """An :class:`agent.ports.account.Account` over boto3."""

    def __init__(self, account: str, clients: Clients) -> None:
        self.id = account
        self.region = clients.region
        self._clients = clients

    @cached_property
    def objects(self) -> S3Objects:
        """S3."""
        return S3Objects(self._clients, self.id)

    @cached_property
    def jobs(self) -> SageMakerJobs:
        """SageMaker's jobs."""
        return SageMakerJobs(self._clients, self.id)

    @cached_property
    def registry(self) -> SageMakerRegistry:
        """SageMaker's model packages."""
        return SageMakerRegistry(self._clients, self.id)

    @cached_property
    def endpoints(self) -> SageMakerEndpoints:
        """SageMaker's hosting."""
        return SageMakerEndpoints(self._clients, self.id)

    @cached_property
    def images(self) -> EcrImages:
        """ECR."""
        return EcrImages(self._clients, self.id)

    @cached_property
    def scans(self) -> EcrScans:
        """ECR's scans of images."""
        return EcrScans(self._clients, self.id)

    @cached_property
    def access(self) -> AwsAccess:
        """STS, IAM and KMS."""
        return AwsAccess(self._clients, self.id)

    @cached_property
    def keys(self) -> AwsKeys:
        """KMS's signing keys."""
        return AwsKeys(self._clients, self.id)

    @cached_property
    def policies(self) -> AwsPolicies:
        """IAM's simulator and the policies of resources."""
        return AwsPolicies(self._clients, self.id)

    @cached_property
    def quotas(self) -> AwsQuotas:
        """Service Quotas."""
        return AwsQuotas(self._clients, self.id)

    @cached_property
    def networks(self) -> AwsNetworks:
        """EC2's networks."""
        return AwsNetworks(self._clients, self.id)


class AwsAccounts:
    """An :class:`agent.ports.account.Accounts`: ``agent`` is the identity that everything starts from.

    ``started`` tells where their sessions come from, ``scopes`` by a role's ARN what each is for.
    """

    def __init__(
        self,
        agent: Clients,
        *,
        account: str,
        region: str,
        role: str | None,
        started: Origin,
        scopes: Mapping[str, Scope],
    ) -> None:
        self._agent = agent
        self._started = started
        self._scopes = scopes
        self._lock = threading.Lock()
        self._entered: dict[tuple[str, str, str | None, str | None], AwsAccount] = {}
        self.tools = self.assume(account=account, region=region, role=role, external_id=None)

    def assume(self, *, account: str, region: str, role: str | None, external_id: str | None) -> AwsAccount:
        """See :class:`agent.ports.account.Accounts`."""
        identity = (account, region, role, external_id)
        with self._lock:
            if identity not in self._entered:
                self._entered[identity] = AwsAccount(account, self._clients(region, role, external_id))
            return self._entered[identity]

    def _clients(self, region: str, role: str | None, external_id: str | None) -> Clients:
        if role is None:
            return self._agent if region == self._agent.region else self._agent.elsewhere(region)
        way = Way(role=role, external_id=external_id, scope=self._scopes.get(role))
        return self._agent.assume(way, started=self._started, region=region)
