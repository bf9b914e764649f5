"""Every operation of AWS's models is served or refused as AWS refuses; nothing ends in a 500 or a silent success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import inventory
from tests.contract.inventory import AS_IT_IS, PAGE, SERVICES, UNKNOWN, ask, needs_members
from tests.contract.signed import signer

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud

pytestmark = pytest.mark.embedded_only("calls every operation there is")


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_called_with_nothing_is_refused_in_aws_form(cloud: EmbeddedCloud, service: str) -> None:
    client = cloud.client(service, config=AS_IT_IS)
    answers = {name: ask(client, name) for name in client.meta.service_model.operation_names}
    accepted = [name for name, answer in answers.items() if not answer.code and needs_members(client, name)]
    failed = {name: answer for name, answer in answers.items() if answer.status >= 500}
    nameless = [name for name, answer in answers.items() if not answer.request_id]
    assert (accepted, failed, nameless) == ([], {}, [])


@pytest.mark.parametrize("service", SERVICES)
def test_a_served_operation_that_needs_members_says_which(cloud: EmbeddedCloud, service: str) -> None:
    client = cloud.client(service, config=AS_IT_IS)
    codes = {name: ask(client, name).code for name in inventory.served(client) if needs_members(client, name)}
    if service == "sagemaker-runtime":
        assert set(codes.values()) == {"ValidationError"}  # for an endpoint that does not exist
    else:
        assert set(codes.values()) == {"ValidationException"}


def test_an_operation_that_no_model_has_is_unknown(cloud: EmbeddedCloud) -> None:
    reply = signer(cloud).post("sagemaker", "SageMaker.MakeCoffee", b"{}")
    assert (reply.status, reply.code) == (400, UNKNOWN)


def test_an_operation_of_another_service_is_unknown(cloud: EmbeddedCloud) -> None:
    reply = signer(cloud).post("sagemaker", "AnyScaleFrontendService.DescribeScalableTargets", b"{}")
    assert (reply.status, reply.code) == (400, UNKNOWN)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'"text"', b"\xff\xfe", b"{} {}", b'{"ModelName": NaN}'])
def test_a_body_that_is_no_json_object_is_a_serialization_error(cloud: EmbeddedCloud, body: bytes) -> None:
    reply = signer(cloud).post("sagemaker", "SageMaker.DescribeModel", body)
    expected = "ValidationException" if body == b"" else "SerializationException"
    assert (reply.status, reply.code) == (400, expected)


def test_the_reference_page_tells_what_is_served(cloud: EmbeddedCloud) -> None:
    assert PAGE.read_text() == inventory.page(cloud), "run: python -m tests.contract.inventory"
