"""How policies of several kinds combine into one answer, and the reason that AWS gives for a denial.

Source: IAM user guide, "Policy evaluation logic" (its sections on a single account, on cross-account requests, and
"Evaluating identity-based policies with resource-based policies").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from agent.cloud.policy.principals import Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.cloud.policy.document import Policy, Request, Statement


class Kind(Enum):
    """Kinds of policy in AWS's words."""

    IDENTITY = "an identity-based policy"
    RESOURCE = "a resource-based policy"
    BOUNDARY = "a permissions boundary"
    SESSION = "a session policy"
    TRUST = "a role trust policy"


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What the principal brings: its policies, and the limits (boundary, session policies) that narrow them."""

    identity: Sequence[Policy] = ()
    boundary: Sequence[Policy] | None = None
    session: Sequence[Policy] | None = None


@dataclass(frozen=True, kw_only=True)
class ResourceSide:
    """The policy that the resource carries, and the account that owns it.

    ``required``: the policy must allow even its own account's principals (KMS keys, roles).
    """

    policy: Policy
    owner: str
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer; ``kind`` is the policy that denied, or the one that should have allowed.

    ``sid`` is the statement that decided, in the policy of that kind; ``beside`` the one of the resource's policy that
    had to allow it as well.
    """

    allowed: bool
    explicit: bool = False
    kind: Kind = Kind.IDENTITY
    sid: str = ""
    beside: str | None = None

    @property
    def allowed_by(self) -> tuple[str, ...]:
        """The statements that allowed it together, each after its kind of policy, such as ``identity:RunJobs``."""
        if not self.allowed:
            return ()
        own = f"{self.kind.name.lower()}:{self.sid}"
        return (own,) if self.beside is None else (own, f"{Kind.RESOURCE.name.lower()}:{self.beside}")

    def because(self, action: str) -> str:
        """AWS's explanation of a denial, as the end of its message."""
        if self.explicit:
            return f"with an explicit deny in {self.kind.value}"
        return f"because no {self.kind.value.split(' ', 1)[1]} allows the {action} action"


def decide(request: Request, granted: Granted, resource: ResourceSide | None = None) -> Decision:
    """Whether the request is allowed."""
    denied = _explicit_deny(request, granted, resource)
    if denied:
        return denied
    named, sid = _named(request, resource)
    account = request.principal.account
    if not account:
        return Decision(allowed=named is not Match.NONE, kind=Kind.RESOURCE, sid=sid)
    foreign = resource is not None and resource.owner != account
    if named > Match.ACCOUNT and not foreign:
        return _within_limits(request, granted, named, sid)
    own = _own_side(request, granted)
    if own.allowed and (foreign or (resource is not None and resource.required)):
        return replace(own, beside=sid) if named is not Match.NONE else Decision(allowed=False, kind=Kind.RESOURCE)
    return own


def _explicit_deny(request: Request, granted: Granted, resource: ResourceSide | None) -> Decision | None:
    layers = [(Kind.IDENTITY, granted.identity), (Kind.BOUNDARY, granted.boundary), (Kind.SESSION, granted.session)]
    for kind, policies in layers:
        found = first(request, policies or (), allows=False)
        if found:
            return Decision(allowed=False, explicit=True, kind=kind, sid=found.sid)
    for statement in resource.policy if resource else ():
        if not statement.allows and statement.names(request.principal) and statement.applies(request):
            return Decision(allowed=False, explicit=True, kind=Kind.RESOURCE, sid=statement.sid)
    return None


def _named(request: Request, resource: ResourceSide | None) -> tuple[Match, str]:
    """How closely the resource's policy allows the principal by name."""
    best, sid = Match.NONE, ""
    for statement in resource.policy if resource else ():
        named = statement.names(request.principal)
        if statement.allows and named > best and statement.applies(request):
            best, sid = named, statement.sid
    return best, sid


def _within_limits(request: Request, granted: Granted, named: Match, sid: str) -> Decision:
    """The resource's policy allows by itself; only a grant to the very user or session is free of limits."""
    if named is not Match.EXACT:
        limited = _limits(request, granted)
        if limited:
            return limited
    return Decision(allowed=True, kind=Kind.RESOURCE, sid=sid)


def _own_side(request: Request, granted: Granted) -> Decision:
    found = first(request, granted.identity, allows=True)
    if found is None:
        return Decision(allowed=False)
    return _limits(request, granted) or Decision(allowed=True, sid=found.sid)


def _limits(request: Request, granted: Granted) -> Decision | None:
    for kind, policies in ((Kind.BOUNDARY, granted.boundary), (Kind.SESSION, granted.session)):
        if policies is not None and first(request, policies, allows=True) is None:
            return Decision(allowed=False, kind=kind)
    return None


def first(request: Request, policies: Sequence[Policy], *, allows: bool) -> Statement | None:
    """The first statement of that effect that applies."""
    for policy in policies:
        for statement in policy:
            if statement.allows is allows and statement.applies(request):
                return statement
    return None


def trusts(request: Request, trust: Policy) -> Match:
    """How a role's trust policy admits the principal; a Deny that names it wins."""
    best = Match.NONE
    for statement in trust:
        named = statement.names(request.principal)
        if named is Match.NONE or not statement.applies(request):
            continue
        if not statement.allows:
            return Match.NONE
        best = max(best, named)
    return best
