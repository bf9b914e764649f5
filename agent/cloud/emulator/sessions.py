"""Role sessions as STS hands them out: limits, tags, source identities and chains that MiniStack does not know.

Sources: STS API reference, ``AssumeRole``; IAM user guide, "Pass session tags in AWS STS", "Monitor and control actions
taken with assumed roles" (source identity) and "Methods to assume a role" (role chaining).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from agent.cloud import validation
from agent.cloud.emulator.authorization import Asked
from agent.cloud.emulator.query_protocol import decode, encode
from agent.cloud.emulator.web_identities import WebIdentities
from agent.cloud.errors import AwsError
from agent.cloud.policy.decision import ResourceSide
from agent.cloud.policy.document import parse
from agent.cloud.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.clock import Clock
    from agent.cloud.emulator.authorization import Authorization
    from agent.cloud.emulator.holders import Holder

_CHAIN_SECONDS = 3600
_DEFAULT_SECONDS = 3600
_PACKED_BYTES = 2048
_KEPT = 10_000

Members = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a session will carry beside its role: its tags and those that outlive it, and who is behind it."""

    tags: Mapping[str, str]
    transitive: tuple[str, ...]
    source_identity: str | None


class Sessions:
    """``AssumeRole`` and ``AssumeRoleWithWebIdentity`` in MiniStack's place, and sessions that survive a restart."""

    def __init__(self, clock: Clock, authorization: Authorization) -> None:
        from ministack.core import responses
        from ministack.services import iam, sts

        self._clock = clock
        self._authorization = authorization
        self._web_identities = WebIdentities(clock)
        self._responses = responses
        self._iam = iam
        self._sts = sts
        self._model = service_model("sts")
        self._handle = sts.handle_request
        sts.handle_request = self._handle_request
        sts._evict_expired_sessions = self._evict
        sts.get_state = lambda: {"sessions": dict(sts._sessions)}
        sts.load_persisted_state = lambda data: sts._sessions.update(data.get("sessions", {}))

    def assume_role(self, caller: Holder, request: Members, region: str) -> Members:
        """``AssumeRole``; raises AwsError."""
        self._validate(request, "AssumeRole")
        plan = _plan(caller, request)
        packed = _packed(request, plan)
        if packed > 100:
            message = f"Packed size of session policies and session tags consumes {packed}% of allotted space."
            raise AwsError("PackedPolicyTooLarge", message)
        role = self._authorized(caller, request, plan, region)
        seconds = self._duration(caller, role, request)
        return self._register(caller, role, request, plan, seconds)

    async def assume_role_with_web_identity(self, request: Members, region: str) -> Members:
        """``AssumeRoleWithWebIdentity``: who holds a token needs the role's trust alone; raises AwsError."""
        action = "AssumeRoleWithWebIdentity"
        self._validate(request, action)
        account = request["RoleArn"].split(":")[4]
        identity = await self._web_identities.verified(request["WebIdentityToken"], account)
        role = self._role(request["RoleArn"])
        trust = parse(role["AssumeRolePolicyDocument"] if role else None)
        asked = Asked(
            action=f"sts:{action}",
            resource=request["RoleArn"],
            region=region,
            conditions={**identity.keys, "sts:RoleSessionName": request["RoleSessionName"]},
        )
        side = ResourceSide(policy=trust, owner=account, required=True)
        if role is None or not self._authorization.decide(identity.holder, asked, side).allowed:
            raise AwsError("AccessDenied", f"Not authorized to perform sts:{action}", 403)
        plan = Plan(tags={}, transitive=(), source_identity=None)
        answer = self._register(identity.holder, role, request, plan, self._duration(identity.holder, role, request))
        about = {"SubjectFromWebIdentityToken": identity.subject, "Audience": identity.audience}
        return {**answer, **about, "Provider": identity.provider}

    async def _handle_request(self, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        """Serve what is ours; SAML assertions cannot be verified here, so whoever brings one is never admitted."""
        in_json = "amz-json" in headers.get("content-type", "")
        members = json.loads(body or b"{}") if in_json else {**query, **parse_qs(body.decode(), keep_blank_values=True)}
        action = headers.get("x-amz-target", "").rpartition(".")[2] if in_json else members.get("Action", [""])[0]
        if action not in {"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}:
            return await self._handle(method, path, headers, body, query)
        if action == "AssumeRoleWithSAML":
            return self._refuse(
                AwsError("AccessDenied", f"Not authorized to perform sts:{action}", 403), in_json=in_json
            )
        try:
            shape = self._model.operation_model(action).input_shape
            request = validation.read(shape, members) if in_json else decode(shape, members)
            region = self._responses.get_region()
            if action == "AssumeRole":
                answer = self.assume_role(self._authorization.current(), request, region)
            else:
                answer = await self.assume_role_with_web_identity(request, region)
        except AwsError as error:
            return self._refuse(error, in_json=in_json)
        if in_json:
            answer["Credentials"]["Expiration"] = answer["Credentials"]["Expiration"].timestamp()
            return self._responses.json_response(answer)
        result = encode(answer)
        return self._iam._xml(200, f"{action}Response", f"<{action}Result>{result}</{action}Result>", ns="sts")

    def _refuse(self, error: AwsError, *, in_json: bool) -> Any:
        if in_json:
            return self._responses.error_response_json(error.code, error.message, error.status)
        return self._iam._error(error.status, error.code, escape(error.message), ns="sts")

    def _validate(self, request: Members, action: str) -> None:
        try:
            validation.check(self._model.operation_model(action).input_shape, request)
        except AwsError as error:
            raise AwsError("ValidationError", error.message) from error
        _refuse_mfa(request)
        if self._sts._assumed_role_arn(request["RoleArn"], request["RoleSessionName"])[1]:
            raise AwsError("ValidationError", f"{request['RoleArn']} is invalid")
        policy = request.get("Policy") or ""
        if len(policy) > _PACKED_BYTES:
            raise AwsError(
                "ValidationError",
                "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length "
                f"less than or equal to {_PACKED_BYTES}",
            )
        malformed = policy and self._sts.validate_policy_document(policy)
        if malformed:
            raise AwsError("MalformedPolicyDocument", malformed)
        account = request["RoleArn"].split(":")[4]
        for entry in request.get("PolicyArns") or []:
            if not self._iam.policy_known(entry.get("arn", ""), account):
                raise AwsError("ValidationError", f"Policy ARN {entry.get('arn')} does not exist in account {account}")

    def _role(self, arn: str) -> Mapping[str, Any] | None:
        """The role, wherever it is; a role that does not exist denies like one that does not trust."""
        role: Mapping[str, Any] | None = self._iam._roles.get_scoped(arn.split(":")[4], None, arn.rsplit("/", 1)[-1])
        return role if role and role["Arn"] == arn else None

    def _authorized(self, caller: Holder, request: Members, plan: Plan, region: str) -> Mapping[str, Any]:
        """The role, if its trust admits the caller, who needs permission, too, unless it names them in its account."""
        needed = ["AssumeRole"]
        needed += ["TagSession"] if request.get("Tags") else []
        needed += ["SetSourceIdentity"] if plan.source_identity else []
        conditions = {
            "sts:ExternalId": request.get("ExternalId"),
            "sts:RoleSessionName": request["RoleSessionName"],
            "sts:SourceIdentity": request.get("SourceIdentity"),
            "sts:TransitiveTagKeys": request.get("TransitiveTagKeys") or None,
            "aws:TagKeys": [tag["Key"] for tag in request.get("Tags") or []] or None,
            **{f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in request.get("Tags") or []},
        }
        arn = request["RoleArn"]
        role = self._role(arn)
        trust = parse(role["AssumeRolePolicyDocument"] if role else None)
        side = ResourceSide(policy=trust, owner=arn.split(":")[4], required=True)
        for name in needed:
            asked = Asked(action=f"sts:{name}", resource=arn, region=region, conditions=conditions)
            if role is None or not self._authorization.decide(caller, asked, side).allowed:
                raise _denied(caller, name, arn)
        assert role is not None
        return role

    def _duration(self, caller: Holder, role: Mapping[str, Any], request: Members) -> int:
        seconds = int(request.get("DurationSeconds") or _DEFAULT_SECONDS)
        longest = int(role.get("MaxSessionDuration") or _DEFAULT_SECONDS)
        if caller.principal.role and seconds > _CHAIN_SECONDS:
            raise AwsError(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            )
        if seconds > longest:
            raise AwsError(
                "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        return seconds

    def _register(self, caller: Holder, role: Mapping[str, Any], request: Members, plan: Plan, seconds: int) -> Members:
        iam, arn, name = self._iam, request["RoleArn"], request["RoleSessionName"]
        key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
        session_arn = self._sts._assumed_role_arn(arn, name)[0]
        session_id = f"{role['RoleId']}:{name}"
        issued = self._clock.time()
        expires = issued + seconds
        policies = {
            "Policy": request.get("Policy", ""),
            "PolicyArns": [entry["arn"] for entry in request.get("PolicyArns") or []],
        }
        self._sts.register_session(
            key,
            {
                "Arn": session_arn,
                "UserId": session_id,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Issued": issued,
                "Expiration": expires,
                "AccountId": arn.split(":")[4],
                "PrincipalType": "AssumedRole",
                "SourceAccessKeyId": caller.access_key_id,
                "SourcePrincipalArn": caller.arn,
                "SessionTags": [{"Key": key, "Value": value} for key, value in plan.tags.items()],
                "TransitiveTagKeys": list(plan.transitive),
                "SourceIdentity": plan.source_identity,
                "SessionPolicies": policies if any(policies.values()) else None,
            },
        )
        answer: Members = {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": datetime.fromtimestamp(int(expires), UTC),
            },
            "AssumedRoleUser": {"AssumedRoleId": session_id, "Arn": session_arn},
        }
        packed = _packed(request, plan)
        answer |= {"PackedPolicySize": packed} if packed else {}
        return answer | ({"SourceIdentity": plan.source_identity} if plan.source_identity else {})

    def _evict(self) -> None:
        """Forget the oldest sessions; expired ones are kept a while, so that their use is told from an unknown key."""
        sessions = self._sts._sessions
        for key in list(sessions)[: max(0, len(sessions) - _KEPT)]:
            del sessions[key]


def _plan(caller: Holder, request: Members) -> Plan:
    """Session tags: those asked for, and those of the calling session that were made to last."""
    asked = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    lasting = tuple(request.get("TransitiveTagKeys") or ())
    session = caller.session or {}
    inherited = {
        tag["Key"]: tag["Value"]
        for tag in session.get("SessionTags") or []
        if tag["Key"] in (session.get("TransitiveTagKeys") or [])
    }
    if len({key.lower() for key in asked}) < len(request.get("Tags") or []):
        raise AwsError(
            "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if {key.lower() for key in inherited} & {key.lower() for key in asked}:
        raise AwsError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session.",
        )
    if not set(lasting) <= set(asked):
        raise AwsError(
            "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."
        )
    known = session.get("SourceIdentity")
    wanted = request.get("SourceIdentity") or known
    if known and wanted != known:
        raise _denied(caller, "SetSourceIdentity", request["RoleArn"])
    return Plan(tags={**inherited, **asked}, transitive=(*inherited, *lasting), source_identity=wanted)


def _packed(request: Members, plan: Plan) -> int:
    """How much of what a session may carry is taken, in percent.

    AWS packs in a way that it does not tell; here nothing is packed, so that what passes here passes there.
    """
    tags = sum(len(key) + len(value) for key, value in plan.tags.items())
    return -(-(len(request.get("Policy") or "") + tags) * 100 // _PACKED_BYTES)


def _refuse_mfa(request: Members) -> None:
    """Nobody has a device here."""
    given = [request.get(name) for name in ("SerialNumber", "TokenCode")]
    wrong = "failed with invalid MFA one time pass code."
    missing = "failed, must provide both MFA serial number and one time pass code."
    if any(given):
        raise AwsError("AccessDenied", f"MultiFactorAuthentication {wrong if all(given) else missing}", 403)


def _denied(caller: Holder, name: str, role_arn: str) -> AwsError:
    message = f"User: {caller.arn} is not authorized to perform: sts:{name} on resource: {role_arn}"
    return AwsError("AccessDenied", message, 403)
