"""Who works for a project: the roles that its configuration names, and by convention those that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config.environment import Environment
    from agent.config.model import Configuration


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role by its ARN."""

    arn: str

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Its path, with a slash at both ends."""
        return self.arn.partition(":role")[2].removesuffix(self.name)


def partition(configuration: Configuration) -> str:
    """The part of AWS that the accounts are in: ``aws``, ``aws-cn`` or another."""
    return configuration.tools.execution_role.split(":")[1]


def ci_user(configuration: Configuration) -> str:
    """The ARN of the user ``<project>-ci``, which a build server without an identity of its own gets."""
    return f"arn:{partition(configuration)}:iam::{configuration.tools.account}:user/{configuration.project}-ci"


def ci_role(configuration: Configuration) -> str:
    """The ARN of the role ``<project>-ci``, which a build server gets that needs no access key."""
    return _by_convention(configuration, configuration.tools.account, "ci")


def pipeline_role(configuration: Configuration) -> Role:
    """What the build server works as in the tools account: ``tools.role``, else ``<project>-pipeline``."""
    return Role(arn=configuration.tools.role or _by_convention(configuration, configuration.tools.account, "pipeline"))


def jobs_role(configuration: Configuration) -> Role:
    """What jobs run with: ``tools.execution_role``."""
    return Role(arn=configuration.tools.execution_role)


def deploy_role(configuration: Configuration, environment: Environment) -> Role:
    """What the build server works as in an environment: its ``deploy_role``, else ``<project>-deploy``."""
    return Role(arn=environment.deploy_role or _by_convention(configuration, environment.account, "deploy"))


def endpoint_role(environment: Environment) -> Role:
    """What the endpoint runs with: the environment's ``execution_role``."""
    return Role(arn=environment.execution_role)


def _by_convention(configuration: Configuration, account: str, what: str) -> str:
    return f"arn:{partition(configuration)}:iam::{account}:role/{configuration.project}-{what}"
