"""The proof that a deployment is live, and whose fault it is when it is not."""

from __future__ import annotations

import pytest

from agent.deployment.desired import Desired, desired
from agent.deployment.proof import failure
from agent.errors import CloudFailedError, ModelyardError, TemporaryError, UserCodeFailedError
from agent.ports.endpoints import EndpointState
from tests.unit.deployment.stage import ARN, ENDPOINT, digest, environment, release

WANTED: Desired = desired(release(), digest(1), name="qa", environment=environment(), run="run-1")
OTHER = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/tumour@sha256:{'9' * 64}"


def state(config: str = WANTED.name, status: str = "InService", reason: str = "", image: str = "") -> EndpointState:
    return EndpointState(
        name=ENDPOINT,
        arn=ARN,
        status=status,
        config=config,
        failure_reason=reason,
        images={"main": image or WANTED.image},
    )


def test_what_is_in_service_with_the_release_s_image_is_live() -> None:
    assert failure(WANTED, state()) is None


def test_in_service_with_the_old_configuration_is_a_silent_rollback() -> None:
    found = failure(WANTED, state("tumour-old", reason="The primary container did not pass the ping health check."))
    assert found is not None
    assert "rolled back" in found.reason
    assert "tumour-old" in found.reason


def test_another_image_is_no_proof() -> None:
    found = failure(WANTED, state(image=OTHER))
    assert found is not None
    assert OTHER in found.reason


def test_an_endpoint_that_is_gone_is_not_live() -> None:
    found = failure(WANTED, None)
    assert found is not None
    assert found.kind is CloudFailedError


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("The primary container for production variant main did not pass the ping health check.", UserCodeFailedError),
        ("One or more alarms of the AutoRollbackConfiguration tripped during the deployment: a.", UserCodeFailedError),
        ("Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity", TemporaryError),
        ("Request to service failed. If failure persists after retry, contact customer support.", CloudFailedError),
        ("", CloudFailedError),
    ],
    ids=["health", "alarm", "capacity", "aws", "silent"],
)
@pytest.mark.parametrize("status", ["InService", "Failed", "UpdateRollbackFailed"])
def test_the_reason_says_whose_fault_it_is(status: str, reason: str, kind: type[ModelyardError]) -> None:
    found = failure(WANTED, state("tumour-old", status, reason))
    assert found is not None
    assert found.kind is kind
    assert reason in found.reason
