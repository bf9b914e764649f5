"""A project in the embedded cloud's accounts: its configuration, its administrators, and its build server."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agent.aws.accounts import AwsAccounts
from agent.aws.entering import Origin, Way
from agent.aws.sessions import ClientData, Clients, Credentials
from agent.bootstrap.access_key import AccessKey, make_access_key
from agent.bootstrap.apply import apply
from agent.bootstrap.orders import orders
from agent.bootstrap.session_policies import scopes
from agent.clock import SystemClock
from agent.config.model import Configuration
from agent.naming import bucket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.aws.accounts import AwsAccount
    from agent.aws.entering import Scope
    from agent.bootstrap.build_server import BuildServer
    from agent.bootstrap.changing import Applied
    from agent.cloud.embedded import EmbeddedCloud

IDS = {"tools": "111111111111", "qa": "222222222222", "prod": "333333333333"}
REGION = "us-east-1"
STARTED = Origin(session_name="job-1", source_identity="job", run="jenkins-job-1", job="job", build="1")
RESOURCES = {"instance_type": "ml.m5.large"}


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.facts: list[str] = []

    def doing(self, what: str) -> None:
        """States are not remembered."""

    def fact(self, text: str) -> None:
        """Remember."""
        self.facts.append(text)

    def warn(self, text: str) -> None:
        """Remember."""
        self.facts.append(text)

    def log(self, line: str) -> None:
        """Nothing is logged."""


def role(account: str, name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{IDS[account]}:role/{name}"


def alias(project: str, account: str) -> str:
    """The ARN of the alias of a project's key."""
    return f"arn:aws:kms:{REGION}:{IDS[account]}:alias/{project}"


def environment(project: str, name: str, **members: Any) -> dict[str, Any]:
    """An environment in the account of the same name."""
    return {
        "account": IDS[name],
        "region": REGION,
        "deploy_role": role(name, f"{project}-deploy"),
        "external_id": f"{project}-{name}-7f3a9c",
        "execution_role": role(name, f"{project}-execution"),
        "endpoint": {"name": f"{project}-{name}", "instance": {"type": "ml.m5.large"}},
        **members,
    }


def configuration(project: str, tools: Mapping[str, Any] | None = None, **environments: Any) -> Configuration:
    """The configuration of a project with the environments `qa` and `prod`, unless others are given."""
    document = {
        "project": project,
        "tools": {
            "account": IDS["tools"],
            "region": REGION,
            "role": role("tools", f"{project}-pipeline"),
            "execution_role": role("tools", f"{project}-execution"),
            **(tools or {}),
        },
        "data": {"training": {"path": "data"}},
        "training": {"resources": RESOURCES},
        "evaluation": {
            "script": "evaluate.py",
            "data": "training",
            "resources": RESOURCES,
            "metrics": {"accuracy": {"better": "higher"}},
        },
        "environments": environments or {name: environment(project, name) for name in ("qa", "prod")},
    }
    return Configuration.model_validate(document)


def project_name() -> str:
    """A project that no other test uses."""
    return f"boot-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """A cloud and a configuration; ``ci`` is the build server's access key once it has one.

    What it builds is the main branch, or a ``pull_request``.
    """

    cloud: EmbeddedCloud
    configuration: Configuration
    ci: AccessKey | None = field(default=None, repr=False)
    library: ClientData = field(default_factory=ClientData, repr=False)
    pull_request: int | None = None

    @property
    def project(self) -> str:
        """The project's name."""
        return self.configuration.project

    @property
    def bucket(self) -> str:
        """The artifact bucket."""
        return bucket(self.project, IDS["tools"], REGION)

    def administrator(self, account: str) -> Clients:
        """The clients of an account's administrator, by its id or name."""
        who = self.cloud.running.administrator(account)
        return self.clients(who.access_key_id, who.secret_access_key)

    def apply(self, build_server: BuildServer | None = None) -> tuple[Applied, ...]:
        """Bootstrap every account."""
        return apply(
            orders(self.configuration, build_server), self.administrator, clock=SystemClock(), report=Listener()
        )

    def with_key(self) -> Landscape:
        """The same with a build server that can log in."""
        key = make_access_key(self.configuration, self.administrator("tools"), replace=False)
        return replace(self, ci=key)

    @property
    def agent(self) -> Clients:
        """The clients of the build server itself."""
        assert self.ci is not None
        return self.clients(self.ci.access_key_id, self.ci.secret_access_key)

    @property
    def accounts(self) -> AwsAccounts:
        """The accounts as steps see them."""
        tools = self.configuration.tools
        return AwsAccounts(
            self.agent,
            account=tools.account,
            region=tools.region,
            role=tools.role,
            started=STARTED,
            scopes=scopes(self.configuration, self.pull_request),
        )

    @property
    def pipeline(self) -> Clients:
        """The clients of the role that the pipeline works as."""
        return self.entering(str(self.configuration.tools.role))

    def entering(self, role: str, external_id: str | None = None, scope: Scope | None = None) -> Clients:
        """The clients of a role that the build server enters, by default for what the role is for."""
        scope = scope or scopes(self.configuration, self.pull_request).get(role)
        return self.agent.assume(Way(role=role, external_id=external_id, scope=scope), started=STARTED, region=REGION)

    def deployment(self, name: str) -> AwsAccount:
        """An environment's account as the deployment enters it."""
        into = self.configuration.environments[name]
        return self.accounts.assume(
            account=into.account, region=into.region, role=into.deploy_role, external_id=into.external_id
        )

    def clients(self, key: str, secret: str) -> Clients:
        """The clients of someone's access key."""
        return Clients(
            credentials=Credentials(access_key_id=key, secret_access_key=secret),
            region=REGION,
            endpoint_url=self.cloud.endpoint,
            data=self.library,
        )
