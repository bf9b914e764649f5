"""The examples go from their data to production as their READMEs tell; the tumours' way is told by tests/e2e."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.data.download import MIRROR
from agent.errors import ExitCode
from tests.e2e.world import settle, stages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.world import World

HURRY = 20
"""How much faster than ours the cloud's clock runs while traffic moves."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


def measured(summary: dict[str, Any], metric: str) -> float:
    """What the evaluation found."""
    return float(summary["results"]["evaluate"]["evaluation"]["metrics"][metric]["value"])


def refusals(summary: dict[str, Any]) -> list[str]:
    """The gates that refuse the model."""
    return missed(summary, "block")


def missed(summary: dict[str, Any], severity: str) -> list[str]:
    """The gates of a severity that did not pass."""
    verdicts = summary["results"]["gate"]["verdicts"]
    return [each["gate"] for each in verdicts if not each["passed"] and each["severity"] == severity]


# --- iris: without a preparation ----------------------------------------------------------------------------------


def test_iris_reaches_production_and_a_tree_of_two_leaves_does_not(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    iris = settle(cloud, "iris-byo", tmp_path)
    summary = iris.run()
    assert summary["result"] == "done"
    assert measured(summary, "accuracy") >= 0.9
    assert iris.live("qa") == summary["release"]
    assert stages(summary)["prepare"] == "skipped"
    iris.modelyard("promote", summary["release"], "--to", "prod")
    assert iris.live("prod") == summary["release"]
    worse = iris.run("--set", "training.hyperparameters.max_leaf_nodes=2")
    assert (worse["result"], refusals(worse)) == ("refused", ["accurate"])


# --- abalone: data by address and digest --------------------------------------------------------------------------


@pytest.fixture
def abalone(cloud: EmbeddedCloud, shared_data: Path, tmp_path: Path) -> World:
    """Its build server reaches UCI's file in a mirror."""
    (tmp_path / "mirror").mkdir()
    shutil.copy(shared_data / "abalone.csv", tmp_path / "mirror/abalone.data")
    settled = settle(cloud, "abalone-byo", tmp_path)
    return replace(settled, environ={**settled.environ, MIRROR: str(tmp_path / "mirror")})


def test_abalone_reaches_production_and_too_few_trees_do_not(abalone: World) -> None:
    summary = abalone.run()
    assert summary["result"] == "done"
    assert measured(summary, "mse") <= 6.0
    assert abalone.live("qa") == summary["release"]
    abalone.modelyard("promote", summary["release"], "--to", "prod")
    assert abalone.live("prod") == summary["release"]
    worse = abalone.run("--set", "training.hyperparameters.max_trees=5")
    assert worse["result"] == "refused"
    assert {"close-enough", "old-look-old"} <= set(refusals(worse))


# --- credit: champion and challenger, and an approval by hand -----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bank:
    """The credit example at work: its world, the setting that names its data, and its model registry."""

    world: World
    data: str
    cloud: EmbeddedCloud

    def run(self, *settings: str) -> dict[str, Any]:
        """Run the pipeline with some settings."""
        words = [word for setting in (self.data, *settings) for word in ("--set", setting)]
        return self.world.run(*words)

    def approve(self, release: str) -> None:
        """Approve the model package of a release, as a risk officer would."""
        told = json.loads(self.world.modelyard("releases", release, "--json").stdout)
        self.cloud.client("sagemaker").update_model_package(
            ModelPackageArn=told["manifest"]["package"], ModelApprovalStatus="Approved"
        )

    def promote(self, release: str) -> None:
        """Promote a release to production, on a clock that hurries."""
        self.cloud.set_clock_rate(HURRY)
        try:
            self.world.modelyard("promote", release, "--to", "prod")
        finally:
            self.cloud.set_clock_rate(1)


@pytest.fixture(scope="module")
def bank(cloud: EmbeddedCloud, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    world = settle(cloud, "credit-byo", tmp_path_factory.mktemp("credit"))
    return Bank(world=world, data=f"data.clients.path={shared_data / 'credit_default.csv.gz'}", cloud=cloud)


@pytest.fixture(scope="module")
def champion(bank: Bank) -> str:
    """The release of the logistic model, which waits for its approval."""
    summary = bank.run()
    assert summary["result"] == "done"
    assert measured(summary, "accuracy") >= 0.75
    assert missed(summary, "warn") == ["men-and-women-alike"]
    assert summary["results"]["check_endpoint"]["load"] == 50
    assert bank.world.live("qa") == summary["release"]
    return str(summary["release"])


@pytest.fixture(scope="module")
def challenger(bank: Bank, champion: str) -> str:
    """The release of the boosted trees, in production after the champion was."""
    bank.approve(champion)
    bank.promote(champion)
    summary = bank.run("training.hyperparameters.model=boosting")
    assert (summary["result"], refusals(summary)) == ("done", [])
    bank.approve(summary["release"])
    bank.promote(summary["release"])
    return str(summary["release"])


def test_production_takes_no_model_that_nobody_has_approved(bank: Bank, champion: str) -> None:
    words = ("promote", champion, "--to", "prod")
    refused = bank.world.modelyard(*words, exits=ExitCode.INPUT_MISSING)
    assert "is PendingManualApproval" in refused.stderr


def test_a_better_challenger_replaces_the_champion(bank: Bank, champion: str, challenger: str) -> None:
    assert bank.world.live("prod") == challenger != champion


def test_the_old_champion_loses_to_the_challenger(bank: Bank, challenger: str) -> None:
    back = bank.run()
    assert (back["result"], refusals(back)) == ("refused", ["not-worse-than-production"])
