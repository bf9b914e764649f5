"""The condition keys of one request, found when a policy asks for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.cloud.clock import Clock
    from agent.cloud.policy.wildcards import Value


@dataclass(frozen=True, kw_only=True)
class RequestKeys:
    """Keys of the principal, of the request and of the world; names are lower-case.

    A key of the request that is None is absent. ``tags`` finds the resource's tags, for ``aws:ResourceTag/…``.
    Source: IAM user guide, "AWS global condition context keys".
    """

    principal: Mapping[str, Value]
    request: Mapping[str, Value | None]
    region: str
    clock: Clock
    resource_account: str
    source_ip: str
    secure: bool
    tags: Callable[[], Mapping[str, str]] = field(default=dict)

    def get(self, name: str) -> Value | None:
        """See :class:`agent.cloud.policy.wildcards.Keys`."""
        if name in self.request:
            return self.request[name]
        if name in self.principal:
            return self.principal[name]
        if name.startswith("aws:resourcetag/"):
            wanted = name.removeprefix("aws:resourcetag/")
            return next((value for key, value in self.tags().items() if key.lower() == wanted), None)
        return self._of_the_world(name)

    def _of_the_world(self, name: str) -> Value | None:
        moment = datetime.fromtimestamp(self.clock.time(), UTC)
        world: dict[str, Value] = {
            "aws:requestedregion": self.region,
            "aws:securetransport": str(self.secure).lower(),
            "aws:sourceip": self.source_ip,
            "aws:currenttime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:epochtime": str(int(moment.timestamp())),
            "aws:resourceaccount": self.resource_account,
            "s3:resourceaccount": self.resource_account,
        }
        return world.get(name)
