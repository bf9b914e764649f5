"""CloudFormation acting for its caller: MiniStack's own provisioners write where they please and ask nobody.

Here every resource is made with the permissions of whoever asked for the stack, or of the role that the stack was
given, and resource types of our own services are made by them. What stays as MiniStack has it: reads (``ssm`` and
``secretsmanager`` dynamic references, parameters of ``AWS::SSM::Parameter`` types) are not checked.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from agent.cloud.emulator.authorization import Asked, denial
from agent.cloud.emulator.stack_buckets import bucket_configurations
from agent.cloud.emulator.stack_issuers import KIND as ISSUERS
from agent.cloud.emulator.stack_issuers import provider_of_issuers
from agent.cloud.emulator.stack_names import refuse_taken, taken_names
from agent.cloud.emulator.stack_permissions import NEEDS, OWN, Needs
from agent.cloud.emulator.stack_uses import refuse_used, uses
from agent.cloud.errors import AwsError
from agent.cloud.identity import Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.cloud.emulator.authorization import Authorization
    from agent.cloud.emulator.holders import Holder, Holders
    from agent.cloud.emulator.identities import Identities
    from agent.cloud.emulator.resources import Resources
    from agent.cloud.emulator.stack_names import Find
    from agent.cloud.emulator.stack_uses import Use
    from agent.cloud.stack_resources import StackResource

SERVICE = "cloudformation.amazonaws.com"
_ACTING = frozenset(
    {
        "ContinueUpdateRollback",
        "CreateChangeSet",
        "CreateStack",
        "DeleteStack",
        "ExecuteChangeSet",
        "RollbackStack",
        "UpdateStack",
    }
)
_LONGEST_NAME = 63
_CODES = {
    "AccessDeniedException": "AccessDenied",
    "AlreadyExists": "AlreadyExists",
    "NotStabilized": "NotStabilized",
    "ResourceInUse": "AlreadyExists",
    "ResourceLimitExceeded": "ServiceLimitExceeded",
    "ResourceNotFound": "NotFound",
    "ValidationException": "InvalidRequest",
}

Members = dict[str, Any]


class Stacks:
    """MiniStack's CloudFormation, changed when it is first used: importing it takes a tenth of a second."""

    def __init__(
        self, authorization: Authorization, holders: Holders, identities: Identities, resources: Resources
    ) -> None:
        from ministack import app
        from ministack.core import responses

        self._app = app
        self._authorization = authorization
        self._holders = holders
        self._identities = identities
        self._resources = resources
        self._responses = responses
        self._own: Mapping[str, StackResource] = {}
        self._service: Any = None
        app.SERVICE_HANDLERS["cloudformation"] = self._handle_request

    def provide(self, own: Mapping[str, StackResource]) -> None:
        """Resource types that are made by our own services."""
        self._own = own

    def resume(self) -> None:
        """Tell the end of operations that the cloud's own end has interrupted; nobody goes on with them."""
        service = sys.modules.get("ministack.services.cloudformation")
        for stack in service._stacks._data.values() if service else ():
            status = str(stack.get("StackStatus", ""))
            if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
                stack["StackStatus"] = f"{status.partition('_')[0]}_FAILED"
                stack["StackStatusReason"] = "The cloud ended in the middle of this operation."

    async def _handle_request(self, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        service = self._service or self._install()
        params = {**query, **parse_qs(body.decode(), keep_blank_values=True)}
        if params.get("Action", [""])[0] not in _ACTING:
            return await service.handle_request(method, path, headers, body, query)
        try:
            role = self._role(params)
            holder = self._session(role) if role else self._authorization.current()
        except AwsError as error:
            return service.helpers._error(error.code, error.message, error.status)
        with self._authorization.acting(holder):
            answer = await service.handle_request(method, path, headers, body, query)
        stack = self._stack(params)
        if role and stack is not None and answer[0] < 300:
            stack["RoleARN"] = role
        return answer

    def _stack(self, params: Mapping[str, list[str]]) -> Any:
        """The stack that a request names by name or ARN, or by the ARN of one of its change sets."""
        name = params.get("StackName", [""])[0]
        if not name:
            change = self._service._change_sets.get(params.get("ChangeSetName", [""])[0]) or {}
            name = change.get("StackName", "")
        return self._service._stacks.get(name.split("/")[1] if name.startswith("arn:") else name)

    def _role(self, params: Mapping[str, list[str]]) -> str | None:
        """The role of this request, which its caller must be allowed to pass, or the one the stack has had before."""
        role = params.get("RoleARN", [""])[0]
        if not role:
            stack = self._stack(params)
            return stack.get("RoleARN") if stack else None
        holder = self._authorization.current()
        asked = Asked(
            action="iam:PassRole",
            resource=role,
            region=self._responses.get_region(),
            conditions={"iam:PassedToService": SERVICE},
        )
        decision = self._authorization.decide(holder, asked)
        if not decision.allowed:
            raise AwsError("AccessDenied", denial(holder.arn, asked.action, role, decision), 403)
        return role

    def _session(self, role: str) -> Holder:
        if not self._identities.role_trusts(role, SERVICE):
            raise AwsError("ValidationError", f"Role {role} is invalid or cannot be assumed")
        session = self._identities.service_session(role, SERVICE, "AWSCloudFormation")
        return self._holders.of_key(session.access_key_id)

    def _install(self) -> Any:
        from ministack.services import cloudformation
        from ministack.services.cloudformation import changesets, provisioners, stacks

        known = provisioners._RESOURCE_HANDLERS
        known[ISSUERS] = provider_of_issuers()
        provisioners._REPLACING_PROPERTIES[ISSUERS] = ("Url",)
        for name in set(known) - set(NEEDS) - set(OWN):
            del known[name]
        taken, used = taken_names(), uses()
        for name in set(known) & set(NEEDS):
            asking = self._asking(known[name], NEEDS[name], provisioners._physical_name, taken.get(name))
            known[name] = _sparing(asking, used.get(name))
        for name, resource in self._own.items():
            known[name] = self._served(resource, provisioners._physical_name)
            provisioners._REPLACING_PROPERTIES[name] = resource.kind.replacing
            if resource.kind.name:
                provisioners._CUSTOM_NAME_REPLACEMENT[name] = {"name": resource.kind.name}
        provisioners._S3_BUCKET_CONFIGURATIONS += bucket_configurations(provisioners._s3)
        changesets._resolve_props_for_diff = _only_what_applies(changesets)
        blocking = stacks._runs_on_worker_thread
        stacks._runs_on_worker_thread = lambda kind: kind in self._own or blocking(kind)
        self._service = cloudformation
        return cloudformation

    def _asking(self, handler: Members, needs: Needs, name_for: Callable[..., str], taken: Find | None) -> Members:
        """A provisioner of MiniStack's that asks the caller's policies before it acts, and overwrites nothing."""

        def created(logical_id: str, properties: Members, stack: str) -> Any:
            made_up = name_for(stack, logical_id, lowercase=needs.lower, max_len=needs.longest)
            self._require(needs, properties, made_up, needs.to_create(properties))
            try:
                refuse_taken(taken, properties)
            except AwsError as error:
                raise _failure(error) from error
            return handler["create"](logical_id, properties, stack)

        def updated(physical_id: str, old: Members, new: Members, *rest: Any) -> Any:
            self._require(needs, new, physical_id, needs.to_update(old, new))
            return handler["update"](physical_id, old, new, *rest)

        def deleted(physical_id: str, properties: Members, *rest: Any) -> Any:
            self._require(needs, properties, physical_id, list(needs.delete))
            return handler["delete"](physical_id, properties, *rest)

        wrapped = {"create": created, "update": updated, "delete": deleted}
        return {key: wrapped.get(key, value) for key, value in handler.items()}

    def _require(self, needs: Needs, properties: Members, physical_id: str, actions: list[str]) -> None:
        holder = self._authorization.current()
        region = self._responses.get_region()
        name = str((properties.get(needs.name) if needs.name else None) or physical_id)
        resource = needs.arn.format(
            name=name.removeprefix("/") if ":ssm:" in needs.arn else name.removeprefix("https://"),
            account=holder.account,
            region=region,
            path=properties.get("Path") or "/",
        )
        conditions = {
            "aws:CalledVia": [SERVICE],
            "aws:CalledViaFirst": SERVICE,
            "aws:CalledViaLast": SERVICE,
            "aws:ViaAWSService": "true",
            "iam:PermissionsBoundary": properties.get("PermissionsBoundary"),
            **{f"aws:RequestTag/{key}": value for key, value in _tags(properties).items()},
        }
        for action in actions:
            target = "*" if action == "kms:CreateKey" else resource
            asked = Asked(action=action, resource=target, region=region, conditions=conditions)
            side = self._resources.side(action.partition(":")[0], target)
            decision = self._authorization.decide(holder, asked, side)
            if not decision.allowed:
                error = AwsError("AccessDeniedException", denial(holder.arn, action, target, decision))
                raise _failure(error)

    def _served(self, resource: StackResource, name_for: Callable[..., str]) -> Members:
        """A provisioner that lets one of our services make the resource; MiniStack calls it on a thread of its own."""

        def created(logical_id: str, properties: Members, stack: str) -> Any:
            name = properties.get(resource.kind.name or "")
            made_up = name_for(stack, logical_id, lowercase=True, max_len=_LONGEST_NAME)
            made = self._run(resource.create, name or made_up, properties)
            return made.physical_id, made.attributes

        def updated(physical_id: str, old: Members, new: Members, _stack: str) -> Any:
            made = self._run(resource.update, physical_id, old, new)
            return made.physical_id, made.attributes

        def deleted(physical_id: str, properties: Members) -> None:
            self._run(resource.delete, physical_id, properties)

        return {"create": created, "update": updated, "delete": deleted}

    def _run(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        """Wait on this thread for what the event loop does for the caller."""
        holder = self._authorization.current()
        caller = Caller(
            arn=holder.arn,
            account=holder.account,
            region=self._responses.get_region(),
            principal=holder,
            role=holder.principal.role,
        )
        work = functools.partial(operation, caller, *arguments)
        try:
            return asyncio.run_coroutine_threadsafe(work(), self._app._MAIN_LOOP).result()
        except AwsError as error:
            raise _failure(error) from error


def _sparing(handler: Members, use: Use | None) -> Members:
    """A provisioner that deletes nothing that is in use."""

    def deleted(physical_id: str, properties: Members, *rest: Any) -> Any:
        try:
            refuse_used(use, physical_id, properties)
        except AwsError as error:
            raise _failure(error) from error
        return handler["delete"](physical_id, properties, *rest)

    return {**handler, "delete": deleted}


def _only_what_applies(changesets: Any) -> Callable[..., Members]:
    """A change set says nothing of resources whose condition does not hold."""
    resolve = changesets._resolve_props_for_diff

    def resolved(template: Members, params: Members, *rest: Any) -> Members:
        found: Members = resolve(template, params, *rest)
        holds = changesets._evaluate_conditions(template, params) if found else {}
        resources = found.get("Resources", {})
        return {"Resources": {name: res for name, res in resources.items() if holds.get(res.get("Condition"), True)}}

    return resolved


def _failure(error: AwsError) -> ValueError:
    """CloudFormation's own words for an error of a resource's service."""
    code = _CODES.get(error.code, "GeneralServiceException")
    return ValueError(
        f'Resource handler returned message: "{error.message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
    )


def _tags(properties: Members) -> Mapping[str, str]:
    tags = properties.get("Tags") or []
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag.get("Key")): str(tag.get("Value")) for tag in tags if isinstance(tag, dict)}
