"""The context of a step under test, of such parts as the test gives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.context import Context, RunInfo
from agent.ledger.ledger import Ledger
from tests.fakes import FakeAccount, FakeAccounts, FakeClock, KeptReport, MemoryKeys, MemoryObjects
from tests.unit.pipeline_steps.vouched import BUCKET

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "a1b2c3d4e5f6" + "7" * 52


def surroundings(
    tools: FakeAccount | None = None,
    *,
    others: Mapping[str, FakeAccount] | None = None,
    objects: MemoryObjects | None = None,
    builder: Any = None,
    folder: Path = Path(),
) -> Context:
    """A run in memory, with a key that signs; its report keeps what it is told."""
    tools = tools or FakeAccount()
    tools.keys = tools.keys or signing_keys()
    return Context(
        accounts=FakeAccounts(tools=tools, others=others or {}),
        ledger=Ledger(objects or MemoryObjects(buckets={BUCKET}), BUCKET),
        builder=builder,
        clock=FakeClock(),
        report=KeptReport(),
        run=RunInfo(id="run-1", who="somebody"),
        folder=folder,
        key=KEY,
    )


def signing_keys() -> MemoryKeys:
    """The tools account's KMS, after the bootstrap."""
    keys = MemoryKeys()
    keys.add()
    return keys


def told(context: Context, kind: str) -> list[str]:
    """What the step told in one way: ``fact``, ``warn``, …"""
    assert isinstance(context.report, KeptReport)
    return context.report.of(kind)
