"""A model repository on a bootstrapped cloud, worked on as its build server works: by commands, with one narrow key."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.aws.accounts import AwsAccounts
from agent.aws.entering import Origin
from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.access_key import make_access_key
from agent.bootstrap.apply import apply
from agent.bootstrap.orders import orders
from agent.bootstrap.session_policies import scopes
from agent.clock import SystemClock
from agent.config.loading import load
from agent.demo.build_server import environment
from agent.demo.repository import Repository
from agent.ledger.ledger import Ledger
from tests.fakes import KeptReport
from tests.prefork.prefork import command
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.cloud.calls import CallRecord
    from agent.cloud.embedded import EmbeddedCloud

WRITES = ("Create", "Put", "Update", "Delete", "Start", "Stop", "Copy", "Complete", "Upload", "Initiate", "Register")


@dataclass(frozen=True, kw_only=True)
class World:
    """One repository, and the environment of its build server."""

    cloud: EmbeddedCloud
    repository: Repository
    environ: Mapping[str, str] = field(repr=False)

    def modelyard(self, *words: str, exits: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command and insist on its exit code."""
        done = subprocess.run(
            [*command(), *words],
            cwd=self.repository.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == exits, f"modelyard {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def begin(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [*command(), *words],
            cwd=self.repository.folder,
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, exits: int = 0) -> dict[str, Any]:
        """Run the pipeline; its summary."""
        return summary_of(self.modelyard("run", "--json", *words, exits=exits).stdout)

    def status(self) -> dict[str, Any]:
        """What `modelyard status` answers."""
        document: dict[str, Any] = json.loads(self.modelyard("status", "--json").stdout)
        return document

    def live(self, environment_name: str) -> str:
        """The release that an environment serves."""
        return live_in(self.status(), environment_name)

    def calls_since(self, number: int) -> list[CallRecord]:
        """What the build server called, after a call of the cloud's log."""
        return self.cloud.calls(number)

    def answered(self, operation: str, since: int = 0, path: str = "") -> list[CallRecord]:
        """The calls of an operation that were answered well after the one numbered ``since``."""
        calls = self.cloud.calls(since)
        return [call for call in calls if call.action == operation and call.done and path in call.path]

    @cached_property
    def ledger(self) -> Ledger:
        """The project's ledger, as the build server reads it: its key lets no administrator in."""
        configuration = load(self.repository.configuration).configuration
        tools = configuration.tools
        credentials = Credentials(
            access_key_id=self.environ["AWS_ACCESS_KEY_ID"], secret_access_key=self.environ["AWS_SECRET_ACCESS_KEY"]
        )
        clients = Clients(credentials=credentials, region=tools.region, endpoint_url=self.cloud.endpoint)
        accounts = AwsAccounts(
            clients,
            account=tools.account,
            region=tools.region,
            role=tools.role,
            started=Origin(session_name="auditor"),
            scopes=scopes(configuration),
        )
        return Ledger(accounts.tools.objects, naming.bucket(configuration.project, tools.account, tools.region))

    def last_call(self) -> int:
        """The number of the last call so far."""
        calls = self.cloud.calls()
        return calls[-1].number if calls else 0


def summary_of(stdout: str) -> dict[str, Any]:
    """The last event of a run."""
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert lines[-1]["event"] == "summary"
    summary: dict[str, Any] = lines[-1]
    return summary


def live_in(status: Mapping[str, Any], environment_name: str) -> str:
    """The release that an environment serves, by what ``modelyard status`` answered."""
    found = {one["environment"]: one for one in status["environments"]}[environment_name]
    assert found["endpoint"].endswith("is InService") or not found["release"], found
    return str(found["release"])


BY_TRANSFORM = (
    "--set", "evaluation.script=",
    "--set", "evaluation.transform={}",
    "--set", "evaluation.predictions={task: regression}",
    "--set", "evaluation.metrics={accuracy: null, mse: {better: lower}}",
    "--set", "gates.accurate={metric: mse, min: null, max: 1000}",
)  # fmt: skip
"""Words of a run whose model answers rows itself, instead of being measured by the script."""


def told(**hyperparameters: object) -> tuple[str, ...]:
    """Words of a run that tell the training what to do; it is another training than any before."""
    settings = {"number": f"n{secrets.token_hex(4)}", **hyperparameters}.items()
    return tuple(word for name, value in settings for word in ("--set", f"training.hyperparameters.{name}={value}"))


def stages(summary: Mapping[str, Any]) -> dict[str, str]:
    """The stages' ends by id."""
    return {stage["stage"]: stage["status"] for stage in summary["stages"]}


def settle(cloud: EmbeddedCloud, example: str, folder: Path) -> World:
    """Copy an example into a repository of its own, and bootstrap its accounts."""
    return settled(cloud, Repository(ROOT / "examples" / example, folder / example, os.environ))


def steered(cloud: EmbeddedCloud, folder: Path, change: Callable[[Path], None] | None = None) -> World:
    """The repository whose programs do what a test tells them, fast (see ``tests/contract/image/program``).

    ``change`` makes another one of its files, before its accounts are bootstrapped.
    """
    source = _steered_source(folder)
    if change:
        change(source)
    return settled(cloud, Repository(source, folder / "steered", os.environ))


def _steered_source(folder: Path) -> Path:
    source = folder / "source"
    shutil.copytree(ROOT / "tests/e2e/steered", source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        ROOT / "tests/contract/image/program", source / "program", ignore=shutil.ignore_patterns("__pycache__")
    )
    return source


def three_environments(cloud: EmbeddedCloud, folder: Path) -> World:
    """The same with an environment ``dev`` before ``qa``, in its account, and with endpoints of pull requests there."""
    source = _steered_source(folder)
    file = source / "modelyard.yaml"
    before, separator, after = file.read_text().partition("  qa:\n")
    account, endpoint = "222222222222", "{name: steered-dev, serverless: {memory_mb: 1024, max_concurrency: 5}}"
    dev = f"""\
  dev:
    account: "{account}"
    region: us-east-1
    deploy_role: arn:aws:iam::{account}:role/steered-dev-deploy
    external_id: steered-dev
    execution_role: arn:aws:iam::{account}:role/steered-dev-execution
    endpoint: {endpoint}
    checks: {{requests: [{{body: "1,2", answer: "1,2"}}]}}
"""
    previews = "pull_requests:\n  endpoint: {environment: dev, time_to_live: 4h}\n"
    file.write_text(f"{before}{dev}{separator}{after}{previews}")
    return settled(cloud, Repository(source, folder / "steered", os.environ))


def settled(cloud: EmbeddedCloud, repository: Repository) -> World:
    """A repository's accounts, bootstrapped by their administrators, and its build server."""
    configuration = load(repository.configuration).configuration

    def administrator(account: str) -> Clients:
        found = next(one for one in cloud.running.administrators if one.account == account)
        credentials = Credentials(access_key_id=found.access_key_id, secret_access_key=found.secret_access_key)
        return Clients(credentials=credentials, region=cloud.running.region, endpoint_url=cloud.endpoint)

    apply(orders(configuration), administrator, clock=SystemClock(), report=KeptReport())
    key = make_access_key(configuration, administrator(configuration.tools.account), replace=False)
    return World(cloud=cloud, repository=repository, environ=environment(cloud, key, os.environ))


def another_agent(world: World, folder: Path) -> World:
    """Another agent of the build server, with a working copy of its own at the same commit."""
    working_copy = copy(world.repository)
    working_copy.folder = folder / "working-copy"
    shutil.copytree(world.repository.folder, working_copy.folder, ignore=shutil.ignore_patterns(".modelyard"))
    return replace(world, repository=working_copy)


def forget(world: World) -> None:
    """Lose everything that an agent keeps on its own disk."""
    shutil.rmtree(world.repository.folder / ".modelyard", ignore_errors=True)
