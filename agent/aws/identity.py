"""Whose credentials these are, for commands that are given credentials by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.aws.refusals import refusals

if TYPE_CHECKING:
    from agent.aws.sessions import Clients


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A principal of AWS and the account that it belongs to."""

    arn: str
    account: str


def identity(clients: Clients, account: str = "unknown") -> Identity:
    """The identity of some clients (``GetCallerIdentity``), which are meant to be of ``account``.

    A role is really assumed by that. Raises AccessDeniedError and TemporaryError.
    """
    with refusals("sts:GetCallerIdentity", "these credentials", account=account, region=clients.region):
        answer = clients.client("sts").get_caller_identity()
    return Identity(arn=answer["Arn"], account=answer["Account"])
