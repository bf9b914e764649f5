"""EventBridge as AWS's own services use it: events of the source ``aws.…`` on an account's default bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class EventBus:
    """See :class:`agent.cloud.platform.Events`."""

    def __init__(self, touch: Callable[[str], None]) -> None:
        from ministack.core import responses
        from ministack.services import eventbridge

        self._service = eventbridge
        self._scope = responses.request_scope
        self._touch = touch

    def publish(
        self, account: str, region: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> None:
        """See :class:`agent.cloud.platform.Events`."""
        entry = {
            "Source": "aws.sagemaker",
            "DetailType": detail_type,
            "Detail": json.dumps(detail, default=_iso_8601),
            "Resources": list(resources),
        }
        with self._scope(account, region):
            self._service._put_events({"Entries": [entry]}, allow_aws_source=True)
        self._touch("events")


def _iso_8601(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{type(value).__name__} has no JSON form")
