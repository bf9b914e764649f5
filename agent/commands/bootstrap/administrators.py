"""Whose credentials make the stacks of each account: the shell's, a profile's, or an administrator's role there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from agent.aws.sessions import Clients
    from agent.cloud.place import Running
    from agent.config.model import Configuration

_SESSION = "modelyard-bootstrap"


def administrator_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how accounts are entered."""
    parser.add_argument(
        "--profile-for",
        action="append",
        default=[],
        metavar="NAME=PROFILE",
        help="AWS profile for `tools` or for an environment; repeatable",
    )
    parser.add_argument(
        "--admin-role",
        metavar="NAME",
        help="role to assume in accounts other than the shell's own, such as OrganizationAccountAccessRole",
    )


class Administrators:
    """The clients of each account's administrator, by account id."""

    def __init__(self, configuration: Configuration, *, profiles: Mapping[str, str], admin_role: str | None) -> None:
        self._region = configuration.tools.region
        self._partition = configuration.tools.execution_role.split(":")[1]
        self._profiles = profiles
        self._admin_role = admin_role
        self._known: dict[str, Clients] = {}

    def __call__(self, account: str) -> Clients:
        """Raises UsageError where nobody is named who could enter the account."""
        if account not in self._known:
            self._known[account] = self._find(account)
        return self._known[account]

    def _find(self, account: str) -> Clients:
        from agent.aws.ambient import ambient_clients
        from agent.aws.entering import Origin, Way
        from agent.aws.identity import identity

        if account in self._profiles:
            return ambient_clients(profile=self._profiles[account], region=self._region)
        running = embedded_cloud()
        if running is not None and self._admin_role is None:
            return _of_embedded_cloud(running, account)
        shell = ambient_clients(region=self._region)
        who = identity(shell)
        if who.account == account:
            return shell
        if self._admin_role is not None:
            role = f"arn:{self._partition}:iam::{account}:role/{self._admin_role}"
            return shell.assume(Way(role=role), started=Origin(session_name=_SESSION), region=self._region)
        raise UsageError(
            f"the credentials of this shell are {who.arn}, not of account {account}: say how to enter it, with "
            "--profile-for NAME=PROFILE or --admin-role ROLE, or leave it out with --account"
        )


def administrators(options: argparse.Namespace, configuration: Configuration) -> Administrators:
    """The administrators that the command line names."""
    accounts = {"tools": configuration.tools.account} | {
        name: environment.account for name, environment in configuration.environments.items()
    }
    profiles = {accounts[name]: profile for name, profile in _assignments(options.profile_for, accounts)}
    return Administrators(configuration, profiles=profiles, admin_role=options.admin_role)


def _assignments(given: list[str], accounts: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = []
    for text in given:
        name, _, profile = text.partition("=")
        if name not in accounts or not profile:
            raise UsageError(f"--profile-for {text}: expected NAME=PROFILE with one of the names {', '.join(accounts)}")
        pairs.append((name, profile))
    return pairs


def embedded_cloud() -> Running | None:
    """The embedded cloud that this shell works in, which tells its administrators' keys to who may read its folder."""
    from agent.cloud.place import default_place

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    running = default_place().running() if endpoint else None
    return running if running is not None and running.endpoint == endpoint else None


def _of_embedded_cloud(running: Running, account: str) -> Clients:
    from agent.aws.sessions import Clients, Credentials

    try:
        administrator = running.administrator(account)
    except KeyError:
        known = ", ".join(f"{each.name} ({each.account})" for each in running.administrators)
        raise UsageError(f"the embedded cloud has no account {account}; it has: {known}") from None
    credentials = Credentials(
        access_key_id=administrator.access_key_id, secret_access_key=administrator.secret_access_key
    )
    return Clients(credentials=credentials, region=running.region, endpoint_url=running.endpoint)
