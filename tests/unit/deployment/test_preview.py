"""A pull request's endpoint: like the environment's where it must be, of its own where nobody may notice it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent import naming
from agent.config.pull_requests import EphemeralEndpoint
from agent.deployment.preview import (
    Preview,
    PreviewOrder,
    bring_preview,
    planned_preview,
    preview_environment,
    recalled_preview,
)
from agent.errors import TemporaryError, UserCodeFailedError
from agent.ledger.environments import Environments
from agent.ledger.leases import EnvironmentLock
from tests.fakes import FakeClock, KeptReport, MemoryEndpoints, MemoryObjects
from tests.unit.deployment.stage import context, environment, release
from tests.visits import Visits

NAME = "tumour-qa-pr-7"
WANTED = EphemeralEndpoint(environment="qa", time_to_live=4 * 3600)
BUSY: dict[str, Any] = {
    "name": "tumour-qa",
    "instance": {
        "type": "ml.m5.large",
        "count": 2,
        "autoscaling": {"min_count": 2, "max_count": 4, "invocations_per_instance": 100},
    },
    "data_capture": {"prefix": "s3://capture/qa"},
    "strategy": {"kind": "canary", "alarms": {"errors": {"metric": "Invocation5XXErrors", "above": 1}}},
}


@pytest.fixture
def endpoints() -> MemoryEndpoints:
    return MemoryEndpoints()


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


def order(number: int = 1, **changes: Any) -> PreviewOrder:
    shown = preview_environment(environment(**changes), WANTED, 7)
    return PreviewOrder(
        project="tumour",
        model=release(number).model,
        environment=shown,
        pull_request=7,
        time_to_live=timedelta(hours=4),
    )


def test_it_is_the_environment_s_without_what_only_users_need() -> None:
    endpoint = preview_environment(environment(endpoint=BUSY), WANTED, 7).endpoint
    assert endpoint.name == NAME
    assert endpoint.instance is not None
    assert (endpoint.instance.type, endpoint.instance.count, endpoint.instance.autoscaling) == ("ml.m5.large", 2, None)
    assert (endpoint.data_capture, endpoint.strategy.kind, dict(endpoint.strategy.alarms)) == (None, "all_at_once", {})


def test_its_hosting_may_be_another_one() -> None:
    wanted = EphemeralEndpoint.model_validate(
        {"environment": "qa", "serverless": {"memory_mb": 1024, "max_concurrency": 1}}
    )
    endpoint = preview_environment(environment(endpoint=BUSY), wanted, 7).endpoint
    assert endpoint.instance is None
    assert endpoint.serverless is not None


def test_everything_that_is_made_carries_the_pull_request(endpoints: MemoryEndpoints, objects: MemoryObjects) -> None:
    ctx = context(endpoints, objects)
    shown = bring_preview(order(), ctx)
    (config,) = endpoints.config_requests
    assert naming.previewed(config, "tumour") == 7
    for made in (endpoints.config_requests[config], endpoints.model_requests[config]):
        assert {tag["Key"]: tag["Value"] for tag in made["Tags"]}["modelyard:pull_request"] == "7"
    assert endpoints.tagged[shown.arn]["modelyard:expires"] == shown.expires
    assert shown.expires == naming.time_in_tag(ctx.clock.now() + timedelta(hours=4))


def test_neither_history_nor_lease_of_the_environment_know_of_it(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    ctx = context(endpoints, objects)
    theirs = EnvironmentLock(ctx.ledger, "qa", key="k", run="another", who="somebody", build_url="")
    theirs.enter(ctx.clock, ctx.report)
    bring_preview(order(), ctx)
    assert Environments(ctx.ledger).history("qa") == ()
    assert Environments(ctx.ledger).history("pull-requests/7") == ()


def test_two_builds_of_a_pull_request_do_not_change_it_at_once(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    ctx = context(endpoints, objects)
    theirs = EnvironmentLock(ctx.ledger, "pull-requests/7", key="k", run="another", who="somebody", build_url="")

    theirs.enter(ctx.clock, ctx.report)
    visits = Visits(context=ctx)
    assert visits.come(lambda visit: bring_preview(order(), visit)) is None
    assert "is being changed by run another" in visits.left[0].progress
    assert endpoints.writes == []


def test_the_next_build_updates_it_and_takes_the_former_model_away(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    first = bring_preview(order(1), context(endpoints, objects))
    later = context(endpoints, objects, run="run-2")
    assert isinstance(later.clock, FakeClock)
    later.clock.time += timedelta(hours=1)
    second = bring_preview(order(2), later)
    assert (second.arn, second.config == first.config) == (first.arn, False)
    assert list(endpoints.config_requests) == list(endpoints.model_requests) == [second.config]
    assert second.expires > first.expires


def test_what_serves_the_model_and_was_told_to_stay_just_now_is_left_alone(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    ctx = context(endpoints, objects)
    assert recalled_preview(order(), ctx) is None
    shown = bring_preview(order(), ctx)
    assert recalled_preview(order(), ctx) == shown
    assert recalled_preview(order(2), ctx) is None


def test_a_build_that_another_one_of_the_same_commit_overtakes_looks_on(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    ctx, theirs = context(endpoints, objects), list[Preview]()

    def overtake(operation: str, _name: str) -> None:
        if operation == "CreateEndpointConfig":
            endpoints.before = lambda *_: None
            theirs.append(bring_preview(order(), context(endpoints, objects, run="run-2")))

    endpoints.before = overtake
    assert [bring_preview(order(), ctx)] == theirs
    assert [operation for operation, _ in endpoints.writes].count("CreateEndpoint") == 1
    assert isinstance(ctx.report, KeptReport)
    (warned,) = ctx.report.of("warn")
    assert "was taken over by run run-2" in warned
    assert warned.endswith("waiting for it")


def test_what_this_run_was_lost_with_before_it_gave_the_lease_back_is_ended_in_order(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    """Else the next build, of another model, would wait until the lease has run out."""
    ctx = context(endpoints, objects)
    shown = bring_preview(order(), ctx)
    ours = {"key": ctx.key, "run": ctx.run.id, "who": ctx.run.who, "build_url": ctx.run.build_url}
    EnvironmentLock(ctx.ledger, "pull-requests/7", **ours).enter(ctx.clock, ctx.report)
    assert recalled_preview(order(), ctx) is None
    assert recalled_preview(order(), replace(ctx, key="of-another-build")) == shown
    assert bring_preview(order(), ctx) == shown
    assert recalled_preview(order(), ctx) == shown


def test_a_build_an_hour_later_puts_its_end_off(endpoints: MemoryEndpoints, objects: MemoryObjects) -> None:
    ctx = context(endpoints, objects)
    bring_preview(order(), ctx)
    assert isinstance(ctx.clock, FakeClock)
    ctx.clock.time += timedelta(hours=1)
    assert recalled_preview(order(), ctx) is None
    endpoints.writes.clear()
    assert [action.operation for action in planned_preview(order(), ctx)] == ["sagemaker:AddTags"]
    bring_preview(order(), ctx)
    assert [operation for operation, _ in endpoints.writes] == ["AddTags"]


def test_a_model_that_does_not_start_is_told_with_its_reason(
    endpoints: MemoryEndpoints, objects: MemoryObjects
) -> None:
    ctx = context(endpoints, objects)
    endpoints.broken[order().desired(ctx).name] = "The primary container did not pass the ping health check."
    endpoints.lines = ("ImportError: no module named model",)
    with pytest.raises(UserCodeFailedError, match=r"model 0+ is not live in pull-requests/7(.|\n)*ImportError"):
        bring_preview(order(), ctx)


def test_what_cannot_go_yet_is_left_for_the_janitor(endpoints: MemoryEndpoints, objects: MemoryObjects) -> None:
    bring_preview(order(1), context(endpoints, objects))

    def refuse(operation: str, _name: str) -> None:
        if operation == "DeleteEndpointConfig":
            raise TemporaryError("in use")

    endpoints.before = refuse
    ctx = context(endpoints, objects, run="run-2")
    bring_preview(order(2), ctx)
    assert isinstance(ctx.report, KeptReport)
    assert ctx.report.of("warn") == ["models of earlier builds are left for `modelyard clean`: in use"]


def test_it_goes_on_over_visits_and_is_begun_once(endpoints: MemoryEndpoints, objects: MemoryObjects) -> None:
    endpoints.looks = 6
    visits = Visits(context=context(endpoints, objects))
    shown = visits.until_done(lambda visit: bring_preview(order(), visit))
    assert len(visits.left) > 1
    assert [what for what, _ in endpoints.writes].count("CreateEndpoint") == 1
    assert shown.name == NAME
