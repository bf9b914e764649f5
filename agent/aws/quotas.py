"""Quotas as Service Quotas tells them: how many instances of a type an account may run at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.aws.refusals import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.aws.sessions import Clients


class AwsQuotas:
    """An :class:`agent.ports.policies.Quotas` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def of(self, service: str) -> Mapping[str, float]:
        """``ListServiceQuotas``: some dozens of pages for SageMaker, which has a quota for each use of each type."""
        where = {"account": self._account, "region": self._clients.region}
        with refusals("servicequotas:ListServiceQuotas", service, **where):
            pages = self._clients.client("service-quotas").get_paginator("list_service_quotas")
            return {
                quota["QuotaName"]: float(quota["Value"])
                for page in pages.paginate(ServiceCode=service, PaginationConfig={"PageSize": 100})
                for quota in page["Quotas"]
            }
