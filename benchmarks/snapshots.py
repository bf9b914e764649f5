"""``python -m benchmarks.snapshots``: data snapshots beside DVC in one run, and how the cost grows with the data."""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
from benchmarks.snapshotting import modelyard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.snapshotting import Modelyard

Seconds = dict[str, float]
BUCKET = "benchmark-data"
_FOLDER_SIZE = 500
_WRITERS = 8
CONTENDERS = ("modelyard", "DVC", "modelyard, processor", "DVC, processor")
_LOOKS = 2
_TIMES = 5
"""How often is measured what can be done again."""


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.snapshots", description=__doc__)
    arguments.add_argument("--files", type=int, default=2000, help="files of the data set beside DVC (2000)")
    arguments.add_argument("--megabytes", type=int, default=200, help="their size together (200)")
    arguments.add_argument("--rounds", type=int, default=3, help="how often new data are written and measured (3)")
    arguments.add_argument("--growth", type=int, nargs="*", default=[1000, 5000], help="numbers of objects (1000 5000)")
    arguments.add_argument("--plot", type=Path, help="SVG file to draw the growth into")
    arguments.add_argument("--dvc", type=Path, help="dvc to measure; without it, one is installed and kept")
    arguments.add_argument("--write", action="store_true", help=f"rewrite the sections of {PAGE.name}")
    chosen = arguments.parse_args()
    with EmbeddedCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        beside = beside_dvc(cloud, Path(folder), chosen) if chosen.rounds else {}
        growth = growth_of(cloud, Path(folder), chosen.growth)
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
    ours = modelyard(cloud, folder)
    rounds = []
    for number in range(chosen.rounds):
        ours.start()
        shutil.rmtree(dvc.folder, ignore_errors=True)
        for data in (ours.data, dvc.folder / "data"):
            write_data(data, chosen.files, chosen.megabytes << 20, seed=number)
        os.sync()  # so that nobody is measured while the disk still writes
        rounds.append(one_round(ours, dvc, cloud.endpoint))
    return {name: best([taken[name] for taken in rounds]) for name in CONTENDERS}


def one_round(ours: Modelyard, dvc: Dvc, endpoint: str) -> dict[str, Seconds]:
    """New data, the same once more, and one file changed; ``dvc add`` only copies into its own cache."""
    turns = Turns()

    def forget() -> None:
        ours.forget()
        dvc.start(BUCKET, endpoint)

    turns.take("first look, nothing uploaded, s", ours.look, dvc.add, times=_LOOKS, before=forget)
    ours.forget()
    turns.take("first time, uploaded, s", ours.take, dvc.push, after="first look, nothing uploaded, s")
    turns.take("unchanged, nothing remembered of a run, s", ours.take, dvc.add, times=_TIMES, before=ours.forget_run)
    ours.remember()
    turns.take("unchanged, s", ours.take, dvc.add, times=_TIMES)
    turns.take("unchanged, beside `dvc status`, s", ours.take, dvc.status, times=_TIMES)
    for data in (ours.data, dvc.folder / "data"):
        change_one(data)
    turns.take("one file changed, uploaded, s", ours.take, dvc.add_and_push)
    return turns.taken


@dataclass(frozen=True, kw_only=True)
class Turns:
    """What both took for each measure: seconds on the clock, and of processors."""

    taken: dict[str, Seconds] = field(default_factory=lambda: {name: {} for name in CONTENDERS})

    def take(
        self,
        measure: str,
        ours: Callable[[], object],
        theirs: Callable[[], object],
        *,
        times: int = 1,
        before: Callable[[], object] = lambda: None,
        after: str = "",
    ) -> None:
        """The best of so many ``times`` by turns; DVC has taken the measure ``after`` on the way to this one."""
        seen: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for _ in range(times):
            before()
            for name, work in (("modelyard", ours), ("DVC", theirs)):
                used = processor_seconds()
                seen[name].append(seconds(work))
                seen[f"{name}, processor"].append(processor_seconds() - used)
        for name, each in seen.items():
            on_the_way = self.taken[name].get(after, 0) if name.startswith("DVC") else 0
            self.taken[name][measure] = min(each) + on_the_way


def processor_seconds() -> float:
    """What all processes that were started here and have ended have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def growth_of(cloud: EmbeddedCloud, folder: Path, numbers: Sequence[int]) -> dict[int, Seconds]:
    """What so many objects cost, for each of the numbers."""
    (folder / "growth").mkdir()
    ours = modelyard(cloud, folder / "growth")
    return {number: grown(cloud, ours, number) for number in numbers}


def grown(cloud: EmbeddedCloud, ours: Modelyard, number: int) -> Seconds:
    """What a snapshot of so many small files costs, and the ledger with so many records."""
    ours.start()
    data = ours.data / f"{number}"  # so that the objects of each are listed apart
    write_data(data, number, number * 100, seed=number)
    taken = {"snapshot: first time, s": seconds(ours.take)}
    taken["snapshot: unchanged, nothing remembered of a run, s"] = seconds(ours.take)
    ours.remember()
    taken["snapshot: unchanged, s"] = min(seconds(ours.take) for _ in range(_TIMES))
    change_one(data)
    taken["snapshot: one file changed, s"] = seconds(ours.take)
    ledger = fill_ledger(cloud, number)
    taken["ledger: record a step, s"] = seconds(lambda: ledger.finish(record("new")))
    taken["ledger: find a step, s"] = seconds(lambda: ledger.done("train", record("1").key))
    taken["ledger: list all records, s"] = seconds(lambda: ledger.names("steps/"))
    return taken


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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


def table(results: dict[str, Seconds]) -> str:
    """Markdown: a row for each measure, and how many times faster modelyard is."""
    if not results:
        return ""
    rows = [
        [name, *_compared(results["modelyard"][name], results["DVC"][name]),
         *_compared(results["modelyard, processor"][name], results["DVC, processor"][name])]
        for name in results["modelyard"]
    ]  # fmt: skip
    head = ["measure", "modelyard", "DVC", "times faster", "processor s", "DVC", "times less"]
    return _markdown([head, ["---", *("---:" for _ in head[1:])], *rows])


def _compared(ours: float, theirs: float) -> tuple[str, str, str]:
    return f"{ours:.3g}", f"{theirs:.3g}", f"{theirs / ours:.1f}"


def table_of_growth(results: dict[int, Seconds]) -> str:
    """Markdown: a row for each measure, a column for each number of objects."""
    if not results:
        return ""
    numbers = list(results)
    head = ["measure", *(f"{number:,} objects" for number in numbers)]
    rows = [[name, *(f"{results[number][name]:.3g}" for number in numbers)] for name in results[numbers[0]]]
    return _markdown([head, ["---", *("---:" for _ in numbers)], *rows])


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
