"""No request, however strange, makes the cloud fail: it answers, or it refuses in AWS's words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.inventory import AS_IT_IS, input_shape, served
from tests.contract.requests_from_model import requests, spoiled
from tests.contract.signed import Signer, signer

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

    from agent.cloud.embedded import EmbeddedCloud

SERVICES = ("sagemaker", "application-autoscaling")
EXAMPLES = 400


@pytest.mark.embedded_only("sends thousands of requests that mean nothing")
@pytest.mark.parametrize("service", SERVICES)
def test_strange_requests_are_answered_or_refused_but_never_fail(cloud: EmbeddedCloud, service: str) -> None:
    client = cloud.client(service, config=AS_IT_IS)
    shapes = {name: input_shape(client, name) for name in served(client)}
    caller = signer(cloud)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def holds(data: DataObject) -> None:
        operation = data.draw(st.sampled_from(sorted(shapes)), label="operation")
        request = data.draw(requests(shapes[operation]), label="request")
        if data.draw(st.booleans(), label="spoil it"):
            request = data.draw(spoiled(request), label="spoiled")
        assert_answered(caller, service, f"{client.meta.service_model.metadata['targetPrefix']}.{operation}", request)

    holds()


def assert_answered(caller: Signer, service: str, target: str, request: dict[str, Any]) -> None:
    reply = caller.post(service, target, json.dumps(request).encode())
    assert reply.status < 500, reply.members
    assert reply.request_id
    if reply.status >= 300:
        assert reply.code
        assert reply.members.get("message") is not None
