"""What the ledger says of the past, read as the build server reads it, and whether all of it can be true at once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from agent.release.envelope import unseal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.world import World


def documents(world: World, prefix: str = "") -> dict[str, bytes]:
    """The documents of the ledger by name."""
    found = {name: world.ledger.read_bytes(name) for name in world.ledger.names(prefix)}
    return {name: body for name, body in found.items() if body is not None}


def releases(world: World) -> list[str]:
    """The digests of all releases."""
    return [name.split("/")[1].removesuffix(".json") for name in world.ledger.names("releases/")]


def history(world: World, environment: str) -> list[dict[str, Any]]:
    """The deployments of an environment, oldest first."""
    found = documents(world, f"environments/{environment}/history/")
    return [json.loads(found[name]) for name in sorted(found)]


def attempts(world: World, step: str, run: str = "") -> list[dict[str, Any]]:
    """All attempts at a step, or those of one run."""
    found = documents(world, f"steps/{step}/")
    noted = [json.loads(body) for name, body in found.items() if "/attempts/" in name]
    return [one for one in noted if run in {"", one["run"]}]


def assert_consistent(world: World, status: Mapping[str, Any] | None = None) -> None:
    """Every document is whole, releases are what they are called, and histories are without gaps.

    ``status`` is what ``modelyard status`` answers now, where somebody has asked already.
    """
    found = documents(world)
    parsed = {name: json.loads(body) for name, body in found.items() if not name.startswith("keys/")}
    kept = {name: body for name, body in found.items() if name.startswith("releases/")}
    statements = {name: unseal(body, name).payload for name, body in kept.items()}
    assert {name: f"releases/{hashlib.sha256(body).hexdigest()}.json" for name, body in statements.items()} == {
        name: name for name in kept
    }
    for one in (status or world.status())["environments"]:
        entries = history(world, one["environment"])
        assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
        assert {f"releases/{entry['release']}.json" for entry in entries} <= kept.keys()
        done = [entry["release"] for entry in entries if entry["status"] == "done"]
        assert one["release"] == (done[-1] if done else "")
        assert not done or one["endpoint"].endswith("is InService")
        lock = parsed.get(f"environments/{one['environment']}/lock.json")
        assert lock is None or lock["released"]
