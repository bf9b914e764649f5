"""Whose approval counts, of what, for how long, and for which deployment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from agent.config.approval import ApprovalRule
from agent.deployment.approval import Judge, admitted, approved, expiry, objection, rule_of
from agent.deployment.deploy import bring
from agent.errors import InputMissingError, InterruptedRunError, UserCodeFailedError
from agent.ledger.approvals import Approval, Approvals, Kept
from agent.ledger.environments import Environments
from agent.ledger.leases import EnvironmentLock
from agent.ledger.ledger import Ledger
from tests.fakes import EPOCH, FakeClock, MemoryEndpoints, MemoryObjects
from tests.unit.deployment.stage import context, digest, entry, order, release
from tests.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Release
    from agent.context import Context

DAY = timedelta(days=1)
NEEDED: Mapping[str, Any] = {"approval": {"approvers": ["alice", "bob"]}}


def made_by(who: str = "", author: str = "") -> Release:
    made = release(1)
    return made.model_copy(update={"who": who, "commit": made.commit.model_copy(update={"author": author})})


def approval(by: str = "alice", *, at: datetime = EPOCH, lasts: timedelta = DAY, run: str = "promote-1") -> Approval:
    return Approval(environment="qa", release=digest(1), by=by, reason="better", at=at, expires=at + lasts, run=run)


def kept(one: Approval, *, after_release: bool = True) -> Kept:
    return Kept(approval=one, after_release=after_release)


def rule(**members: Any) -> ApprovalRule:
    return ApprovalRule.model_validate(members)


# --- people --------------------------------------------------------------------------------------------------------


def test_without_names_everybody_may_approve() -> None:
    assert objection("carol", made_by("carol"), rule()) is None


def test_only_who_is_named_may_approve() -> None:
    named = rule(approvers=("alice", "bob"))
    assert objection("Alice", made_by(), named) is None
    assert "carol is none of its approvers (alice, bob)" in str(objection("carol", made_by(), named))


@pytest.mark.parametrize(
    ("login", "who", "author", "is_author"),
    [
        ("alice", "alice", "", True),
        ("Alice", "alice", "", True),
        ("alice", "bob", "Alice", True),
        ("alice.liddell", "bob", "Alice Liddell", True),
        ("alice", "bob", "Alice Liddell", True),
        ("bob", "alice", "Alice Liddell", False),
        ("al", "alice", "Alice Liddell", False),
        ("bob", "models/main", "", False),
        ("alice", "", "", False),
    ],
)
def test_four_eyes_are_other_than_the_authors(login: str, who: str, author: str, *, is_author: bool) -> None:
    demanded = rule(four_eyes=True, git_names={"Alice": ("Alice Liddell", "A. Liddell")})
    found = objection(login, made_by(who, author), demanded)
    assert (found is not None and "four eyes" in found) is is_author
    assert objection(login, made_by(who, author), rule()) is None


def test_the_author_is_left_out_of_those_who_may() -> None:
    demanded = rule(four_eyes=True, approvers=("alice", "bob"))
    assert admitted(made_by("alice"), demanded) == ("bob",)


# --- what counts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "counts"), [(timedelta(0), True), (DAY - timedelta(seconds=1), True), (DAY, False), (2 * DAY, False)]
)
def test_an_approval_ends(after: timedelta, *, counts: bool) -> None:
    judge = Judge(release=release(1), rule=rule(), history=())
    assert (judge.fault(kept(approval()), at=EPOCH + after) is None) is counts


def test_an_environment_that_became_stricter_ends_what_was_given_before() -> None:
    assert expiry(approval(), rule(expires=3600)) == EPOCH + timedelta(hours=1)
    assert expiry(approval(lasts=timedelta(hours=1)), rule(expires=86_400)) == EPOCH + timedelta(hours=1)


def test_who_may_not_approve_any_more_has_not_approved() -> None:
    judge = Judge(release=release(1), rule=rule(approvers=("bob",)), history=())
    assert "alice is none" in str(judge.fault(kept(approval()), at=EPOCH))


def test_an_approval_from_before_the_release_is_of_something_else() -> None:
    judge = Judge(release=release(1), rule=rule(), history=())
    assert "older than the release" in str(judge.fault(kept(approval(), after_release=False), at=EPOCH))


def test_an_approval_allows_one_deployment() -> None:
    used = entry(7, release=digest(1), approval=approval().quoted().model_dump())
    judge = Judge(release=release(1), rule=rule(), history=(used,))
    assert "was for deployment 7" in str(judge.fault(kept(approval()), at=EPOCH))
    assert judge.fault(kept(approval(run="promote-2")), at=EPOCH) is None
    failed = used.model_copy(update={"status": "failed"})
    assert Judge(release=release(1), rule=rule(), history=(failed,)).fault(kept(approval()), at=EPOCH) is None


def test_a_rollback_needs_an_approval_only_where_it_is_demanded() -> None:
    def needs(action: Literal["deploy", "promote", "rollback"], **members: Any) -> bool:
        return rule_of(replace(order(1, approval=members), action=action)) is not None

    assert needs("promote")
    assert needs("deploy")
    assert not needs("rollback")
    assert needs("rollback", rollback="required")


# --- deployments ---------------------------------------------------------------------------------------------------


@pytest.fixture
def endpoints() -> MemoryEndpoints:
    return MemoryEndpoints()


@pytest.fixture
def ctx(endpoints: MemoryEndpoints) -> Context:
    """A run in a project that has made release 1."""
    objects = MemoryObjects()
    Ledger(objects, "bucket").create_bytes(f"releases/{digest(1)}.json", b"{}")
    return context(endpoints, objects)


def give(ctx: Context, one: Approval) -> Approval:
    return Approvals(ctx.ledger).add(one)


def clock(ctx: Context) -> FakeClock:
    assert isinstance(ctx.clock, FakeClock)
    return ctx.clock


def test_an_environment_without_the_section_needs_none(ctx: Context) -> None:
    assert bring(order(1), ctx).approval is None


def test_without_an_approval_nothing_is_touched(ctx: Context, endpoints: MemoryEndpoints) -> None:
    with pytest.raises(InputMissingError, match=r"it has no approval; alice, bob may approve it.*modelyard approve"):
        bring(order(1, **NEEDED), ctx)
    assert endpoints.writes == []
    assert Environments(ctx.ledger).history("qa") == ()


def test_with_one_the_history_says_whose(ctx: Context) -> None:
    given = give(ctx, approval())
    done = bring(order(1, **NEEDED), ctx)
    assert done.approval == given.quoted()
    assert Environments(ctx.ledger).current("qa") == done


def test_the_error_says_what_is_wrong_with_each_approval(ctx: Context) -> None:
    give(ctx, approval(by="carol"))
    give(ctx, approval(at=EPOCH - 2 * DAY, run="promote-0"))
    with pytest.raises(InputMissingError, match=r"carol is none of its approvers.*that of alice expired at 2026-10-31"):
        approved(order(1, **NEEDED), ctx)


def test_an_approval_that_ends_while_another_run_has_the_environment_is_too_late(ctx: Context) -> None:
    give(ctx, approval(lasts=timedelta(seconds=60)))
    approved(order(1, **NEEDED), ctx)
    other = EnvironmentLock(ctx.ledger, "qa", key="other", run="other", who="bob", build_url="")
    other.enter(clock(ctx), ctx.report)
    with pytest.raises(InputMissingError, match="expired"):
        bring(order(1, **NEEDED), ctx)


def test_an_update_that_is_under_way_goes_on_although_its_approval_has_ended(
    ctx: Context, endpoints: MemoryEndpoints
) -> None:
    """Whoever looks after a deployment next, hours later, asks whether it was allowed to begin."""
    give(ctx, approval())
    bring(order(1, **NEEDED), ctx)
    endpoints.change("tumour-qa", order(1).desired(ctx).name)
    for name in ctx.ledger.names("environments/qa/history/"):
        ctx.ledger.objects.delete("bucket", f"ledger/{name}")
    clock(ctx).time = EPOCH + 2 * DAY
    assert bring(order(1, **NEEDED), ctx).approval is not None


def test_every_visit_knows_the_approval_that_the_first_one_had(ctx: Context, endpoints: MemoryEndpoints) -> None:
    endpoints.looks = 20
    given, visits = give(ctx, approval(lasts=timedelta(seconds=5))), Visits(context=ctx)
    done = visits.until_done(lambda own: bring(order(1, **NEEDED), own))
    assert len(visits.left) > 1
    assert done.approval == given.quoted()


def test_an_update_that_was_rolled_back_during_a_nap_is_told_although_its_approval_has_ended(
    ctx: Context, endpoints: MemoryEndpoints
) -> None:
    bring(order(2), ctx)
    give(ctx, approval(at=clock(ctx).now(), lasts=timedelta(seconds=5)))
    visits, endpoints.looks = Visits(context=ctx), 10
    endpoints.broken[order(1, **NEEDED).desired(ctx).name] = "did not pass the ping health check"
    visits.come(lambda own: bring(order(1, **NEEDED), own))
    while not endpoints.present["tumour-qa"].steady:
        endpoints.describe("tumour-qa")
    with pytest.raises(UserCodeFailedError, match="ping health check"):
        visits.come(lambda own: bring(order(1, **NEEDED), own))
    assert [one.status for one in Environments(ctx.ledger).history("qa")] == ["done", "failed"]


def test_a_state_is_no_approval(ctx: Context, endpoints: MemoryEndpoints) -> None:
    """An update that was never begun is not allowed by a request that says so."""
    visits = Visits(context=ctx)
    config = order(1, **NEEDED).desired(ctx).name
    note = {"started": EPOCH.isoformat(), "config": config, "moved": True}
    visits.state = {"deployment to qa": note, "entering qa": {}}
    with pytest.raises(InputMissingError, match="it has no approval"):
        visits.come(lambda own: bring(order(1, **NEEDED), own))
    assert endpoints.writes == []


def test_a_run_that_is_aborted_is_interrupted_and_not_refused(ctx: Context) -> None:
    clock(ctx).interrupted = True
    with pytest.raises(InterruptedRunError):
        bring(order(1, **NEEDED), ctx)
    (entry_of_it,) = Environments(ctx.ledger).history("qa")
    assert (entry_of_it.status, entry_of_it.approval) == ("interrupted", None)


def test_an_approval_that_ends_while_alarms_fall_silent_is_too_late(ctx: Context, endpoints: MemoryEndpoints) -> None:
    bring(order(2), ctx)
    give(ctx, approval(lasts=timedelta(seconds=5)))
    alarms = {"errors": {"metric": "Invocation5XXErrors", "above": 1}}
    endpoints.alarming.add("tumour-qa-errors")
    endpoints.before = lambda *_: endpoints.alarming.clear() if clock(ctx).time > EPOCH + timedelta(seconds=9) else None
    before = [*endpoints.writes]
    guarded = order(1, **NEEDED, endpoint={"strategy": {"kind": "canary", "alarms": alarms}})
    with pytest.raises(InputMissingError, match="expired"):
        bring(guarded, ctx)
    assert endpoints.writes == before


def test_what_is_live_needs_no_second_approval(ctx: Context) -> None:
    give(ctx, approval())
    done = bring(order(1, **NEEDED), ctx)
    clock(ctx).time = EPOCH + 2 * DAY
    assert bring(order(1, **NEEDED), ctx) == done


def test_a_new_deployment_of_the_same_release_needs_a_new_one(ctx: Context) -> None:
    give(ctx, approval())
    bring(order(1, **NEEDED), ctx)
    with pytest.raises(InputMissingError, match="was for deployment 1, which is done"):
        bring(order(1, execution_role="arn:aws:iam::222222222222:role/another", **NEEDED), ctx)
