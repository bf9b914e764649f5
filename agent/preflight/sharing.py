"""Whether bucket, keys and repository let in whom they are for, as their own policies say.

The simulator looks at a role's policies only. Policies of resources are read, and decided by the engine that the
embedded cloud decides with (docs/decisions/0010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.bootstrap.needs import needs_of_others
from agent.cloud.policy.decision import Granted, ResourceSide, decide
from agent.cloud.policy.document import Request, parse
from agent.cloud.policy.principals import Principal
from agent.errors import ExitCode, UsageError
from agent.preflight.permissions import example
from agent.preflight.subject import UNKNOWN_KEY, Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from agent.bootstrap.needs import Need
    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject

_KEY, _SIGNING_KEYS = "Key", ("SigningKeyA", "SigningKeyB")
_EVERYTHING = Granted(identity=(parse({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),))


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A resource with a policy of its own: ``holders`` are its places in the template, ``read`` reads it.

    ``arn`` is a key's own, which lets in nobody, not even its account's roles, but by its policy.
    """

    subject: Subject
    holders: tuple[str, ...]
    what: str
    resource: str
    read: Callable[[], Mapping[str, Any] | None]
    arn: Callable[[], str] | None = None

    def look(self) -> Look:
        """The look at it."""
        reader = self.subject.role or "this identity"
        hints = {"fix": f"let {reader} read it: {self.subject.apply}"}
        return Look(
            subject=self.subject, what=self.what, resource=self.resource, ask=self._ask, needed=False, hints=hints
        )

    def _ask(self) -> Iterator[Finding]:
        try:
            needs = [need for need in needs_of_others(self.subject.declared) if need.holder in self.holders]
        except UsageError as unlike:
            yield self.subject.found("warning", self.what, self.resource, f"nobody knows whom it is for: {unlike}")
            return
        itself = self.arn() if self.arn is not None else "*"
        if not needs or itself == UNKNOWN_KEY:
            return
        side = ResourceSide(policy=parse(self.read()), owner=self.subject.account.id, required=self.arn is not None)
        shut_out = tuple(shut(side, needs, itself))
        yield from map(self._missing, shut_out)
        if not shut_out:
            roles = dict.fromkeys(principal.rpartition("/")[2] for need in needs for principal in need.principals)
            yield self.subject.ok(self.what, self.resource, f"lets in {', '.join(roles)}")

    def _missing(self, out: Shut) -> Finding:
        return self.subject.found(
            "error",
            self.what,
            self.resource,
            f"{self.resource} does not let {out.principal} do {', '.join(out.actions)}",
            fix=f"it is statement {out.need.sid} of the template; run: {self.subject.apply}",
            template=out.need.place,
            exit_code=int(ExitCode.ACCESS_DENIED),
        )


@dataclass(frozen=True, kw_only=True)
class Shut:
    """Who cannot do what it needs."""

    need: Need
    principal: str
    actions: Sequence[str]


def looks(subject: Subject) -> Iterator[Look]:
    """One look at each resource with a policy of its own."""
    return (shared.look() for shared in _shared(subject))


def _shared(subject: Subject) -> Iterator[Shared]:
    policies, project = subject.account.policies, subject.configuration.project

    def one(holder: str, what: str, resource: str, read: Callable[[], Mapping[str, Any] | None]) -> Shared:
        return Shared(subject=subject, holders=(holder,), what=f"policy of the {what}", resource=resource, read=read)

    if subject.environment is None:
        bucket, repository = subject.bucket, naming.repository(project)
        yield one("BucketAccess", "bucket", bucket, lambda: policies.of_bucket(bucket))
        yield one("Repository", "repository", repository, lambda: policies.of_repository(repository))
    yield from _shared_keys(subject)


def _shared_keys(subject: Subject) -> Iterator[Shared]:
    """The keys that bootstrap makes; a key of one's own has a policy of one's own."""
    policies = subject.account.policies
    if subject.environment is None or subject.kms_key is not None:
        yield Shared(
            subject=subject,
            holders=(_KEY,),
            what="policy of the key",
            resource=subject.kms_key or f"alias/{subject.configuration.project}",
            read=lambda: policies.of_key(subject.made_key),
            arn=lambda: subject.made_key,
        )
    if subject.signing_key_name is not None:
        yield Shared(
            subject=subject,
            holders=_SIGNING_KEYS,
            what="policy of the signing key",
            resource=subject.signing_key_name,
            read=lambda: policies.of_key(subject.signing_key),
            arn=lambda: subject.signing_key,
        )


def shut(side: ResourceSide, needs: Iterable[Need], itself: str) -> Iterator[Shut]:
    """Whom the policy of a resource, whose own ARN is ``itself``, does not let do what they need."""
    for need in needs:
        for principal in need.principals:
            denied = tuple(action for action in need.actions if not _lets(side, need, principal, action, itself))
            if denied:
                yield Shut(need=need, principal=principal, actions=denied)


def _lets(side: ResourceSide, need: Need, principal: str, action: str, itself: str) -> bool:
    """The role's own policies are another question: here they allow everything."""
    account = principal.split(":")[4]
    context = {key.lower(): example(values[0]) for key, values in need.conditions.items()}
    keys = {**context, "aws:principalarn": principal, "aws:principalaccount": account, "aws:securetransport": "true"}
    who = Principal(arn=principal, account=account, role=principal)
    asked = (itself if resource == "*" else example(resource) for resource in need.resources)
    requests = (Request(principal=who, action=action, resource=resource, keys=keys) for resource in asked)
    return all(decide(request, _EVERYTHING, side).allowed for request in requests)
