"""The step `deploy` across accounts of a cloud that really serves: what is live is proved, and made only once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import (
    AccessDeniedError,
    ExitCode,
    InputMissingError,
    InterruptedRunError,
    TemporaryError,
    UserCodeFailedError,
)
from agent.runner import plan_step, recall, run_step
from pipeline_steps import deploy
from tests.contract.steps.deploy_world import QA, Nap, Running, World, new_world
from tests.contract.steps.lost_agent import LostAgent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.environment import Environment
    from agent.context import Context

SCALED = {"min_count": 1, "max_count": 4, "invocations_per_instance": 100}
CANARY = {"kind": "canary", "percent": 50, "interval": 300}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def inputs(world: World, release: str, environment: Environment | None = None) -> deploy.Inputs:
    return deploy.Inputs(
        project=world.project,
        release=release,
        environment_name="qa",
        environment=environment or world.environment(),
    )


def deployed(
    world: World, release: str, environment: Environment | None = None, ctx: Context | None = None
) -> deploy.Result:
    return world.deploy(release, environment, ctx)


def instances(count: int = 1, **autoscaling: Any) -> dict[str, Any]:
    scaled = {"autoscaling": autoscaling} if autoscaling else {}
    return {"type": "ml.m5.large", "count": count, **scaled}


def capacity(world: World) -> int:
    return int(world.described()["ProductionVariants"][0]["DesiredInstanceCount"])


def scale_by_hand(world: World, count: int) -> None:
    world.sagemaker().update_endpoint_weights_and_capacities(
        EndpointName=world.endpoint(),
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": count}],
    )
    world.await_status("InService")


def target(world: World) -> dict[str, Any] | None:
    """The scalable target of the endpoint's variant."""
    found = world.client("application-autoscaling", "qa").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{world.endpoint()}/variant/main"]
    )["ScalableTargets"]
    return found[0] if found else None


# --- what is live --------------------------------------------------------------------------------------------------


def test_the_first_deployment_makes_model_configuration_and_endpoint(world: World) -> None:
    release, ctx, began = world.release("one"), world.context(run="build-1"), world.last_call()
    foreseen = plan_step(deploy.STEP, inputs(world, release), ctx)
    assert [action.operation for action in foreseen] == [
        "sagemaker:CreateModel",
        "sagemaker:CreateEndpointConfig",
        "sagemaker:CreateEndpoint",
    ]
    assert {action.account for action in foreseen} == {QA}
    result = deployed(world, release, ctx=ctx)
    assert world.answer() == "one"
    assert [call.action for call in world.writes(began, QA)] == [action.operation for action in foreseen]
    described = world.described()
    assert (result.config, result.endpoint) == (described["EndpointConfigName"], described["EndpointArn"])
    (entry,) = world.environments.history("qa")
    assert (entry.number, entry.action, entry.status, entry.run) == (1, "deploy", "done", "build-1")
    assert (entry.release, entry.config, entry.replaced) == (release, result.config, None)


def test_models_and_configurations_tell_where_they_come_from(world: World) -> None:
    release = world.release("one")
    config = deployed(world, release, ctx=world.context(run="build-7")).config
    for kind in ("model", "endpoint-config"):
        arn = f"arn:aws:sagemaker:{world.cloud.running.region}:{QA}:{kind}/{config}"
        tags = {tag["Key"]: tag["Value"] for tag in world.sagemaker().list_tags(ResourceArn=arn)["Tags"]}
        wanted = {"modelyard:project": world.project, "modelyard:release": release, "modelyard:run": "build-7"}
        assert wanted.items() <= tags.items()


def test_a_release_that_is_live_is_not_deployed_again(world: World) -> None:
    release = world.release("one")
    first = deployed(world, release)
    began = world.last_call()
    again = run_step(deploy.STEP, inputs(world, release), world.context())
    assert again.recalled
    assert again.result == first
    assert world.writes(began) == []
    assert plan_step(deploy.STEP, inputs(world, release), world.context()) == ()


def test_an_update_replaces_what_is_live_in_place(world: World) -> None:
    old, new = world.release("old"), world.release("new")
    deployed(world, old)
    began = world.last_call()
    result = deployed(world, new)
    assert world.answer() == "new"
    assert (result.release, result.replaced) == (new, old)
    assert world.count("sagemaker:UpdateEndpoint", began) == 1
    assert world.count("sagemaker:CreateEndpoint", began) == 0


def test_a_serverless_endpoint_becomes_live(world: World) -> None:
    environment = world.environment(
        endpoint={"name": world.endpoint(), "serverless": {"memory_mb": 1024, "max_concurrency": 5}}
    )
    deployed(world, world.release("first"), environment)
    deployed(world, world.release("second"), environment)
    assert world.answer() == "second"


def test_an_endpoint_that_was_changed_by_hand_is_brought_back(world: World) -> None:
    old, new, ctx = world.release("old"), world.release("new"), world.context()
    first = deployed(world, old)
    deployed(world, new)
    world.sagemaker().update_endpoint(EndpointName=world.endpoint(), EndpointConfigName=first.config)
    world.await_status("InService")
    assert recall(deploy.STEP, inputs(world, new), ctx) is None
    deployed(world, new, ctx=ctx)
    assert world.answer() == "new"
    (warning,) = ctx.report.of("warn")  # type: ignore[attr-defined]
    assert first.config in warning


def test_an_endpoint_that_was_deleted_by_hand_is_created_again(world: World) -> None:
    release = world.release("one")
    deployed(world, release)
    world.remove_endpoint()
    deployed(world, release)
    assert world.answer() == "one"


# --- what fails ----------------------------------------------------------------------------------------------------


def test_a_container_that_does_not_start_fails_with_its_last_lines(world: World) -> None:
    """SageMaker says InService again, with the old configuration: only the proof notices."""
    old = world.release("old")
    deployed(world, old)
    broken = world.release(ping_status="500", print="no weights in this model")
    with pytest.raises(UserCodeFailedError, match="did not pass the ping health check") as failure:
        world.hasten(Running(lambda: deployed(world, broken)))
    assert failure.value.exit_code is ExitCode.USER_CODE_FAILED
    assert "no weights in this model" in str(failure.value)
    assert f"account {QA}" in str(failure.value)
    assert world.answer() == "old"
    current = world.environments.current("qa")
    assert current is not None
    assert current.release == old
    failed = world.environments.history("qa")[-1]
    assert (failed.status, failed.release) == ("failed", broken)
    assert "health check" in failed.reason


def test_the_lines_of_a_failure_are_the_new_container_s(world: World) -> None:
    deployed(world, world.release("old", print="the old one started"))
    world.cloud.advance(2)  # what began in the same second cannot be told apart
    broken = world.release(ping_status="500", print="the new one started")
    with pytest.raises(UserCodeFailedError, match="the new one started") as failure:
        world.hasten(Running(lambda: deployed(world, broken)))
    assert "the old one started" not in str(failure.value)


def test_an_alarm_that_undoes_an_update_fails_it(world: World) -> None:
    alarms = {"errors": {"metric": "Invocation4XXErrors", "above": 0.5}}
    environment = world.hosted(instance=instances(2), strategy={**CANARY, "interval": 900, "alarms": alarms})
    deployed(world, world.release("old"), environment)
    bad = world.release(status="400")
    running = Running(lambda: deployed(world, bad, environment))
    world.await_status("Updating", stage="Baking")
    runtime = world.client("sagemaker-runtime", "qa")
    for _ in range(10):
        try:
            runtime.invoke_endpoint(EndpointName=world.endpoint(), Body=b"x")
        except runtime.exceptions.ModelError:
            continue
    with pytest.raises(UserCodeFailedError, match=f"{world.project}-qa-errors"):
        world.hasten(running)
    assert world.answer() == "old"
    good = world.release("new")
    world.hasten(Running(lambda: deployed(world, good, environment)))
    assert world.answer() == "new"


def test_an_endpoint_that_could_not_be_created_is_replaced(world: World) -> None:
    world.cloud.fault("unhealthy", operation="sagemaker:CreateEndpoint")
    release, ctx = world.release("one"), world.context()
    with pytest.raises(UserCodeFailedError):
        world.hasten(Running(lambda: deployed(world, release)))
    assert world.described()["EndpointStatus"] == "Failed"
    deployed(world, release, ctx=ctx)
    assert world.answer() == "one"
    assert any("deleted and created again" in warning for warning in ctx.report.of("warn"))  # type: ignore[attr-defined]


def test_missing_capacity_can_be_tried_again(world: World) -> None:
    world.cloud.fault("capacity", operation="sagemaker:CreateEndpoint")
    with pytest.raises(TemporaryError, match="InsufficientInstanceCapacity"):
        deployed(world, world.release("one"))


def test_an_unknown_release_is_told(world: World) -> None:
    began = world.last_call()
    with pytest.raises(InputMissingError):
        deployed(world, "0" * 64)
    assert world.writes(began, QA) == []


def test_the_deploy_role_wants_its_external_id(world: World) -> None:
    with pytest.raises(AccessDeniedError, match=QA):
        deployed(world, world.release("one"), world.environment(external_id="someone-else"))


@pytest.mark.parametrize("kind", ["throttling", "cut"])
def test_a_busy_cloud_is_asked_again(world: World, kind: str) -> None:
    for operation in (
        "sagemaker:CreateModel",
        "sagemaker:CreateEndpoint",
        "sagemaker:DescribeEndpoint",
        "s3:PutObject",
    ):
        world.cloud.fault(kind, operation=operation, count=2)
    deployed(world, world.release("one"))
    assert world.answer() == "one"


def test_a_cloud_that_stays_busy_ends_the_run_as_temporary(world: World) -> None:
    world.cloud.fault("throttling", operation="sagemaker:CreateEndpointConfig", count=10)
    with pytest.raises(TemporaryError, match="CreateEndpointConfig") as failure:
        deployed(world, world.release("one"), ctx=world.context(attempts=2))
    assert failure.value.exit_code is ExitCode.TEMPORARY


# --- capacity ------------------------------------------------------------------------------------------------------


def test_an_update_keeps_the_capacity_that_scaling_gave(world: World) -> None:
    environment = world.hosted(instance=instances(1, **SCALED))
    deployed(world, world.release("old"), environment)
    assert target(world) is not None
    scale_by_hand(world, 3)
    began = world.last_call()
    deployed(world, world.release("new"), environment)
    assert (world.answer(), capacity(world)) == ("new", 3)
    assert world.count("application-autoscaling:DeregisterScalableTarget", began) == 0
    assert world.count("application-autoscaling:RegisterScalableTarget", began) == 0


def test_an_update_keeps_the_capacity_that_someone_gave(world: World) -> None:
    deployed(world, world.release("old"))
    scale_by_hand(world, 3)
    deployed(world, world.release("new"))
    assert (world.answer(), capacity(world)) == ("new", 3)


def test_a_count_that_is_configured_anew_counts(world: World) -> None:
    release = world.release("one")
    deployed(world, release)
    deployed(world, release, world.hosted(instance=instances(2)))
    assert capacity(world) == 2


def test_a_scaled_variant_gets_another_instance_type(world: World) -> None:
    """AWS refuses that while the variant is registered."""
    release = world.release("one")
    deployed(world, release, world.hosted(instance=instances(1, **SCALED)))
    scale_by_hand(world, 2)
    deployed(world, release, world.hosted(instance={"type": "ml.c5.large", "autoscaling": SCALED}))
    assert (world.described()["EndpointStatus"], capacity(world)) == ("InService", 2)
    found = target(world)
    assert found is not None
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 4)


def test_scaling_that_was_taken_down_for_a_failed_update_is_put_back(world: World) -> None:
    deployed(world, world.release("old"), world.hosted(instance=instances(1, **SCALED)))
    other = world.hosted(instance={"type": "ml.c5.large", "autoscaling": {**SCALED, "max_count": 9}})
    broken = world.release(ping_status="500")
    with pytest.raises(UserCodeFailedError):
        world.hasten(Running(lambda: deployed(world, broken, other)))
    found = target(world)
    assert found is not None
    assert found["MaxCapacity"] == 4


def test_new_limits_of_scaling_need_no_update(world: World) -> None:
    release = world.release("one")
    deployed(world, release, world.hosted(instance=instances(1, **SCALED)))
    began = world.last_call()
    deployed(world, release, world.hosted(instance=instances(1, **{**SCALED, "max_count": 6})))
    found = target(world)
    assert found is not None
    assert found["MaxCapacity"] == 6
    assert world.count("sagemaker:UpdateEndpoint", began) == 0


def test_scaling_that_is_no_longer_configured_ends(world: World) -> None:
    release = world.release("one")
    deployed(world, release, world.hosted(instance=instances(1, **SCALED)))
    deployed(world, release)
    assert target(world) is None


# --- what is left --------------------------------------------------------------------------------------------------


def test_only_what_a_rollback_needs_is_kept(world: World) -> None:
    environment = world.environment(keep=1)
    configs = [deployed(world, world.release(f"{number}"), environment).config for number in range(4)]
    assert world.configs() == world.models() == set(configs[-2:])
    removed = [name for entry in world.environments.history("qa") for name in entry.removed]
    assert removed == configs[:2]


def test_models_that_cannot_be_removed_now_are_removed_next_time(world: World) -> None:
    environment = world.environment(keep=0)
    first = deployed(world, world.release("first"), environment).config
    world.cloud.fault("throttling", operation="sagemaker:DeleteModel", count=4)
    deployed(world, world.release("second"), environment)
    assert first in world.models()
    third = deployed(world, world.release("third"), environment).config
    assert world.models() == {third}


def test_alarms_go_with_their_configuration(world: World) -> None:
    alarms = {"errors": {"metric": "Invocation5XXErrors", "above": 5}}
    release = world.release("one")
    deployed(world, release, world.hosted(strategy={"kind": "all_at_once", "alarms": alarms}))
    assert world.alarms() == [f"{world.project}-qa-errors"]
    deployed(world, release)
    assert world.alarms() == []


# --- agents that are lost, and agents that meet --------------------------------------------------------------------


def test_an_update_whose_agent_was_killed_is_adopted(world: World) -> None:
    environment = world.hosted(instance=instances(2), strategy=CANARY)
    deployed(world, world.release("old"), environment)
    new, began = world.release("new"), world.last_call()
    agent = LostAgent(world, "deploy", inputs(world, new, environment), run="lost")
    world.await_status("Updating", stage="Baking")
    agent.kill()
    ctx = world.context(run="next")
    running = Running(lambda: deployed(world, new, environment, ctx))
    world.hasten(running)
    assert world.answer() == "new"
    assert world.count("sagemaker:UpdateEndpoint", began) == 1
    assert any("already" in fact for fact in ctx.report.of("fact"))  # type: ignore[attr-defined]
    assert [entry.run for entry in world.environments.history("qa")] == ["run", "next"]


def test_an_interrupted_deployment_says_so_and_leaves_its_update_to_the_next_run(world: World) -> None:
    environment = world.hosted(instance=instances(2), strategy=CANARY)
    deployed(world, world.release("old"), environment)
    new, clock, began = world.release("new"), Nap(), world.last_call()
    running = Running(lambda: deployed(world, new, environment, world.context(clock=clock)))
    world.await_status("Updating", stage="Baking")
    clock.interrupt()
    with pytest.raises(InterruptedRunError):
        running.ended()
    assert world.environments.history("qa")[-1].status == "interrupted"
    before = world.environments.current("qa")
    assert before is not None
    result = world.hasten(Running(lambda: deployed(world, new, environment, world.context(run="next"))))
    assert result.replaced == before.release
    assert world.count("sagemaker:UpdateEndpoint", began) == 1


def test_an_update_that_someone_else_began_is_waited_for(world: World) -> None:
    slow = world.hosted(instance=instances(2), strategy=CANARY)
    first = deployed(world, world.release("first"), slow)
    deployed(world, world.release("second"), world.hosted(instance=instances(2)))
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 300,
    }
    world.sagemaker().update_endpoint(
        EndpointName=world.endpoint(),
        EndpointConfigName=first.config,
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )
    world.await_status("Updating", stage="Baking")
    running = Running(lambda: deployed(world, world.release("third")))
    world.hasten(running)
    assert world.answer() == "third"


def test_of_two_deployments_at_once_one_waits_for_the_other(world: World) -> None:
    one, two = world.release("one"), world.release("two")
    began = world.last_call()
    both = [
        Running(partial(deployed, world, release, ctx=world.context(run=run)))
        for release, run in ((one, "left"), (two, "right"))
    ]
    assert {running.ended().release for running in both} == {one, two}
    history = world.environments.history("qa")
    assert [entry.status for entry in history] == ["done", "done"]
    assert history[1].replaced == history[0].release
    assert history[0].ended <= history[1].started
    assert world.described()["EndpointConfigName"] == history[1].config
    refused = [
        call for call in world.cloud.calls(began) if call.action == "sagemaker:UpdateEndpoint" and call.status > 299
    ]
    assert refused == []


def test_the_same_deployment_twice_at_once_happens_once(world: World) -> None:
    release, began = world.release("one"), world.last_call()
    both = [Running(partial(deployed, world, release, ctx=world.context(run=run))) for run in ("a", "b")]
    assert both[0].ended().config == both[1].ended().config
    assert world.count("sagemaker:CreateEndpoint", began) == 1
    assert world.answer() == "one"
