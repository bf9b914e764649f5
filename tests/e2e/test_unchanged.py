"""A run after one that changed nothing: it only asks, answers the same, and finds out whatever is no longer so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.e2e.world import WRITES, World, forget, settle, stages

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNTIL_DATA = ("--until", "snapshot_data")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        settled = settle(cloud, "tumour-byo", tmp_path_factory.mktemp("repositories"))
        settled.run()
        yield settled


@pytest.fixture
def unchanged(world: World) -> dict[str, Any]:
    """A run that finds nothing to do, and all files at rest: a few seconds after they were written."""
    for _ in range(10):
        summary = world.run()
        if remembered(world):
            return summary
    pytest.fail("nothing is remembered of a run in which nothing changed")


def remembered(world: World) -> bool:
    return (world.repository.folder / ".modelyard" / "unchanged.json").exists()


def said(lines: str) -> list[str]:
    """What a run told that lasts, without its times; stages that run at once may tell in any order."""
    told = []
    for line in lines.splitlines():
        document = json.loads(line)
        stays = {name: value for name, value in document.items() if name not in {"at", "seconds", "run"}}
        if "stages" in stays:
            stays["stages"] = [{**stage, "seconds": 0} for stage in stays["stages"]]
        if stays["event"] != "stage_doing":
            told.append(json.dumps(stays, sort_keys=True))
    return sorted(told)


def test_the_next_run_says_the_same_and_asks_less(world: World, unchanged: dict[str, Any]) -> None:
    forget(world)
    begun = world.last_call()
    gone_through = world.modelyard("run", "--json").stdout
    looked = world.last_call()
    again = world.modelyard("run", "--json").stdout
    assert said(again) == said(gone_through)
    assert world.last_call() - looked < looked - begun
    asked = [call.action.partition(":")[2] for call in world.calls_since(looked)]
    assert "DescribeEndpoint" in asked
    assert not [action for action in asked if action.startswith(WRITES)]


def test_people_read_that_nothing_changed(world: World, unchanged: dict[str, Any]) -> None:
    told = world.modelyard("run").stderr
    assert f"Nothing changed: release {unchanged['release'][:12]} is made" in told


def test_no_secret_is_kept(world: World, unchanged: dict[str, Any]) -> None:
    kept = (world.repository.folder / ".modelyard" / "unchanged.json").read_text()
    assert world.environ["AWS_SECRET_ACCESS_KEY"] not in kept
    assert "Signature" not in kept


def test_a_changed_file_is_noticed(world: World) -> None:
    file = world.repository.folder / "data/tumours.csv"
    original = file.read_bytes()
    world.run(*_UNTIL_DATA)
    assert stages(world.run(*_UNTIL_DATA))["snapshot_data"] == "recalled"
    try:
        file.write_bytes(b"".join(original.splitlines(keepends=True)[:-1]))
        assert stages(world.run(*_UNTIL_DATA))["snapshot_data"] == "done"
    finally:
        file.write_bytes(original)


def test_other_settings_are_another_run(world: World, unchanged: dict[str, Any]) -> None:
    refused = world.run("--set", "gates.separates.min=0.9999")
    assert refused["result"] == "refused"
    assert not remembered(world)


def test_a_record_that_the_ledger_lost_is_noticed(world: World, unchanged: dict[str, Any]) -> None:
    key = next(stage["key"] for stage in unchanged["stages"] if stage["step"] == "release")
    name = next(name for name in world.ledger.names(f"steps/release/{key}/") if name.endswith("done.json"))
    world.cloud.client("s3").delete_object(Bucket=world.ledger.bucket, Key=f"ledger/{name}")
    again = world.run()
    assert stages(again)["release"] == "done"
    assert again["release"] == unchanged["release"]


def test_an_environment_that_others_changed_is_noticed(world: World, unchanged: dict[str, Any]) -> None:
    (endpoint,) = world.cloud.client("sagemaker", "qa").list_endpoints()["Endpoints"]
    world.cloud.client("sagemaker", "qa").delete_endpoint(EndpointName=endpoint["EndpointName"])
    again = world.run()
    assert (stages(again)["preflight"], stages(again)["deploy"]) == ("done", "done")
    assert world.live("qa") == unchanged["release"]
