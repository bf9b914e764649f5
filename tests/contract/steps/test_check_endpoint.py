"""The step `check_endpoint` through endpoints that really answer: what a release must do before it may go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode, InputMissingError, UserCodeFailedError
from pipeline_steps import check_endpoint
from tests.contract.steps.deploy_world import QA, World, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.environment import Environment

ROWS = "".join(f"{number % 2},{number % 2}\n" for number in range(50))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def checking(world: World, *requests: dict[str, str], **sample: Any) -> Environment:
    checks: dict[str, Any] = {"requests": requests}
    return world.environment(checks=checks | ({"sample": {"data": "evaluation", **sample}} if sample else {}))


def test_an_endpoint_that_answers_as_expected_passes(world: World) -> None:
    """The test image echoes what it is sent."""
    release = world.release(rows=ROWS)
    config = world.deploy(release).config
    environment = checking(
        world, {"body": "setosa", "answer": "setosa|versicolor"}, {"body": "1"}, metric="accuracy", min=0.99, rows=20
    )
    result = world.check(environment=environment)
    assert result == check_endpoint.Result(requests=2, rows=20, metric="accuracy", value=1.0)
    check = world.environments.checked("qa", release)
    assert check is not None
    assert (check.passed, check.deployment, check.rows) == (True, 1, 20)
    assert world.described()["EndpointConfigName"] == config


def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    release = world.release(rows=ROWS, answer="7")
    world.deploy(release)
    environment = checking(
        world,
        {"body": "5.1,3.5", "answer": "setosa"},
        {"body": "7.0,3.2", "answer": "[0-9]"},
        {"body": "6.3,3.3", "answer": "7|8"},
        {"body": "1", "answer": "7.7"},
        metric="accuracy",
        min=0.9,
    )
    with pytest.raises(UserCodeFailedError) as failure:
        world.check(environment=environment)
    assert failure.value.exit_code is ExitCode.USER_CODE_FAILED
    told = str(failure.value)
    assert f"account {QA}" in told
    assert "request 1: '5.1,3.5' was answered '7', expected /setosa/" in told
    assert "request 4: '1' was answered '7', expected /7.7/" in told
    assert "request 2" not in told
    assert "request 3" not in told
    assert "50 held-out rows were answered with 1 predictions" in told
    check = world.environments.checked("qa", release)
    assert check is not None
    assert not check.passed


def test_a_metric_below_its_limit_fails(world: World) -> None:
    world.deploy(world.release(rows="1,0\n0,0\n1,1\n0,0\n"))
    with pytest.raises(UserCodeFailedError, match=r"accuracy of 4 held-out rows is 0\.75, expected at least 0\.9"):
        world.check(environment=checking(world, metric="accuracy", min=0.9))


def test_what_the_model_says_to_a_bad_request_is_told(world: World) -> None:
    world.deploy(world.release(status="415", answer="only text/csv, please"))
    with pytest.raises(UserCodeFailedError, match=r"request 1: .* 415: only text/csv, please"):
        world.check(environment=checking(world, {"body": "1", "answer": "1"}))


def test_a_load_is_measured_and_known_to_a_later_build(world: World) -> None:
    release = world.release()
    world.deploy(release)
    load = {"requests": 20, "concurrency": 4, "max_p99_ms": 60_000, "price_per_hour": 0.2}
    environment = world.environment(checks={"requests": [{"body": "a", "answer": "a"}], "load": load})
    first = world.check(environment=environment)
    assert (first.load, first.error_rate) == (20, 0)
    assert 0 < (first.p50_ms or 0) <= (first.p99_ms or 0) < 60_000
    assert (first.first_ms or 0) > 0
    assert (first.cost or 0) > 0
    assert world.check(environment=environment) == first


def test_the_very_first_answer_is_timed_before_any_other_warms_the_endpoint_up(world: World) -> None:
    world.deploy(world.release(first_seconds="1.5"))
    load = {"requests": 10, "max_first_ms": 1000}
    checks = {"requests": [{"body": "a"}], "sample": {"metric": "accuracy", "min": 0.9}, "load": load}
    with pytest.raises(UserCodeFailedError, match=r"the first answer came after \d{4,} ms, expected at most 1000 ms"):
        world.check(environment=world.environment(checks=checks))


def test_an_endpoint_that_fails_under_load_does_not_pass(world: World) -> None:
    release = world.release(status="500", answer="out of memory")
    world.deploy(release)
    load = {"requests": 10, "concurrency": 2, "max_error_rate": 0.5}
    environment = world.environment(checks={"requests": [{"body": "a"}], "load": load})
    with pytest.raises(UserCodeFailedError, match=r"10 of 10 requests, 2 at once, were not answered \(100\.00%\)"):
        world.check(environment=environment)
    check = world.environments.checked("qa", release)
    assert check is not None
    assert (check.passed, check.error_rate, check.p50_ms) == (False, 1, None)


def test_a_check_that_passed_is_not_made_again(world: World) -> None:
    release = world.release()
    world.deploy(release)
    environment = checking(world, {"body": "a", "answer": "a"})
    first = world.check(environment=environment)
    began = world.last_call()
    assert world.check(environment=environment) == first
    assert world.count("sagemaker:InvokeEndpoint", began) == 0
    assert world.writes(began) == []


def test_a_check_counts_only_for_the_deployment_that_it_followed(world: World) -> None:
    one, two, environment = world.release("a"), world.release("b"), checking(world, {"body": "x"})
    for release in (one, two):
        world.deploy(release)
        world.check(environment=environment)
    world.deploy(one)
    began = world.last_call()
    world.check(environment=environment)
    assert world.count("sagemaker:InvokeEndpoint", began) == 1


def test_an_endpoint_that_serves_something_else_vouches_for_nothing(world: World) -> None:
    first = world.deploy(world.release("a"))
    world.deploy(world.release("b"))
    world.sagemaker().update_endpoint(EndpointName=world.endpoint(), EndpointConfigName=first.config)
    world.await_status("InService")
    with pytest.raises(InputMissingError, match=first.config):
        world.check(environment=checking(world, {"body": "x"}))


def test_a_manifest_that_was_edited_is_refused(world: World) -> None:
    world.deploy(world.release(rows=ROWS))
    manifest = world.release_of("qa").data["evaluation"].manifest
    world.s3.put_object(Bucket=world.bucket, Key=manifest.split("/", 3)[3], Body=b"[]")
    with pytest.raises(InputMissingError, match="manifest"):
        world.check(environment=checking(world, metric="accuracy", min=0.9))
