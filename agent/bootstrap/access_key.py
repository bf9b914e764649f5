"""The build server's access key, made apart from the stacks so that no template, event or record ever holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.aws.users import Users
from agent.bootstrap import identities
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.aws.sessions import Clients
    from agent.config.model import Configuration

MOST_KEYS = 2
"""How many access keys IAM lets a user have."""


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """An access key of a user; AWS tells the secret only once."""

    user: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


def make_access_key(configuration: Configuration, clients: Clients, *, replace: bool) -> AccessKey:
    """A new access key of the user ``<project>-ci``; ``replace`` removes those that it has.

    Source: ``CreateAccessKey``. Raises InputMissingError without such a user, UsageError where it has both its keys.
    """
    user = identities.ci_user(configuration).rpartition("/")[2]
    users = Users(clients, configuration.tools.account)
    present = users.access_keys(user)
    if len(present) >= MOST_KEYS and not replace:
        raise UsageError(
            f"the user {user} in account {configuration.tools.account} has {len(present)} access keys, and IAM allows "
            "no more: remove one that nobody uses, or replace them all with --replace"
        )
    for key in present[1:] if replace else ():
        users.delete_access_key(user, key)
    access_key_id, secret = users.create_access_key(user)
    for key in present[:1] if replace else ():
        users.delete_access_key(user, key)
    return AccessKey(user=user, access_key_id=access_key_id, secret_access_key=secret)
