"""The steps `review` and `approve`, and what promotions and rollbacks demand of them, with the bootstrap's roles."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, ExitCode, InputMissingError, UsageError
from agent.ledger.approvals import Approval, Approvals
from agent.ledger.environments import RatedInterval, RatedMetric
from agent.runner import run_step
from pipeline_steps import approve, promote, review, rollback
from tests.contract.steps.deploy_world import PROD, Running, World, new_world, pending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.environment import Environment
    from agent.runner import Outcome

RULE: dict[str, Any] = {"approvers": ["alice", "bob"], "four_eyes": True}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def prod(world: World, **changes: Any) -> Environment:
    """Production, which needs an approval."""
    return world.environment("prod", approval={**RULE, **changes})


def proved(world: World, answer: str = "one", who: str = "alice") -> str:
    """A release that qa serves and has checked, started by ``who``."""
    release = world.release(answer, who=who)
    world.deploy(release)
    world.check()
    return release


def promoted(world: World, release: str, environment: Environment | None = None, **changes: Any) -> promote.Result:
    inputs = world.promotion(release, environment or prod(world)).model_copy(update=changes)
    return run_step(promote.STEP, inputs, world.context(run="promotion")).result


def approved(
    world: World, release: str, by: str = "bob", *, run: str = "promotion", environment: Environment | None = None
) -> Outcome[approve.Result]:
    inputs = approve.Inputs(
        project=world.project,
        release=release,
        environment_name="prod",
        environment=environment or prod(world),
        by=by,
        reason="better on the holdout",
    )
    return run_step(approve.STEP, inputs, world.context(run=run))


def reviewed(world: World, release: str, action: Any = "promote", environment: Environment | None = None) -> Any:
    inputs = review.Inputs(
        project=world.project,
        action=action,
        release=release,
        tools=world.configuration.tools,
        environment_name="prod",
        environment=environment or prod(world),
        before=("qa",),
        main_branches=world.configuration.main_branches,
        better={"auc": "higher"},
    )
    return run_step(review.STEP, inputs, world.context()).result


def documents(world: World) -> list[str]:
    return world.ledger.names("approvals/")


def keep(world: World, release: str, **changes: Any) -> None:
    """An approval as it would stand in the ledger, changed."""
    now = world.context().clock.now()
    fine = Approval(
        environment="prod",
        release=release,
        by="bob",
        reason="better",
        at=now,
        expires=now + timedelta(days=1),
        run="earlier",
    )
    Approvals(world.ledger).add(fine.model_copy(update=changes))


def refused(world: World, release: str, match: str) -> None:
    began = world.last_call()
    with pytest.raises(InputMissingError, match=match) as caught:
        promoted(world, release)
    assert caught.value.exit_code == ExitCode.INPUT_MISSING
    assert world.writes(began, PROD) == []
    assert world.environments.history("prod") == ()


# --- promotions ----------------------------------------------------------------------------------------------------


def test_a_promotion_without_an_approval_is_refused_and_says_how_to_get_one(world: World) -> None:
    release = proved(world)
    refused(world, release, f"it has no approval; bob may approve it.*modelyard approve {release[:12]} --to prod")


def test_an_approval_lets_it_through_and_stands_in_the_history(world: World) -> None:
    release = proved(world)
    given = approved(world, release).result
    promoted(world, release)
    assert world.answer("prod") == "one"
    (entry,) = world.environments.history("prod")
    assert entry.approval is not None
    assert (entry.approval.by, entry.approval.reason, entry.approval.at) == ("bob", "better on the holdout", given.at)


@pytest.mark.parametrize(
    ("by", "why"), [("alice", "alice is an author of the release"), ("carol", "carol is none of its approvers")]
)
def test_who_may_not_approve_leaves_no_approval(world: World, by: str, why: str) -> None:
    release = proved(world)
    with pytest.raises(AccessDeniedError, match=why):
        approved(world, release, by)
    assert documents(world) == []
    refused(world, release, "it has no approval")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"by": "alice"}, "alice is an author"),
        ({"by": "carol"}, "carol is none of its approvers"),
        ({"expires": timedelta(seconds=-1)}, "that of bob expired"),
    ],
    ids=("author", "unnamed", "expired"),
)
def test_what_was_written_past_the_step_does_not_count(world: World, changes: dict[str, Any], why: str) -> None:
    release, now = proved(world), world.context().clock.now()
    ended = {name: now + value if name == "expires" else value for name, value in changes.items()}
    keep(world, release, **ended)
    refused(world, release, why)


def test_an_approval_is_of_one_release_and_one_environment(world: World) -> None:
    other = proved(world, "other")
    release = proved(world)
    approved(world, other)
    keep(world, release, environment="qa")
    refused(world, release, "it has no approval")


def test_an_approval_allows_one_deployment(world: World) -> None:
    one = proved(world, "one")
    approved(world, one)
    promoted(world, one)
    two = proved(world, "two")
    approved(world, two)
    promoted(world, two)
    with pytest.raises(InputMissingError, match="was for deployment 1, which is done"):
        promoted(world, one)


def test_a_first_environment_that_needs_one_is_not_deployed_to_without(world: World) -> None:
    release = world.release("one")
    with pytest.raises(InputMissingError, match="it has no approval"):
        world.deploy(release, world.environment(approval=RULE))
    assert world.environments.history("qa") == ()


# --- approvals -----------------------------------------------------------------------------------------------------


def test_a_build_that_is_restarted_finds_its_own_approval(world: World) -> None:
    release = proved(world)
    first = approved(world, release)
    again = approved(world, release)
    assert (again.recalled, again.result) == (True, first.result)
    assert documents(world) == [f"approvals/prod/{release}/promotion.json"]


def test_no_other_build_takes_it_for_its_own(world: World) -> None:
    """The inputs are the same to the letter, but a person has to say it again."""
    release = proved(world)
    approved(world, release)
    assert not approved(world, release, run="promotion-2").recalled
    assert len(documents(world)) == 2


@pytest.mark.parametrize("empty", ["by", "reason"])
def test_an_approval_says_who_and_why(world: World, empty: str) -> None:
    said = {"by": "bob", "reason": "better", empty: "  "}
    inputs = approve.Inputs(
        project=world.project,
        release=world.release("one"),
        environment_name="prod",
        environment=prod(world),
        **said,
    )
    with pytest.raises(UsageError, match="who gives it and why"):
        run_step(approve.STEP, inputs, world.context())


def test_nobody_approves_what_does_not_exist(world: World) -> None:
    with pytest.raises(InputMissingError, match="there is no release"):
        approved(world, "f" * 64)


# --- rollbacks -----------------------------------------------------------------------------------------------------


def back(world: World, environment: Environment, release: str | None = None) -> rollback.Result:
    inputs = rollback.Inputs(project=world.project, environment_name="prod", environment=environment, release=release)
    return run_step(rollback.STEP, inputs, world.context(run="back")).result


def had(world: World, *answers: str) -> list[str]:
    """Releases that production served one after the other."""
    releases = [proved(world, answer) for answer in answers]
    for release in releases:
        approved(world, release)
        promoted(world, release)
    return releases


def test_in_an_emergency_a_rollback_needs_nobody(world: World) -> None:
    one, _ = had(world, "one", "two")
    assert back(world, prod(world)).release == one
    assert world.environments.history("prod")[-1].approval is None


def test_where_it_is_demanded_a_rollback_needs_an_approval(world: World) -> None:
    one, _ = had(world, "one", "two")
    careful = prod(world, rollback="required")
    with pytest.raises(InputMissingError, match="was for deployment 1"):
        back(world, careful)
    assert world.answer("prod") == "two"
    assert reviewed(world, "", "rollback", careful).needs_approval
    approved(world, one, run="back")
    assert back(world, careful).release == one
    assert world.environments.history("prod")[-1].approval is not None


# --- evidence ------------------------------------------------------------------------------------------------------


def test_a_review_says_what_would_change_and_changes_nothing(world: World) -> None:
    one = proved(world, "one")
    approved(world, one)
    promoted(world, one)
    two = proved(world, "two", who="bob")
    check = world.environments.checked("qa", two)
    assert check is not None
    loaded = {"metric": "auc", "value": 0.99, "rows": 100, "load": 200, "p50_ms": 22.6, "p99_ms": 80.9, "cost": 0.0123}
    rated = RatedMetric(value=0.95, interval=RatedInterval(low=0.93, high=0.97, level=0.95), own=0.96, limited=True)
    update = loaded | {"evaluated": 1000, "metrics": {"auc": rated, "f1": rated.model_copy(update={"limited": False})}}
    world.environments.keep_check(check.model_copy(update=update))
    began = world.last_call()
    found = reviewed(world, two[:12])
    assert world.writes(began) == []
    assert (found.release, found.live, found.author) == (two, one, "bob")
    assert (found.needs_approval, found.approvers, found.expires_minutes) == (True, ("alice",), 24 * 60)
    judged_by_rows = "auc 0.9 (incomparable, was 0.9)"  # each was measured on rows of its own
    assert found.title == f"promote release {two[:12]} to prod, instead of {one[:12]}: {judged_by_rows}"
    judged = {(change.topic, change.name): change.judgement for change in found.changes}
    assert judged["image", "digest"] == judged["settings", "instances"] == "same"
    assert (judged["metrics", "auc"], judged["model", "sha256"]) == ("incomparable", "changed")
    writes = [change.name for change in found.changes if change.topic == "writes"]
    assert writes == ["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:UpdateEndpoint"]
    (proof,) = found.proved
    assert (proof.environment_name, proof.passed) == ("qa", True)
    assert proof.found == (
        "auc 0.99 on 100 rows; auc 0.95 (0.93 to 0.97) on 1,000 rows, evaluated through the endpoint; half of 200 "
        "requests answered within 23 ms, 99 of 100 within 81 ms, 1,000 of them for 0.0123"
    )
    assert any(text.startswith("model package:") for text in found.verified)
    assert found.lines[0] == found.title
    assert found.lines[-1] == "needs an approval by alice, but not its author (bob), which counts for 1440 minutes"


def test_settings_that_would_change_are_told(world: World) -> None:
    one = proved(world)
    approved(world, one)
    promoted(world, one)
    endpoint = {
        **prod(world).endpoint.model_dump(mode="json", exclude_unset=True),
        "instance": {"type": "ml.c5.xlarge"},
    }
    found = reviewed(world, one, environment=world.environment("prod", approval=RULE, endpoint=endpoint))
    (row,) = [change for change in found.changes if change.name == "instance type"]
    assert (row.live, row.wanted, row.judgement) == ("ml.m5.large", "ml.c5.xlarge", "changed")
    assert found.title.startswith(f"promote release {one[:12]} to prod, which has it, with other settings")
    assert found.needs_approval


def test_a_review_finds_the_approval_that_counts_already(world: World) -> None:
    release = proved(world)
    approved(world, release)
    found = reviewed(world, release)
    assert (found.needs_approval, found.approved.by) == (False, "bob")
    promoted(world, release)
    assert reviewed(world, release).title == f"release {release[:12]} is live in prod already; nothing would be written"


def test_a_review_of_a_rollback_shows_the_past_and_its_target(world: World) -> None:
    one, two = had(world, "one", "two")
    found = reviewed(world, "", "rollback")
    assert (found.release, found.needs_approval) == (one, False)
    assert [(past.release, past.live, past.target, past.approved_by) for past in found.history] == [
        (two, True, False, "bob"),
        (one, False, True, "bob"),
    ]
    assert reviewed(world, two, "rollback").unchanged


def test_a_review_refuses_what_a_promotion_would_refuse(world: World) -> None:
    with pytest.raises(InputMissingError, match="there is no release"):
        reviewed(world, "f" * 64)
    with pytest.raises(UsageError, match="say which release"):
        reviewed(world, "")
    with pytest.raises(UsageError, match="has not been in qa"):
        reviewed(world, world.release("one"))
    with pytest.raises(UsageError, match="never live in prod"):
        reviewed(world, world.release("one"), "rollback")
    with pytest.raises(InputMissingError, match="PendingManualApproval"):
        reviewed(world, proved(pending(world), "pending"))


def test_a_review_says_when_nobody_is_left_to_approve(world: World) -> None:
    release = proved(world)
    with pytest.raises(AccessDeniedError, match=r"every approver \(alice\) is an author"):
        reviewed(world, release, environment=prod(world, approvers=["alice"]))


# --- strategy ------------------------------------------------------------------------------------------------------


def test_another_strategy_moves_the_update_and_lasts_no_longer(world: World) -> None:
    one, two = proved(world, "one"), proved(world, "two")
    plain = world.environment("prod")
    promoted(world, one, plain)
    began = world.last_call()
    world.hasten(Running(partial(promoted, world, two, plain, strategy="linear")))
    assert world.count("sagemaker:UpdateEndpoint", began) == 1
    moved = world.described("prod")["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (moved["Type"], moved["LinearStepSize"]["Value"]) == ("LINEAR", 25)
    inputs = world.promotion(two, plain).model_copy(update={"strategy": "canary"})
    began = world.last_call()
    assert run_step(promote.STEP, inputs, world.context()).recalled
    assert world.writes(began) == []


def test_a_serverless_endpoint_is_updated_at_once(world: World) -> None:
    release = proved(world)
    endpoint = {"name": world.endpoint("prod"), "serverless": {"memory_mb": 1024, "max_concurrency": 5}}
    inputs = world.promotion(release, world.environment("prod", endpoint=endpoint))
    with pytest.raises(UsageError, match="serverless"):
        run_step(promote.STEP, inputs.model_copy(update={"strategy": "canary"}), world.context())
