"""Which stacks a project needs, in which order: the tools account first, for the others trust its build server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.bootstrap import identities
from agent.bootstrap.build_server import MADE_USER
from agent.bootstrap.parameters import environment_parameters, tools_parameters
from agent.bootstrap.template import Template
from agent.errors import UsageError
from agent.ports.stacks import StackRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from agent.bootstrap.build_server import BuildServer
    from agent.config.model import Configuration

TOOLS = "tools"
"""What the tools account is called beside the environments' names."""


@dataclass(frozen=True, kw_only=True)
class StackOrder:
    """A stack that is to be as its parameters say; ``label`` is ``tools`` or the environment's name.

    Parameters in ``kept`` are for a new stack: an existing one stays with its own. Those in ``inherited`` are the
    tools stack's outputs, as soon as that stack is known.
    """

    label: str
    name: str
    account: str
    region: str
    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    kept: frozenset[str] = frozenset()
    inherited: Mapping[str, str] = field(default_factory=dict)
    partition: str = "aws"

    def request(self, tools_outputs: Mapping[str, str]) -> StackRequest:
        """What CloudFormation is asked for."""
        known = {name: tools_outputs[output] for name, output in self.inherited.items() if output in tools_outputs}
        return StackRequest(
            name=self.name,
            template=self.template.text,
            parameters={**self.parameters, **known},
            kept=self.kept - set(known),
            tags=self.tags,
        )


def orders(configuration: Configuration, build_server: BuildServer | None = None) -> tuple[StackOrder, ...]:
    """All stacks of a project.

    ``build_server`` None leaves its identity as it is (at first: a user ``<project>-ci``). Raises UsageError where two
    stacks would make the same role or key.
    """
    _refuse_shared(configuration)
    tags = {"modelyard:project": configuration.project}
    server = build_server or MADE_USER
    tools = StackOrder(
        label=TOOLS,
        name=f"{configuration.project}-tools",
        account=configuration.tools.account,
        region=configuration.tools.region,
        template=Template.TOOLS,
        parameters={**tools_parameters(configuration), **server.parameters},
        tags=tags,
        kept=frozenset() if build_server else frozenset(server.parameters),
        partition=identities.partition(configuration),
    )
    principal = server.arn(configuration)
    environments = (
        StackOrder(
            label=name,
            name=f"{configuration.project}-environment-{name}",
            account=environment.account,
            region=environment.region,
            template=Template.ENVIRONMENT,
            parameters=environment_parameters(configuration, name, environment, principal),
            tags={**tags, "modelyard:environment": name},
            kept=frozenset() if build_server else frozenset({"CiPrincipal"}),
            inherited={"CiPrincipal": "CiPrincipal"},
            partition=tools.partition,
        )
        for name, environment in configuration.environments.items()
    )
    return (tools, *environments)


def chosen(stacks: Sequence[StackOrder], labels: Collection[str]) -> tuple[StackOrder, ...]:
    """The stacks of those labels, or all of them for none; raises UsageError for an unknown label."""
    known = [order.label for order in stacks]
    for label in labels:
        if label not in known:
            raise UsageError(f"there is no account {label!r}; the accounts are: {', '.join(known)}")
    return tuple(order for order in stacks if not labels or order.label in labels)


def _refuse_shared(configuration: Configuration) -> None:
    """A role that two stacks make belongs to neither, and what may deploy to one environment could touch the other."""
    seen: dict[str, str] = {}
    for place, arn in _made(configuration):
        first = seen.setdefault(arn, place)
        if first != place:
            raise UsageError(
                f"{place} and {first} are the same, {arn}: give each environment its own, "
                "so that what may touch one cannot touch the other"
            )


def _made(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Every key of the configuration that names something to be made, with its ARN."""
    yield "`tools.role`", identities.pipeline_role(configuration).arn
    yield "`tools.execution_role`", identities.jobs_role(configuration).arn
    for name, environment in configuration.environments.items():
        yield f"`environments.{name}.deploy_role`", identities.deploy_role(configuration, environment).arn
        yield f"`environments.{name}.execution_role`", identities.endpoint_role(environment).arn
    keys = {
        "tools.kms_key": configuration.tools.kms_key,
        "releases.signing_key": configuration.releases.signing_key,
    } | {
        f"environments.{name}.kms_key": environment.kms_key for name, environment in configuration.environments.items()
    }
    yield from ((f"`{place}`", key) for place, key in keys.items() if key and ":alias/" in key)
