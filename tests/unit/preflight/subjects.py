"""Accounts to look at, with fakes for what answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.preflight.subject import Subject
from tests.contract.bootstrap.landscape import IDS, configuration
from tests.fakes import FakeAccount, FakePolicies, MemoryKeys

if TYPE_CHECKING:
    from agent.config.model import Configuration

PROJECT = "tumour"


def subject(name: str = "tools", chosen: Configuration | None = None, **parts: Any) -> Subject:
    """An account of a project; ``parts`` are those of the account."""
    defaults = {"policies": FakePolicies(), "keys": MemoryKeys()}
    account = FakeAccount(id=IDS[name], **{**defaults, **parts})
    return Subject(name=name, account=account, configuration=chosen or configuration(PROJECT))
