"""A quota that is too small is an error that names the key; one that nobody knows is a warning."""

from __future__ import annotations

import pytest

from agent.errors import CloudFailedError, ExitCode
from agent.preflight import quotas
from agent.preflight.running import side_by_side
from tests.fakes import FakeQuotas
from tests.unit.preflight.subjects import subject

TRAINING, PROCESSING = "ml.m5.large for training job usage", "ml.m5.large for processing job usage"


def found(known: dict[str, float]) -> list[tuple[str, str, str]]:
    (look,) = quotas.looks(subject(quotas=FakeQuotas(known)))
    return [(each.severity, each.resource, each.key) for each in look.ask()]


def test_quotas_of_all_uses_are_looked_at() -> None:
    assert found({TRAINING: 2, PROCESSING: 1}) == [("ok", TRAINING, ""), ("ok", PROCESSING, "")]


@pytest.mark.parametrize("least", [0, 0.5])
def test_too_few_instances_are_an_error_at_the_key_that_asks_for_them(least: float) -> None:
    assert found({TRAINING: least, PROCESSING: 1})[0] == ("error", TRAINING, "training.resources")


def test_a_type_that_has_no_quota_is_a_warning() -> None:
    assert found({PROCESSING: 1})[0] == ("warning", TRAINING, "training.resources")


def test_an_endpoint_counts_with_the_most_that_it_scales_to() -> None:
    chosen = subject("qa").configuration
    qa = chosen.environments["qa"]
    hosting = {"type": "ml.m5.large", "autoscaling": {"min_count": 1, "max_count": 7, "invocations_per_instance": 9}}
    endpoint = type(qa.endpoint).model_validate({"name": "x", "instance": hosting})
    environments = {**chosen.environments, "qa": qa.model_copy(update={"endpoint": endpoint})}
    (wanted,) = quotas.wanted_in(subject("qa", chosen.model_copy(update={"environments": environments})))
    assert (wanted.quota, wanted.count) == ("ml.m5.large for endpoint usage", 7)


def test_where_quotas_are_not_served_nobody_is_stopped() -> None:
    looks = list(quotas.looks(subject(quotas=FakeQuotas(CloudFailedError("servicequotas: not served")))))
    (finding,) = side_by_side(looks, seconds=5)
    assert (finding.severity, finding.exit_code) == ("warning", ExitCode.DONE)
    assert finding.why == "could not be looked at: servicequotas: not served"
