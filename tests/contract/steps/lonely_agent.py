"""An agent in a process of its own that runs the step `train`, so that a test can kill it.

usage: python -m tests.contract.steps.lonely_agent < ORDER   (JSON: endpoint, keys, region, account, bucket, inputs)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agent.aws.accounts import AwsAccount
from agent.aws.sessions import Clients, Credentials
from agent.context import Context, RunInfo
from agent.ledger.ledger import Ledger
from agent.runner import run_step
from pipeline_steps import train
from tests.contract.steps.hurried_clock import HurriedClock
from tests.fakes import FakeAccount, FakeAccounts, KeptReport

if TYPE_CHECKING:
    from collections.abc import Mapping


def context(order: Mapping[str, Any]) -> Context:
    """A run in the account that the order names."""
    clients = Clients(
        credentials=Credentials(access_key_id=order["key"], secret_access_key=order["secret"]),
        region=order["region"],
        endpoint_url=order["endpoint"],
    )
    account = AwsAccount(order["account"], clients)
    tools = FakeAccount(id=account.id, region=account.region, objects=account.objects, jobs=account.jobs)
    return Context(
        accounts=FakeAccounts(tools=tools),
        ledger=Ledger(account.objects, order["bucket"]),
        builder=cast("Any", None),
        clock=HurriedClock(),
        report=KeptReport(),
        run=RunInfo(id="killed", who="tester"),
        folder=Path(),
    )


def main() -> None:
    """Train as standard input says."""
    order = json.load(sys.stdin)
    inputs = train.Inputs.model_validate_json(json.dumps(order["inputs"]))
    run_step(train.STEP, inputs, context(order))


if __name__ == "__main__":
    main()
