"""Every request to MiniStack and to our services, judged by one policy engine (:mod:`agent.cloud.policy`).

MiniStack's own evaluator fills in no policy variables, looks for a resource's policy in the caller's account only, and
takes whoever signs with ``test`` or an account number for the root of an account. Nobody is root here.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.cloud.emulator.holders import Holder
from agent.cloud.emulator.request_actions import FORBIDDEN
from agent.cloud.emulator.request_keys import RequestKeys
from agent.cloud.errors import AwsError
from agent.cloud.policy.decision import Decision, Granted, ResourceSide, decide
from agent.cloud.policy.document import Request, parse
from agent.cloud.policy.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.cloud.clock import Clock
    from agent.cloud.decisions import DecisionLog
    from agent.cloud.emulator.holders import Holders
    from agent.cloud.emulator.request_reading import RequestReading
    from agent.cloud.emulator.resources import Resources
    from agent.cloud.policy.wildcards import Value

_current: ContextVar[Holder | None] = ContextVar("modelyard_caller", default=None)
_denial: ContextVar[str] = ContextVar("modelyard_denial", default="")
_DECIDED_LATER = frozenset({"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"})
"""Actions that their handler decides, because the role's trust policy needs the whole request."""
_CREATING = frozenset({"s3:CreateBucket", "s3:ListAllMyBuckets"})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An action on the ARN of a resource (or ``*``) in a region; a condition key that is None is absent."""

    action: str
    resource: str
    region: str
    conditions: Mapping[str, Value | None] = field(default_factory=dict)


class Authorization:
    """The policy engine in MiniStack's place."""

    def __init__(
        self, clock: Clock, holders: Holders, resources: Resources, reading: RequestReading, log: DecisionLog
    ) -> None:
        from ministack.core import iam_actions, iam_evaluator, responses
        from ministack.services import sts

        self._clock = clock
        self._holders = holders
        self._resources = resources
        self._reading = reading
        self._log = log
        self._evaluator = iam_evaluator
        self._actions = iam_actions
        self._responses = responses
        self._deny = iam_actions.access_denied_response
        iam_evaluator.is_root_access_key = sts.is_root_access_key = lambda _key: False
        iam_evaluator.enforce = self.enforce
        iam_evaluator.evaluate_resource_policy = self._evaluate_resource_policy
        iam_actions.access_denied_response = self._denied_response

    def current_or_none(self) -> Holder | None:
        """Who makes the request being served; None for an anonymous one and for MiniStack's own calls."""
        return _current.get()

    def current(self) -> Holder:
        """Who makes the request being served; raises AwsError before it is authenticated."""
        holder = _current.get()
        if holder is None:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        return holder

    @contextmanager
    def acting(self, holder: Holder) -> Iterator[None]:
        """Let what is done inside, and what it starts, be done by a holder."""
        token = _current.set(holder)
        try:
            yield
        finally:
            _current.reset(token)

    def decide(self, holder: Holder, asked: Asked, side: ResourceSide | None = None) -> Decision:
        """Whether a holder may do what is asked of a resource with that policy of its own; it is left in the log."""
        decision = self.foresee(holder, asked, side)
        who = holder.principal.role or holder.arn or holder.principal.service or ""
        self._log.record(who, asked.action, asked.resource, allowed=decision.allowed, by=decision.allowed_by)
        return decision

    def foresee(self, holder: Holder, asked: Asked, side: ResourceSide | None = None) -> Decision:
        """The same for what nobody does.

        Another account's resource without a policy is closed.
        """
        owner = self._resources.owner(asked.resource)
        if side is None and owner not in {None, holder.account}:
            side = ResourceSide(policy=(), owner=str(owner))
        return decide(self.request(holder, asked), holder.granted, side)

    def request(self, holder: Holder, asked: Asked) -> Request:
        """What is asked, as policies see it."""
        source_ip, secure = self._evaluator._request_origin.get()
        keys = RequestKeys(
            principal=holder.keys,
            request={key.lower(): value for key, value in asked.conditions.items()},
            region=asked.region,
            clock=self._clock,
            resource_account=self._resources.owner(asked.resource) or holder.account,
            source_ip=source_ip,
            secure=secure,
            tags=lambda: self._resources.tags(asked.resource),
        )
        return Request(principal=holder.principal, action=asked.action, resource=asked.resource, keys=keys)

    def enforce(  # noqa: PLR0917 - called by MiniStack
        self,
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """In place of MiniStack's: None where the request is allowed, else its ``AuthError`` or ``EvalResult``."""
        if not access_key_id and self._evaluator._signed_request.get() is None:
            return self._anonymous(service, iam_action, resource_arn)
        try:
            holder = self.authenticated(access_key_id, service)
        except AwsError as error:
            return self._evaluator.AuthError(error.code, error.message, error.fields)
        if iam_action in self._evaluator._ALWAYS_ALLOWED_ACTIONS or iam_action in _DECIDED_LATER:
            return None
        if FORBIDDEN in iam_action:
            return self._refuse(holder, iam_action, service, resource_arn, Decision(allowed=False, explicit=True))
        side = self._resources.side(service, resource_arn)
        conditions = {**self._reading.conditions(resource_arn), **(service_context or {})}
        asked = Asked(action=iam_action, resource=resource_arn, region=region, conditions=conditions)
        decision = self.decide(holder, asked, side)
        return None if decision.allowed else self._refuse(holder, iam_action, service, resource_arn, decision)

    def authenticated(self, access_key_id: str, service: str) -> Holder:
        """The holder of the key that signed the request; raises AwsError with the evaluator's own codes.

        A signature is checked once for each request. S3 checks those of its presigned addresses when it serves them.
        """
        request = self._evaluator._signed_request.get()
        presigned = request is not None and request.s3_scoped
        checked = self._evaluator._s3_scope_failure(service) or self._evaluator.authenticate(
            access_key_id, self._responses.get_account_id()
        )
        if not access_key_id and checked is None:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        if isinstance(checked, self._evaluator.AuthError):
            raise AwsError(checked.code, checked.message, 403, checked.details)
        current = _current.get()
        if current is not None and current.access_key_id == access_key_id:
            return current
        if not (checked or presigned or self._evaluator._verified_key.get() == access_key_id):
            raise AwsError("IncompleteSignature", "The request signature does not conform to AWS standards.", 403)
        holder = self._holders.of(checked) if checked else self._holders.of_key(access_key_id)
        _current.set(holder)
        return holder

    def _anonymous(self, service: str, action: str, resource: str) -> Any:
        """S3 asks its buckets' policies itself; a few operations are sent unsigned; everything else is refused."""
        if service == "s3" and action not in _CREATING and FORBIDDEN not in action:
            return None
        if self._evaluator._served_unsigned(service, action):
            return None
        message = self._actions.anonymous_denial_message(service, action, resource)
        return self._evaluator.AuthError("MissingAuthenticationToken", message)

    def _evaluate_resource_policy(self, document: Any, context: Any, service: str | None = None, **_: Any) -> Any:
        """In place of MiniStack's, for its services that ask a policy themselves: of a queue, a topic, a public bucket.

        ``service`` is AWS's service that calls, where one does.
        """
        account = "" if context.principal_type == "Anonymous" else context.principal_account
        current = _current.get()
        role = current.principal.role if current is not None and current.arn == context.principal_arn else None
        callers = [Principal(arn=context.principal_arn, account=account, role=role)] if account else [Principal()]
        callers += [Principal(service=service)] if service else []
        asked = Asked(
            action=context.action,
            resource=context.resource_arn,
            region=context.region,
            conditions=dict(context.service_context),
        )
        policy, decisions = parse(document), []
        for principal in callers:
            holder = Holder(principal=principal, granted=Granted(), keys=dict(context.principal_keys))
            request = self.request(holder, asked)
            named = [statement for statement in policy if statement.names(principal) and statement.applies(request)]
            decisions += ["Deny" for statement in named if not statement.allows]
            decisions += ["Allow" for statement in named if statement.allows]
        outcome = "Deny" if "Deny" in decisions else "Allow" if decisions else "ImplicitDeny"
        return self._evaluator.EvalResult(outcome, context.principal_arn)

    def _refuse(self, holder: Holder, action: str, service: str, resource: str, decision: Decision) -> Any:
        quoted = f'"{resource}"' if service == "s3" else resource
        _denial.set(denial(holder.arn, action, quoted, decision))
        return self._evaluator.EvalResult("Deny" if decision.explicit else "ImplicitDeny", holder.arn, decision.sid)

    def _denied_response(self, service: str, action: str, *rest: Any, **options: Any) -> Any:
        """MiniStack's answer with the reason that the engine found; it knows fewer."""
        if not options.get("error_code"):
            options["message"] = _denial.get() or options.get("message", "")
        status, headers, body = self._deny(service, action, *rest, **options)
        in_json = (options.get("headers") or {}).get("x-amz-target")
        return (400 if in_json else status), headers, body


def denial(arn: str, action: str, resource: str, decision: Decision) -> str:
    """AWS's message to a caller who may not."""
    return f"User: {arn} is not authorized to perform: {action} on resource: {resource} {decision.because(action)}"
