"""Who calls and what they may do, answered for our services by the same records and engine as for MiniStack's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agent.cloud.emulator.authorization import Asked, denial
from agent.cloud.emulator.holders import Holder
from agent.cloud.errors import AwsError
from agent.cloud.identity import Caller, Credentials, ResourcePolicy
from agent.cloud.policy.decision import Granted, ResourceSide, trusts
from agent.cloud.policy.document import parse
from agent.cloud.policy.principals import Match, Principal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.cloud.emulator.authorization import Authorization
    from agent.cloud.emulator.holders import Holders
    from agent.cloud.emulator.keys import Keys
    from agent.cloud.emulator.resources import Resources
    from agent.cloud.wire import Request


class Identities:
    """See :class:`agent.cloud.identity.Identity`."""

    def __init__(
        self,
        holders: Holders,
        authorization: Authorization,
        resources: Resources,
        keys: Keys,
        touch: Callable[[str], None],
    ) -> None:
        from ministack import app
        from ministack.core import iam_actions, iam_evaluator, responses, router
        from ministack.services import iam, sts

        self._holders = holders
        self._authorization = authorization
        self._resources = resources
        self._keys = keys
        self._touch = touch
        self._app = app
        self._actions = iam_actions
        self._evaluator = iam_evaluator
        self._responses = responses
        self._router = router
        self._iam = iam
        self._sts = sts

    def account_of(self, access_key_id: str) -> str:
        """The account that an access key belongs to; empty for one that is not known."""
        return self._holders.account_of(access_key_id)

    def name_of(self, access_key_id: str) -> str:
        """The ARN of whoever holds an access key; empty for one that is not known."""
        return self._holders.name_of(access_key_id)

    def authenticate(self, request: Request, service: str) -> Caller:
        """See :class:`agent.cloud.identity.Identity`."""
        headers, query = dict(request.headers), dict(request.query)
        key = self._router.extract_access_key_id(headers, query)
        self._responses.set_request_account_id(self._app._request_account_scope(key))
        region = self._router.extract_region(headers, query)
        self._responses.set_request_region(region)
        self._evaluator.pin_request_origin(request.client, headers.get("x-forwarded-proto", "https") == "https")
        self._evaluator.pin_signed_request(request.method, request.raw_path, query, request.raw_headers)
        self._evaluator.pin_signed_body(request.body)
        try:
            return _caller(self._authorization.authenticated(key, service), region)
        except AwsError as error:
            code, status, message = self._actions._auth_failure(service, error.code, error.message, headers)
            raise AwsError(code, message, status) from None

    def caller_of(self, access_key_id: str, region: str) -> Caller:
        """See :class:`agent.cloud.identity.Identity`."""
        return _caller(self._holders.of_key(access_key_id), region)

    def authorize(
        self,
        caller: Caller,
        action: str,
        resource: str,
        conditions: Mapping[str, Any] | None = None,
        policy: ResourcePolicy | None = None,
    ) -> None:
        """See :class:`agent.cloud.identity.Identity`."""
        holder = cast("Holder", caller.principal)
        side = ResourceSide(policy=parse(policy.document), owner=policy.owner) if policy else None
        asked = Asked(action=action, resource=resource, region=caller.region, conditions=conditions or {})
        decision = self._authorization.decide(holder, asked, side)
        if not decision.allowed:
            raise AwsError("AccessDeniedException", denial(caller.arn, action, resource, decision))

    def authorize_key(self, caller: Caller, action: str, key: str, conditions: Mapping[str, Any]) -> None:
        """See :class:`agent.cloud.identity.Identity`."""
        arn = self._keys.arn(key, caller.account, caller.region)
        asked = Asked(action=action, resource=arn, region=caller.region, conditions=conditions)
        side = self._resources.side("kms", arn)
        decision = self._authorization.decide(cast("Holder", caller.principal), asked, side)
        if not decision.allowed:
            raise AwsError("AccessDeniedException", denial(caller.arn, action, arn, decision))

    def role_trusts(self, role_arn: str, service: str, source_arn: str | None = None) -> bool:
        """See :class:`agent.cloud.identity.Identity`."""
        role = self._role(role_arn)
        if role is None:
            return False
        account = role_arn.split(":")[4]
        region = self._responses.get_region()
        source = source_arn or f"arn:aws:{service.partition('.')[0]}:{region}:{account}:*"
        keys = {"aws:SourceAccount": account, "aws:SourceArn": source, "aws:PrincipalServiceName": service}
        holder = Holder(
            principal=Principal(service=service), granted=Granted(), keys={"aws:principalisawsservice": "true"}
        )
        asked = Asked(action="sts:AssumeRole", resource=role_arn, region=region, conditions=keys)
        request = self._authorization.request(holder, asked)
        return trusts(request, parse(role["AssumeRolePolicyDocument"])) is not Match.NONE

    def service_session(
        self, role_arn: str, service: str, session_name: str, source_arn: str | None = None
    ) -> Credentials:
        """See :class:`agent.cloud.identity.Identity`."""
        role = self._role(role_arn)
        if role is None or not self.role_trusts(role_arn, service, source_arn):
            raise AwsError(
                "AccessDenied", f"{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}", 403
            )
        account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        iam = self._iam
        key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
        self._sts.register_session(
            key,
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
                "UserId": f"{role['RoleId']}:{session_name}",
                "SecretAccessKey": secret,
                "SessionToken": token,
                "PrincipalType": "AssumedRole",
                "AccountId": account,
            },
        )
        self._touch("sts")
        return Credentials(access_key_id=key, secret_access_key=secret, session_token=token)

    def _role(self, role_arn: str) -> Mapping[str, Any] | None:
        role: Mapping[str, Any] | None = self._iam._roles.get_scoped(
            role_arn.split(":")[4], None, role_arn.rsplit("/", 1)[-1]
        )
        return role if role and role["Arn"] == role_arn else None


def _caller(holder: Holder, region: str) -> Caller:
    return Caller(arn=holder.arn, account=holder.account, region=region, principal=holder, role=holder.principal.role)
