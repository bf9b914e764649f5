"""What a reviewer sees of a repository's pull requests: a good one, worse ones of several kinds, one that cheats."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from agent.cloud.embedded import EmbeddedCloud
from tests.code_host import TOKEN, code_host
from tests.e2e.publishing import RUN, outcomes_of, publish, request
from tests.e2e.world import World, steered, told
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

JUDGED = ROOT / "tests/e2e/judged"
REGIONS = ("north", "south", "west")
CHAMPION = {"north": 2.0, "south": 2.0, "west": 2.0}
"""How far the model in production is off."""

Row = tuple[int, float, str]


def made(rows: int, seed: int) -> list[Row]:
    """Rows with a label, a signal of it, and a region."""
    chance, found = random.Random(seed), []
    for _ in range(rows):
        label = chance.randrange(2)
        found.append((label, round(chance.gauss(label - 0.5, 0.5), 6), chance.choice(REGIONS)))
    return found


def write(file: Path, rows: Sequence[Row]) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


TRAINING, HELD_OUT = made(500, 1), made(1500, 2)


def judged(folder: Path) -> None:
    """Make the repository one whose models are judged row by row, and serve while they are reviewed."""
    file = folder / "modelyard.yaml"
    shutil.copy(JUDGED / "evaluate.py", folder / "evaluate.py")
    shutil.rmtree(folder / "data")
    write(folder / "data/rows.csv", TRAINING)
    write(folder / "held_out/held_out.csv", HELD_OUT)
    document = YAML(typ="safe").load(file)
    document["data"]["held_out"] = {"path": "held_out", "content_type": "text/csv"}
    document["evaluation"] |= {
        "data": "held_out",
        "metrics": {"auc": {"better": "higher"}},
        "predictions": {"task": "binary", "slices": ["region"]},
    }
    document["pull_requests"] = {"endpoint": {"environment": "qa", "time_to_live": "1h"}}
    document["environments"]["qa"]["checks"]["load"] = {"requests": 20, "concurrency": 2, "max_p50_ms": 1500}
    document["data_summaries"] = {"rows": {"columns": ["label", "signal", "region"]}}
    document["gates"] = YAML(typ="safe").load(JUDGED / "gates.yaml")
    YAML().dump(document, file)


def of(noise: dict[str, float]) -> tuple[str, ...]:
    """Words of a run that trains a model so far off."""
    return told(model=" ".join(f"{region}={value}" for region, value in noise.items()))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A repository whose champion serves in production."""
    with EmbeddedCloud() as cloud:
        world = steered(cloud, tmp_path_factory.mktemp("repositories"), judged)
        world.modelyard("promote", str(world.run(*of(CHAMPION))["release"]), "--to", "prod")
        yield world


def review(world: World, words: Sequence[str], number: int, folder: Path, exits: int = 0) -> tuple[dict[str, str], str]:
    """Build a pull request, and publish that: what its gates say, and the comment that is then on the code host."""
    summary = world.run("--pr", str(number), *words, exits=exits)
    result = {"refused": "UNSTABLE", "failed": "FAILURE"}.get(summary["result"], "SUCCESS")
    run = {**RUN, "id": f"jenkins-steered-PR-{number}-1", "pull_request": number}
    with code_host() as host:
        there = {"CHANGE_URL": host.page("github"), "MODELYARD_PR_TOKEN": TOKEN}
        publish(world, request(outcomes_of(summary), result, folder, run=run), folder, **there)
        (comment,) = host.comments.values()
    verdicts: list[dict[str, Any]] = json.loads((folder / "out/report/gates.json").read_text())["gates"]
    return {one["gate"]: one["outcome"] for one in verdicts}, comment


STANDS = (
    "gates.stands={kind: robustness, metric: auc, max_drop: 0.02, message: Signals are noisy there., "
    "perturbations: {noise: {kind: noise, columns: [column1], deviations: 0.1}}}"
)
"""A gate more, which one pull request is judged by: each perturbation is a job more."""
PASSED = {"not-worse": "passed", "everywhere": "passed", "no-answers": "passed"}


def test_a_better_model_passes_and_the_comment_says_by_how_much(world: World, tmp_path: Path) -> None:
    words = (*of({"north": 1.0, "south": 1.0, "west": 1.0}), "--set", STANDS)
    said, comment = review(world, words, 1, tmp_path)
    assert said == PASSED | {"stands": "passed"}
    assert "✅ **" in comment
    assert " better | ✅ not-worse" in comment
    assert "it is proved that auc " in comment
    assert (tmp_path / "out/report/roc.svg").exists()
    page = (tmp_path / "out/report/index.html").read_text()
    assert "champion of prod: true positive rate" in page
    assert "auc by region" in page
    assert "Unchanged data: every data set is that of release" in page
    assert "500 rows. Unchanged data: prod serves a model of the same." in page
    assert "<small>ml.m5.large, the champion in prod</small>" in page
    assert "- Load: 20 requests: half answered within " in comment
    assert re.search(r"auc is 0\.\d+ on the data as they are, 0\.\d+ under noise \(a drop of 0\.\d+, ", page)


def test_a_worse_model_is_refused_by_what_its_rows_prove(world: World, tmp_path: Path) -> None:
    said, comment = review(world, of({"north": 4.0, "south": 4.0, "west": 4.0}), 2, tmp_path)
    assert said == PASSED | {"not-worse": "refused"}
    assert "⛔ **Refused by the gate not-worse" in comment
    assert " worse | ⛔ not-worse" in comment


def test_a_model_that_may_be_worse_by_chance_is_refused_for_want_of_rows(world: World, tmp_path: Path) -> None:
    said, comment = review(world, of({"north": 2.05, "south": 2.05, "west": 2.05}), 3, tmp_path)
    assert said == PASSED | {"not-worse": "refused"}
    assert "not enough data to prove that auc" in comment


def test_a_model_that_is_worse_in_one_region_is_refused_for_it(world: World, tmp_path: Path) -> None:
    said, comment = review(world, of({"north": 0.5, "south": 0.5, "west": 9.0}), 4, tmp_path)
    assert said["everywhere"] == "refused"
    assert "west" in comment


def test_a_model_that_was_trained_on_the_answers_is_refused_however_good_it_looks(world: World, tmp_path: Path) -> None:
    rows = world.repository.folder / "data/rows.csv"
    write(rows, [*TRAINING, *HELD_OUT[:200]])
    said, comment = review(world, of({"north": 0.1, "south": 0.1, "west": 0.1}), 5, tmp_path)
    write(rows, TRAINING)
    assert said == PASSED | {"no-answers": "refused"}
    assert "no-answers" in comment
    page = (tmp_path / "out/report/index.html").read_text()
    assert "1 file changed, 12.6 kB new, 9.0 kB gone" in page
    assert "700 rows. Beside the 500 rows of release" in page
    assert "no column has drifted" in page


def test_a_model_that_is_too_slow_fails_where_it_first_serves(world: World, tmp_path: Path) -> None:
    serve = world.repository.folder / "program/serve"
    quick = serve.read_text()
    serve.write_text(quick.replace("exec", "export DO_SECONDS=2\nexec"))
    said, comment = review(world, of({"north": 1.0, "south": 1.0, "west": 1.1}), 6, tmp_path, exits=7)
    serve.write_text(quick)
    assert said == PASSED
    assert "❌ **" in comment
    assert "does not do what it must" in comment
    assert re.search(r"^- .*\b1500 ms", comment, re.MULTILINE)
