"""What people have to do after an apply: the keys that their configuration lacks, and what Jenkins is to be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.bootstrap import identities
from agent.bootstrap.orders import TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bootstrap.changing import Applied
    from agent.config.model import Configuration


@dataclass(frozen=True, kw_only=True)
class BuildServer:
    """The build server's identity: ``made`` here, or one of its own that needs the ``policy`` attached.

    One that was made is a user, who needs an access key, or a role (``keyless``); an EC2 instance gets that by its
    ``profile``.
    """

    principal: str
    policy: str
    made: bool
    keyless: bool = False
    profile: str = ""


def missing_settings(configuration: Configuration) -> dict[str, str]:
    """The keys that ``modelyard.yaml`` leaves out and what stands there by convention, by their dotted path."""
    missing: dict[str, str] = {}
    if configuration.tools.role is None:
        missing["tools.role"] = identities.pipeline_role(configuration).arn
    for name, environment in configuration.environments.items():
        if environment.deploy_role is None:
            missing[f"environments.{name}.deploy_role"] = identities.deploy_role(configuration, environment).arn
    return missing


def without_external_id(configuration: Configuration) -> tuple[str, ...]:
    """The environments whose deploy role anyone may enter who can make the build server say its ARN."""
    return tuple(name for name, environment in configuration.environments.items() if environment.external_id is None)


def build_server(configuration: Configuration, applied: Sequence[Applied]) -> BuildServer | None:
    """Who Jenkins is, where the tools account was among what was applied."""
    for stack in applied:
        if stack.order.label == TOOLS:
            principal = stack.outputs["CiPrincipal"]
            own = (identities.ci_user(configuration), identities.ci_role(configuration))
            return BuildServer(
                principal=principal,
                policy=stack.outputs["CiPolicy"],
                made=principal in own,
                keyless=principal == own[1],
                profile=stack.outputs.get("CiProfile", ""),
            )
    return None
