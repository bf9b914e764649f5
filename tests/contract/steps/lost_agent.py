"""An agent in a process of its own, so that a test can kill it: runs one step as ``modelyard step`` would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.aws.accounts import AwsAccounts
from agent.aws.entering import Origin, Scope
from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.session_policies import scopes
from agent.clock import SystemClock
from agent.context import Context, RunInfo
from agent.images.builders import Builders
from agent.ledger.ledger import Ledger
from agent.registry import find_step
from agent.runner import run_step
from tests.fakes import KeptReport

if TYPE_CHECKING:
    from agent.step import StepModel
    from tests.contract.steps.deploy_world import World

ROOT = Path(__file__).resolve().parents[3]


class LostAgent:
    """A run of a step that is killed as the power would kill it."""

    def __init__(self, world: World, step: str, inputs: StepModel, run: str) -> None:
        order = {
            "key": world.keys.access_key_id,
            "secret": world.keys.secret_access_key,
            "endpoint": world.cloud.endpoint,
            "region": world.cloud.running.region,
            "role": world.configuration.tools.role,
            "scopes": {role: asdict(scope) for role, scope in scopes(world.configuration).items()},
            "account": world.configuration.tools.account,
            "bucket": world.bucket,
            "step": step,
            "inputs": inputs.model_dump(mode="json", exclude_unset=True),
            "run": run,
            "folder": str(world.folder),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.steps.lost_agent"],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode())
        self._process.stdin.close()

    @property
    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def kill(self) -> None:
        """``kill -9``."""
        assert self.runs, "the agent had ended already"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def await_calls(world: World, agent: LostAgent, action: str, since: int, count: int) -> None:
    """Return once so many calls of an action were answered, well or not."""
    deadline = time.monotonic() + 60
    while sum(call.action == action for call in world.cloud.calls(since)) < count:
        assert agent.runs, "the agent ended too early"
        assert time.monotonic() < deadline, f"no {count} calls of {action}"
        time.sleep(0.01)


def main() -> None:
    """Run the step that standard input asks for."""
    order: dict[str, Any] = json.load(sys.stdin)
    clients = Clients(
        credentials=Credentials(access_key_id=order["key"], secret_access_key=order["secret"]),
        region=order["region"],
        endpoint_url=order["endpoint"],
    )
    accounts = AwsAccounts(
        clients,
        account=order["account"],
        region=order["region"],
        role=order["role"],
        started=Origin(session_name=order["run"]),
        scopes={role: Scope(**scope) for role, scope in order["scopes"].items()},
    )
    clock = SystemClock()
    context = Context(
        accounts=accounts,
        ledger=Ledger(accounts.tools.objects, order["bucket"]),
        builder=Builders(clock),
        clock=clock,
        report=KeptReport(),
        run=RunInfo(id=order["run"], who="tester"),
        folder=Path(order["folder"]),
    )
    step = find_step(order["step"])
    run_step(step, step.inputs.model_validate_json(json.dumps(order["inputs"])), context)


if __name__ == "__main__":
    main()
