"""What the ledger says of the past, read as it lies in the bucket, and whether it can all be true at once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.config.loading import load

if TYPE_CHECKING:
    from tests.e2e.world import World


def documents(world: World) -> dict[str, bytes]:
    """Every document of the ledger by its name below ``ledger/``."""
    configuration = load(world.repository.configuration).configuration
    bucket = naming.bucket(configuration.project, configuration.tools.account, configuration.tools.region)
    s3 = world.cloud.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="ledger/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key.removeprefix("ledger/"): s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


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
