"""Whether a person said yes to a release in an environment, may have said so, and the yes still counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from agent import people
from agent.deployment.order import enter
from agent.errors import InputMissingError
from agent.ledger.approvals import Approvals
from agent.ledger.environments import Environments
from agent.naming import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from agent.artifacts import Release
    from agent.config.approval import ApprovalRule
    from agent.context import Context
    from agent.deployment.order import Order
    from agent.ledger.approvals import Approval, Kept
    from agent.ledger.environments import Deployment


# --- people --------------------------------------------------------------------------------------------------------


def authors(release: Release) -> tuple[str, ...]:
    """Who is behind a release: who started the build that made it, and its commit's author, as each is known there."""
    return tuple(dict.fromkeys(name for name in (release.who, release.commit.author) if name))


def is_author(login: str, release: Release, rule: ApprovalRule) -> bool:
    """Whether a login is one of the release's authors.

    A build says who started it by login, or by its job's name where nobody did; a commit says its author's name.
    """
    return people.is_one_of(login, authors(release), rule.git_names)


def objection(login: str, release: Release, rule: ApprovalRule) -> str | None:
    """Why a person may not approve a release, or None."""
    if rule.approvers and not any(people.same_person(login, approver) for approver in rule.approvers):
        return f"{login} is none of its approvers ({', '.join(rule.approvers)})"
    if rule.four_eyes and is_author(login, release, rule):
        return f"{login} is an author of the release ({', '.join(authors(release))}), and four eyes are demanded"
    return None


def admitted(release: Release, rule: ApprovalRule) -> tuple[str, ...]:
    """Those of the named approvers who may approve a release."""
    return tuple(login for login in rule.approvers if objection(login, release, rule) is None)


# --- what counts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What decides about the approvals of one release in one environment, besides the time.

    ``history`` is the environment's: an approval allows one deployment, so one that was deployed with is used up.
    """

    release: Release
    rule: ApprovalRule
    history: Sequence[Deployment]

    def fault(self, kept: Kept, *, at: datetime) -> str | None:
        """Why an approval does not allow a deployment at that time, or None."""
        approval = kept.approval
        if not kept.after_release:
            return f"that of {approval.by} is older than the release"
        refused = objection(approval.by, self.release, self.rule)
        if refused is not None:
            return refused
        used = next((one for one in self.history if one.status == "done" and one.approval == approval.quoted()), None)
        if used is not None:
            return f"that of {approval.by} was for deployment {used.number}, which is done"
        ended = expiry(approval, self.rule)
        return None if at < ended else f"that of {approval.by} expired at {ended:%Y-%m-%d %H:%M}Z"

    def counting(self, found: Iterable[Kept], *, at: datetime) -> Approval | None:
        """The newest approval that allows a deployment at that time."""
        return next((kept.approval for kept in found if self.fault(kept, at=at) is None), None)


def expiry(approval: Approval, rule: ApprovalRule) -> datetime:
    """When an approval ends: as it was given, or sooner where the environment has become stricter since."""
    return min(approval.expires, approval.at + timedelta(seconds=rule.expires))


def rule_of(order: Order) -> ApprovalRule | None:
    """What an order has to satisfy, or None where it needs no approval."""
    rule = order.environment.approval
    if rule is None or (order.action == "rollback" and rule.rollback == "not_required"):
        return None
    return rule


def standing(order: Order, ctx: Context) -> Approval | None:
    """The approval that allows an order now, or None; an order that needs none has none."""
    rule = rule_of(order)
    if rule is None:
        return None
    found = Approvals(ctx.ledger).of(order.name, order.digest)
    return _judge(order, rule, ctx).counting(found, at=ctx.clock.now()) if found else None


def approved(order: Order, ctx: Context) -> Order:
    """The order with the approval that allows it.

    A deployment that is under way already needs one that counted when it began. InputMissingError says what is wrong
    with the approvals that there are, and how to get another one.
    """
    rule = rule_of(order)
    if rule is None:
        return order
    found, judge, now = Approvals(ctx.ledger).of(order.name, order.digest), _judge(order, rule, ctx), ctx.clock.now()
    counting = judge.counting(found, at=now)
    began = None if counting or not found else _began(order, ctx)
    if began is not None:
        counting = judge.counting((kept for kept in found if kept.approval.at <= began), at=began)
    if counting is not None:
        return replace(order, approval=counting.quoted())
    faults = [fault for kept in found if (fault := judge.fault(kept, at=now)) is not None]
    raise InputMissingError(_how_to_get_one(order, rule, faults))


def _judge(order: Order, rule: ApprovalRule, ctx: Context) -> Judge:
    return Judge(release=order.release, rule=rule, history=Environments(ctx.ledger).history(order.name))


def _began(order: Order, ctx: Context) -> datetime | None:
    """When the endpoint began to become what is ordered, if it did."""
    wanted = order.desired(ctx)
    state = enter(order.environment, ctx).endpoints.describe(wanted.endpoint)
    return state.changing_since if state is not None and state.target == wanted.name else None


def _how_to_get_one(order: Order, rule: ApprovalRule, faults: Sequence[str]) -> str:
    who = ", ".join(admitted(order.release, rule)) or ("anybody else" if rule.four_eyes else "anybody")
    what = f"no approval counts: {'; '.join(faults)}" if faults else "it has no approval"
    return (
        f"release {short(order.digest)} may not go to {order.name}, for {what}; {who} may approve it, in the job "
        f"promote or with: modelyard approve {short(order.digest)} --to {order.name} --reason WHY"
    )
