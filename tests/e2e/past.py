"""What the ledger says of the past, read as it lies in the bucket, and whether it can all be true at once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.aws.accounts import AwsAccounts
from agent.aws.sessions import Clients, Credentials
from agent.config.loading import load
from agent.ledger.ledger import Ledger

if TYPE_CHECKING:
    from tests.e2e.world import World


def documents(world: World) -> dict[str, bytes]:
    """Every document of the ledger by its name below ``ledger/``, read as the build server: its key lets no one else."""
    configuration = load(world.repository.configuration).configuration
    tools = configuration.tools
    clients = Clients(
        credentials=Credentials(
            access_key_id=world.environ["AWS_ACCESS_KEY_ID"], secret_access_key=world.environ["AWS_SECRET_ACCESS_KEY"]
        ),
        region=tools.region,
        endpoint_url=world.cloud.endpoint,
    )
    accounts = AwsAccounts(clients, account=tools.account, region=tools.region, role=tools.role, session_name="auditor")
    ledger = Ledger(accounts.tools.objects, naming.bucket(configuration.project, tools.account, tools.region))
    found = {name: ledger.read_bytes(name) for name in ledger.names("")}
    return {name: body for name, body in found.items() if body is not None}


def releases(world: World) -> list[str]:
    """The digests of all releases."""
    return [name.split("/")[1].removesuffix(".json") for name in documents(world) if name.startswith("releases/")]


def history(world: World, environment: str) -> list[dict[str, Any]]:
    """The deployments of an environment, oldest first."""
    prefix = f"environments/{environment}/history/"
    found = documents(world)
    return [json.loads(found[name]) for name in sorted(found) if name.startswith(prefix)]


def attempts(world: World, step: str, run: str = "") -> list[dict[str, Any]]:
    """All attempts at a step, or those of one run."""
    found = [
        json.loads(body)
        for name, body in documents(world).items()
        if name.startswith(f"steps/{step}/") and "/attempts/" in name
    ]
    return [one for one in found if run in {"", one["run"]}]


def assert_consistent(world: World) -> None:
    """Every document is whole, releases are what they are called, and histories are without gaps."""
    found = documents(world)
    parsed = {name: json.loads(body) for name, body in found.items()}
    known = set(releases(world))
    for name, body in found.items():
        if name.startswith("releases/"):
            assert name == f"releases/{hashlib.sha256(body).hexdigest()}.json"
    for environment in ("qa", "prod"):
        entries = history(world, environment)
        assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
        assert {entry["release"] for entry in entries} <= known
        lock = parsed.get(f"environments/{environment}/lock.json")
        assert lock is None or lock["released"]
    for one in world.status()["environments"]:
        done = [entry["release"] for entry in history(world, one["environment"]) if entry["status"] == "done"]
        assert one["release"] == (done[-1] if done else "")
        assert not done or one["endpoint"].endswith("is InService")
