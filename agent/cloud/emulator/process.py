"""The one emulator of a process: MiniStack's application with everything that is built upon its insides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agent.cloud.accounts import ADMINISTRATOR, Administrator
from agent.cloud.emulator import time_source
from agent.cloud.emulator.authorization import Authorization
from agent.cloud.emulator.events import EventBus
from agent.cloud.emulator.holders import Holders
from agent.cloud.emulator.identities import Identities
from agent.cloud.emulator.keys import Keys
from agent.cloud.emulator.objects import Objects
from agent.cloud.emulator.persistence import Persistence
from agent.cloud.emulator.repositories import Repositories
from agent.cloud.emulator.request_actions import RequestActions
from agent.cloud.emulator.request_reading import RequestReading
from agent.cloud.emulator.resources import Resources
from agent.cloud.emulator.scaling_alarms import MiniStackScalingAlarms
from agent.cloud.emulator.sessions import Sessions
from agent.cloud.emulator.simulation import Simulation
from agent.cloud.emulator.stacks import Stacks
from agent.cloud.emulator.telemetry import CloudWatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.clock import Clock
    from agent.cloud.decisions import DecisionLog

_ALLOW_ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'

_SERVED = frozenset(
    {
        "cloudformation",
        "ec2",
        "ecr",
        "events",
        "iam",
        "kms",
        "logs",
        "monitoring",
        "s3",
        "scheduler",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "sts",
        "tagging",
    }
)
"""What is not needed here is closed: some of MiniStack's other services listen, or run containers and code."""
_NETWORKS = frozenset(
    {
        "ec2:AssociateRouteTable",
        "ec2:AttachInternetGateway",
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateInternetGateway",
        "ec2:CreateNatGateway",
        "ec2:CreateRoute",
        "ec2:CreateRouteTable",
        "ec2:CreateSecurityGroup",
        "ec2:CreateSubnet",
        "ec2:CreateVpc",
        "ec2:CreateVpcEndpoint",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteSubnet",
        "ec2:DeleteVpc",
        "ec2:DescribeNatGateways",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "ec2:RevokeSecurityGroupEgress",
    }
)
"""Of EC2 there are networks to describe jobs with, and no machines: MiniStack would run them in an engine."""


class Emulator:
    """MiniStack as an ASGI application, and its insides by concern."""

    def __init__(self, clock: Clock, decisions: DecisionLog) -> None:
        from ministack import app
        from ministack.core import responses, router

        self._app = app
        self._responses = responses
        self._router = router
        app._HEALTH_PATHS = ()
        for name in set(app.SERVICE_HANDLERS) - _SERVED:
            del app.SERVICE_HANDLERS[name]
        time_source.install(clock)
        holders = Holders(clock)
        resources = Resources()
        keys = Keys()
        self._actions = RequestActions()
        authorization = Authorization(clock, holders, resources, RequestReading(keys), decisions)
        self._sessions = Sessions(clock, authorization)
        self._simulation = Simulation(holders, authorization)
        self._persistence = Persistence()
        self._objects = Objects(authorization, resources, keys)
        self.identity = Identities(holders, authorization, resources, keys, self._persistence.touch)
        self.stacks = Stacks(authorization, holders, self.identity, resources)
        self.events = EventBus(self._persistence.touch)
        self.telemetry = CloudWatch(clock, self._persistence.touch)
        self.scaling_alarms = MiniStackScalingAlarms(clock)
        self.repositories = Repositories(self._persistence.touch)

    def serves(self, service: str, action: str) -> bool:
        """Whether a request signed for that SigV4 service name, with that action (``s3:PutObject``), is answered."""
        return service in _SERVED and (service != "ec2" or action in _NETWORKS)

    async def keep(self) -> None:
        """Keep what changes on disk and judge alarms, until cancelled."""
        self.stacks.resume()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._persistence.keep())
            group.create_task(self.telemetry.watch())

    async def serve(self, scope: Any, receive: Any, send: Any, claim: tuple[str, str] = ("", "")) -> None:
        """Serve one request, or the server's lifespan; ``claim`` is the request's service and action.

        Loopback stands for AWS's TLS endpoints, so that ``aws:SecureTransport`` is true unless a request says
        ``X-Forwarded-Proto: http``.
        """
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and all(name != b"x-forwarded-proto" for name, _ in scope["headers"]):
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        try:
            await self._app.app(scope, receive, send)
        finally:
            self._persistence.touch(*claim)

    def administrator(self, name: str, account: str, known: Administrator | None) -> Administrator:
        """The administrator of an account, created on first use with the ``known`` key or a fresh one."""
        from ministack.services import iam

        made = known or Administrator(
            name=name,
            account=account,
            access_key_id=iam._gen_access_key_id(),
            secret_access_key=iam._gen_secret(),
        )
        with self._responses.request_scope(account, "us-east-1"):
            if ADMINISTRATOR not in iam._users:
                iam._create_user({"UserName": [ADMINISTRATOR]})
                iam._user_inline_policies[ADMINISTRATOR] = {"everything": _ALLOW_ALL}
            iam._access_keys[made.access_key_id] = {
                "UserName": ADMINISTRATOR,
                "AccessKeyId": made.access_key_id,
                "SecretAccessKey": made.secret_access_key,
                "Status": "Active",
                "CreateDate": iam._now(),
            }
        self._persistence.touch("iam")
        return made

    def reset(self) -> None:
        """Forget everything, on disk as well."""
        self._persistence.forget()
        self._app._reset_all_state()
        self.telemetry.reset()

    def action(  # noqa: PLR0917 - an HTTP request in MiniStack's own order
        self,
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, list[str]],
    ) -> str:
        """IAM's name for what a request asks of one of MiniStack's services; for the log of calls and for faults."""
        from ministack.core import iam_actions

        params = self._app._routing_params(method, path, dict(headers), body, dict(query))
        name = service or self._router.detect_service(method, path, dict(headers), params)
        action = iam_actions.extract_iam_action(name, method, path, dict(headers), body, params)
        return str(action or f"{name}:{method}")
