"""The policy simulator, by the engine that decides real requests; MiniStack's knows no boundary, resource or context.

Source: IAM API reference, ``SimulatePrincipalPolicy`` and ``SimulateCustomPolicy``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.emulator.authorization import Asked
from agent.cloud.emulator.holders import Holder
from agent.cloud.emulator.query_protocol import decode, encode
from agent.cloud.policy.decision import Decision, Granted, Kind, ResourceSide, decide
from agent.cloud.policy.document import parse
from agent.cloud.policy.principals import Principal
from agent.cloud.service_models import service_model

if TYPE_CHECKING:
    from agent.cloud.emulator.authorization import Authorization
    from agent.cloud.emulator.holders import Holders
    from agent.cloud.policy.wildcards import Value

Members = dict[str, Any]


class Simulation:
    """Both operations, in MiniStack's place."""

    def __init__(self, holders: Holders, authorization: Authorization) -> None:
        from ministack.core import responses
        from ministack.services import iam

        self._holders = holders
        self._authorization = authorization
        self._responses = responses
        self._iam = iam
        iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = self._principal
        iam._IAM_HANDLERS["SimulateCustomPolicy"] = self._custom

    def _principal(self, params: Members) -> Any:
        request = self._read("SimulatePrincipalPolicy", params)
        source = request.get("PolicySourceArn", "")
        holder = self._holders.of_entity(source)
        if holder is None:
            return self._iam._error(404, "NoSuchEntity", f"The entity {source} cannot be found.", ns="iam")
        extra = [parse(text) for text in request.get("PolicyInputList") or []]
        granted = Granted(identity=[*holder.granted.identity, *extra], boundary=holder.granted.boundary)
        return self._answer("SimulatePrincipalPolicy", request, holder.principal, granted, holder.keys)

    def _custom(self, params: Members) -> Any:
        request = self._read("SimulateCustomPolicy", params)
        account = self._responses.get_account_id()
        caller = request.get("CallerArn") or f"arn:aws:iam::{account}:user/simulated"
        boundary = request.get("PermissionsBoundaryPolicyInputList")
        granted = Granted(
            identity=[parse(text) for text in request.get("PolicyInputList") or []],
            boundary=[parse(text) for text in boundary] if boundary else None,
        )
        return self._answer("SimulateCustomPolicy", request, Principal(arn=caller, account=account), granted, {})

    def _read(self, operation: str, params: Members) -> Members:
        model = service_model("iam")
        members: Members = decode(model.operation_model(operation).input_shape, params)
        return members

    def _answer(self, operation: str, request: Members, principal: Principal, granted: Granted, keys: Any) -> Any:
        holder = Holder(principal=principal, granted=granted, keys=keys)
        context = {entry["ContextKeyName"]: _value(entry) for entry in request.get("ContextEntries") or []}
        policy = request.get("ResourcePolicy")
        results = []
        for action in request.get("ActionNames") or []:
            for resource in request.get("ResourceArns") or ["*"]:
                asked = Asked(action=action, resource=resource, region=self._responses.get_region(), conditions=context)
                owner = request.get("ResourceOwner", "").split(":")[4:5] or [principal.account]
                side = ResourceSide(policy=parse(policy), owner=owner[0]) if policy else None
                decision = self._authorization.foresee(holder, asked, side)
                own = decide(self._authorization.request(holder, asked), granted)
                results.append(_result(action, resource, granted, decision) | _details(decision, own))
        answer = encode({"EvaluationResults": results, "IsTruncated": "false"})
        body = f"<{operation}Result>{answer}</{operation}Result>"
        return self._iam._xml(200, f"{operation}Response", body, ns="iam")


def _value(entry: Members) -> Value:
    values = entry.get("ContextKeyValues") or []
    return values if str(entry.get("ContextKeyType", "")).endswith("List") else str(values[0] if values else "")


def _details(decision: Decision, own: Decision) -> Members:
    """What each side says of another account's resource, whose own policy nobody has given.

    ``EvalDecisionDetails`` is a map of decisions by kinds of policy that the reference does not name.
    """
    if decision.allowed or not own.allowed:
        return {}
    return {"EvalDecisionDetails": {"entry": {"key": Kind.IDENTITY.value.split(" ", 1)[1], "value": "allowed"}}}


def _result(action: str, resource: str, granted: Granted, decision: Decision) -> Members:
    denied = "explicitDeny" if decision.explicit else "implicitDeny"
    result: Members = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": "allowed" if decision.allowed else denied,
        "MatchedStatements": [{"SourcePolicyId": decision.sid}] if decision.allowed or decision.explicit else [],
        "MissingContextValues": [],
    }
    if granted.boundary is not None:
        within = str(decision.kind is not Kind.BOUNDARY).lower()
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within}
    return result
