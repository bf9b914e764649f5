"""``python -m benchmarks.snapshots``: data snapshots beside DVC in one run, and how the cost grows with the data."""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.aws.s3_documents import S3Objects
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.ledger.ledger import Ledger
from agent.ledger.records import StepRecord
from benchmarks.dvc import Dvc
from benchmarks.peers import installed
from benchmarks.plot import log_log
from benchmarks.report import PAGE, best, machine, write_section
from tests.e2e.world import settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.world import World

Seconds = dict[str, float]
BUCKET = "benchmark-data"
_FOLDER_SIZE = 500
_WRITERS = 8
_RUN_AGAIN = "unchanged since the last `modelyard run`, s"
_AT_REST_SECONDS = 3.0
"""Files that were just written are looked at once more."""


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.snapshots", description=__doc__)
    arguments.add_argument("--files", type=int, default=2000, help="files of the data set beside DVC (2000)")
    arguments.add_argument("--megabytes", type=int, default=200, help="their size together (200)")
    arguments.add_argument("--rounds", type=int, default=3, help="how often everything beside DVC is measured (3)")
    arguments.add_argument("--growth", type=int, nargs="*", default=[1000, 5000], help="numbers of objects (1000 5000)")
    arguments.add_argument("--plot", type=Path, help="SVG file to draw the growth into")
    arguments.add_argument("--dvc", type=Path, help="dvc to measure; without it, one is installed and kept")
    arguments.add_argument("--write", action="store_true", help=f"rewrite the sections of {PAGE.name}")
    chosen = arguments.parse_args()
    with EmbeddedCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        beside = beside_dvc(cloud, Path(folder), chosen) if chosen.rounds else {}
        growth = {number: grown(cloud, Path(folder), number) for number in chosen.growth}
    print(table(beside), table_of_growth(growth), sep="\n\n")
    for section, text in {"snapshots": table(beside), "growth": table_of_growth(growth)}.items():
        if chosen.write and text:
            write_section(section, text)
    if chosen.plot and growth:
        curves = {name: {number: growth[number][name] for number in growth} for name in growth[chosen.growth[0]]}
        chosen.plot.write_text(log_log(curves, "objects", "seconds"))
    facts = machine(("modelyard", "ministack", "botocore"))
    print(json.dumps({"machine": facts, "beside DVC": beside, "growth": growth}, indent=2, ensure_ascii=False))


def beside_dvc(cloud: EmbeddedCloud, folder: Path, chosen: argparse.Namespace) -> dict[str, Seconds]:
    """The best of several rounds, in which both take turns on data of their own with the same content."""
    dvc = Dvc(program=chosen.dvc or installed("dvc", "dvc[s3]"), folder=folder / "dvc", environment=cloud.environment())
    world = settle(cloud, "tumour-byo", folder)
    rounds: dict[str, list[Seconds]] = {"modelyard": [], "DVC": []}
    for number in range(chosen.rounds):
        for name in ("ours", "dvc"):
            shutil.rmtree(folder / name, ignore_errors=True)
            write_data(folder / name / "data", chosen.files, chosen.megabytes << 20, seed=number)
        dvc.start(BUCKET, cloud.endpoint)
        rounds["modelyard"].append({**one_round_of_ours(cloud, folder / "ours"), **run_again(world, folder / "ours")})
        rounds["DVC"].append(one_round_of_dvc(dvc))
    return {name: best(each) for name, each in rounds.items()}


def one_round_of_ours(cloud: EmbeddedCloud, folder: Path) -> Seconds:
    """A snapshot of new data, of the same, and after one file changed; and once without the upload."""
    taken: Seconds = {}
    with timed(taken, "first look, nothing uploaded, s"):
        take(cloud, folder, upload="no")
    shutil.rmtree(folder / ".modelyard")
    with timed(taken, "first time, uploaded, s"):
        take(cloud, folder)
    with timed(taken, "unchanged, s"):
        take(cloud, folder)
    change_one(folder / "data")
    with timed(taken, "one file changed, uploaded, s"):
        take(cloud, folder)
    return taken


def run_again(world: World, folder: Path) -> Seconds:
    """What `modelyard run` takes when the data are as they were in the run before, which had nothing to do either."""
    taken: Seconds = {}
    bulk = world.repository.folder / "bulk"
    shutil.rmtree(bulk, ignore_errors=True)
    (folder / "data").rename(bulk)
    words = ("run", "--until", "snapshot_data", "--set", "data.tumours.path=bulk")
    world.modelyard(*words)
    time.sleep(_AT_REST_SECONDS)
    world.modelyard(*words)
    with timed(taken, _RUN_AGAIN):
        world.modelyard(*words)
    return taken


def one_round_of_dvc(dvc: Dvc) -> Seconds:
    """The same of DVC, whose ``add`` only copies into its own cache and whose ``push`` uploads."""
    taken: Seconds = {}
    with timed(taken, "first look, nothing uploaded, s"):
        dvc.run("add", "data")
    with timed(taken, "first time, uploaded, s"):
        dvc.run("push")
    taken["first time, uploaded, s"] += taken["first look, nothing uploaded, s"]
    with timed(taken, "unchanged, s"):
        dvc.run("add", "data")
    taken[_RUN_AGAIN] = taken["unchanged, s"]
    change_one(dvc.folder / "data")
    with timed(taken, "one file changed, uploaded, s"):
        dvc.run("add", "data")
        dvc.run("push")
    return taken


def grown(cloud: EmbeddedCloud, folder: Path, number: int) -> Seconds:
    """What a snapshot of so many small files costs, and the ledger with so many records."""
    ours, taken = folder / f"grown-{number}", Seconds()
    write_data(ours / "data", number, number * 100, seed=number)
    with timed(taken, "snapshot: first time, s"):
        take(cloud, ours)
    with timed(taken, "snapshot: unchanged, s"):
        take(cloud, ours)
    change_one(ours / "data")
    with timed(taken, "snapshot: one file changed, s"):
        take(cloud, ours)
    ledger = fill_ledger(cloud, number)
    with timed(taken, "ledger: record a step, s"):
        ledger.finish(record("new"))
    with timed(taken, "ledger: find a step, s"):
        ledger.done("train", record("1").key)
    with timed(taken, "ledger: list all records, s"):
        ledger.names("steps/")
    return taken


def take(cloud: EmbeddedCloud, folder: Path, upload: str = "yes") -> None:
    """A snapshot in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.take_snapshot", str(folder), BUCKET, upload]
    subprocess.run(command, check=True, capture_output=True, env=cloud.environment(), cwd=Path(__file__).parents[1])


def write_data(folder: Path, files: int, size: int, seed: int) -> None:
    """So many files of random bytes, of so many bytes together, in folders of 500."""
    chance = random.Random(seed)
    for number in range(files):
        path = folder / f"{number // _FOLDER_SIZE:03}" / f"part-{number:06}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(max(size // files, 1)))


def change_one(folder: Path) -> None:
    """Write another content into the first file."""
    (folder / "000" / "part-000000.csv").write_bytes(b"changed")


def fill_ledger(cloud: EmbeddedCloud, number: int) -> Ledger:
    """A ledger with so many records of steps."""
    keys = cloud.running.administrator("tools")
    credentials = Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key)
    clients = Clients(credentials=credentials, region=cloud.running.region, endpoint_url=cloud.endpoint)
    bucket = f"benchmark-ledger-{number}"
    cloud.client("s3").create_bucket(Bucket=bucket)
    ledger = Ledger(S3Objects(clients, keys.account), bucket)
    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(lambda key: ledger.finish(record(str(key))), range(number)))
    return ledger


def record(key: str) -> StepRecord:
    """A step's record of the usual size."""
    now, values = datetime.now(UTC), {f"value {name}": "x" * 40 for name in range(20)}
    return StepRecord(
        step="train", key=f"{key:0>64}", run="run", who="who", inputs=values, result=values, started=now, ended=now
    )


@contextlib.contextmanager
def timed(taken: Seconds, measure: str) -> Iterator[None]:
    """Note how long the block takes."""
    start = time.perf_counter()
    yield
    taken[measure] = time.perf_counter() - start


def table(results: dict[str, Seconds]) -> str:
    """Markdown: a row for each measure, and how many times faster modelyard is."""
    if not results:
        return ""
    ours, theirs = results["modelyard"], results["DVC"]
    rows = [f"| {name} | {ours[name]:.3g} | {theirs[name]:.3g} | {theirs[name] / ours[name]:.1f} |" for name in ours]
    return "\n".join(["| measure | modelyard | DVC | times faster |", "| --- | ---: | ---: | ---: |", *rows])


def table_of_growth(results: dict[int, Seconds]) -> str:
    """Markdown: a row for each measure, a column for each number of objects."""
    if not results:
        return ""
    numbers = list(results)
    head = ["measure", *(f"{number:,} objects" for number in numbers)]
    rows = [[name, *(f"{results[number][name]:.3g}" for number in numbers)] for name in results[numbers[0]]]
    lines = [head, ["---", *("---:" for _ in numbers)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
