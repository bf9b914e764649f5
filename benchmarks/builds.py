"""``python -m benchmarks.builds``: image builds without an engine beside those of one, into the same real registry."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal, cast

from agent.clock import SystemClock
from agent.images.builders import Builders
from agent.ports.images import BuildOrder
from benchmarks.report import PAGE, listed, machine, write_section
from tests.docker_registry import DockerRegistry, docker_registry
from tests.engine import connect, engine_host, python_image
from tests.fakes import KeptReport
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import DockerClient

EXAMPLE = ROOT / "examples" / "tumour-byo"
LAYERS, ENGINE, DOCKER = "`layers`", "`engine`", "`docker build` and `docker push`"
Builder = Literal["layers", "engine"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one contender needed: seconds, and what it asked of the registry (all requests, those that write)."""

    seconds: float
    requests: float
    writes: float


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.builds", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=10, help="how often the code is changed (10)")
    arguments.add_argument("--requirements", type=Path, help="locked requirements instead of those of tumour-byo")
    arguments.add_argument("--write", action="store_true", help=f"rewrite the section of {PAGE.name}")
    chosen = arguments.parse_args()
    os.environ["DOCKER_HOST"] = engine_host()
    with tempfile.TemporaryDirectory() as folder, docker_registry(Path(folder) / "registry") as registry:
        bench = Bench.begin(Path(folder), registry, chosen.requirements)
        measured = {
            "the first build of a lock file, wheels downloaded": bench.first(),
            "only the code changed": bench.code_changed(chosen.rounds),
            "nothing changed": bench.unchanged(chosen.rounds),
        }
        facts = {**machine(("modelyard", "docker")), "engine": connect(engine_host()).version()["Version"]}
        facts["dependency layer"] = bench.size_of_dependencies()
    text = "\n\n".join(f"{name}:\n\n{table(rows)}" for name, rows in measured.items())
    print(text)
    print(json.dumps({"machine": facts, **{name: _plain(rows) for name, rows in measured.items()}}, indent=2))
    if chosen.write:
        write_section("builds", f"{text}\n\n{listed(facts)}")


def table(rows: Mapping[str, Row]) -> str:
    """Markdown: one row for each contender, the first of which is ours."""
    ours = next(iter(rows.values()))
    lines = [
        f"| {name} | {row.seconds:.2f} | {row.seconds / ours.seconds:.1f} | {row.requests:.0f} | {row.writes:.0f} |"
        for name, row in rows.items()
    ]
    head = "| builder | s | times ours | requests to the registry | of them writes |"
    return "\n".join((head, "| --- | ---: | ---: | ---: | ---: |", *lines))


@dataclass
class Bench:
    """A checkout that is changed and built again and again."""

    folder: Path
    registry: DockerRegistry
    engine: DockerClient
    base: str
    number: int = 0
    heard: KeptReport = field(default_factory=KeptReport)

    @classmethod
    def begin(cls, folder: Path, registry: DockerRegistry, requirements: Path | None) -> Bench:
        """A checkout of the example, and a base image in the registry."""
        checkout = folder / "checkout"
        shutil.copytree(EXAMPLE, checkout)
        if requirements is not None:
            shutil.copyfile(requirements, checkout / "container/requirements.txt")
        # A comment makes it a lock file that no cache has seen.
        with (checkout / "container/requirements.txt").open("a") as file:
            file.write(f"# {os.urandom(8).hex()}\n")
        engine = connect(engine_host())
        name = f"{registry.address}/base/python"
        engine.images.get(python_image()).tag(name, "1")
        told = engine.images.push(name, "1", stream=True, decode=True)
        digest = next(line["aux"]["Digest"] for line in told if "aux" in line)
        return cls(folder=checkout, registry=registry, engine=engine, base=f"{name}@{digest}")

    def first(self) -> dict[str, Row]:
        """Each with empty caches and an empty repository."""
        return {LAYERS: self._taken(lambda: self._ours("layers")), ENGINE: self._taken(lambda: self._ours("engine"))}

    def code_changed(self, rounds: int) -> dict[str, Row]:
        """The medians of as many changes, each built by everyone in turn."""
        self._plain()
        taken: dict[str, list[Row]] = {LAYERS: [], ENGINE: [], DOCKER: []}
        for _ in range(rounds):
            for name, build in self._contenders().items():
                self._change()
                taken[name].append(self._taken(build))
        return {name: _median(rows) for name, rows in taken.items()}

    def unchanged(self, rounds: int) -> dict[str, Row]:
        """The medians of builds that find everything as it is, under the same tag."""
        taken: dict[str, list[Row]] = {name: [] for name in self._contenders()}
        for build in self._contenders().values():
            build()
        for _ in range(rounds):
            for name, build in self._contenders().items():
                taken[name].append(self._taken(build))
        return {name: _median(rows) for name, rows in taken.items()}

    def size_of_dependencies(self) -> str:
        """What the layer holds, as it was told."""
        return next(fact for fact in self.heard.of("fact") if "dependency layer" in fact).removeprefix("made a ")

    def _contenders(self) -> dict[str, Callable[[], object]]:
        return {
            LAYERS: lambda: self._ours("layers"),
            ENGINE: lambda: self._ours("engine"),
            DOCKER: self._plain,
        }

    def _taken(self, build: Callable[[], object]) -> Row:
        before, begun = len(self.registry.asked()), time.perf_counter()
        build()
        seconds = time.perf_counter() - begun
        asked = self.registry.asked(before)
        writes = sum(one.method not in {"GET", "HEAD"} for one in asked)
        return Row(seconds=seconds, requests=len(asked), writes=writes)

    def _change(self) -> None:
        self.number += 1
        with (self.folder / "container/model.py").open("a") as file:
            file.write(f"# change {self.number}\n")

    def _ours(self, builder: Builder) -> None:
        order = BuildOrder(
            builder=builder,
            folder=self.folder,
            context="container",
            dockerfile="container/Dockerfile",
            base_image=self.base,
            requirements="container/requirements.txt",
            build_args={},
            python="3.11",
            created="2026-11-01T00:00:00Z",
        )
        # Each builder has a cache of its own, so that neither finds the other's wheels.
        environ = {**os.environ, "MODELYARD_CACHE": str(self.folder.parent / f"cache-{builder}")}
        builders = Builders(SystemClock(), environ)
        builders.build_and_push(order, self.registry.target(f"by-{builder}"), tag="model", report=self.heard)

    def _plain(self) -> None:
        """The least that docker can do: one `COPY` above an image that has the libraries already."""
        name = f"{self.registry.address}/by-docker"
        dockerfile = self.folder.parent / "Plain.Dockerfile"
        above = f"{self.registry.address}/by-engine:model"
        if not dockerfile.exists():
            self.engine.images.pull(above).tag(f"{self.registry.address}/libraries", "1")
            copied = "COPY train serve model.py /opt/program/"
            dockerfile.write_text(f"FROM {self.registry.address}/libraries:1\n{copied}\n")
        self.engine.images.build(
            path=str(self.folder / "container"), dockerfile=str(dockerfile), tag=f"{name}:model", rm=True
        )
        for line in self.engine.images.push(name, "model", stream=True, decode=True):
            if "error" in line:
                raise RuntimeError(line["error"])


def _median(rows: list[Row]) -> Row:
    return Row(
        seconds=median(row.seconds for row in rows),
        requests=median(row.requests for row in rows),
        writes=median(row.writes for row in rows),
    )


def _plain(rows: Mapping[str, Row]) -> dict[str, dict[str, float]]:
    return {name: cast("dict[str, float]", vars(row)) for name, row in rows.items()}


if __name__ == "__main__":
    main()
