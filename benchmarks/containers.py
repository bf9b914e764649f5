"""``python -m benchmarks.containers``: what a container costs to start, as a process and in an engine, taking turns.

Needs an engine (``DOCKER_HOST``) that has the image ``--image``, with a shell in it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.images.unpack import UnpackedImage
from agent.runtime.container import ContainerSpec, EngineImage, RunnableImage, Runtime
from agent.runtime.engine.api import EngineApi
from agent.runtime.engine.found import find_engine
from agent.runtime.engine.runtime import EngineRuntime
from agent.runtime.isolation import detect_isolation
from agent.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    from agent.runtime.container import LogLine


async def first_line_after(runtime: Runtime, image: RunnableImage, folder: Path) -> tuple[float, float]:
    """Milliseconds from the request to the program's first line, and from there until nothing of it is left."""
    written: list[float] = []

    def take(_line: LogLine) -> None:
        written.append(time.perf_counter())

    spec = ContainerSpec(
        name="job", image=image, opt_ml=folder, log=take, entrypoint=("/bin/sh", "-c"), arguments=("echo here",)
    )
    began = time.perf_counter()
    await (await runtime.start(spec)).wait()
    return (written[0] - began) * 1000, (time.perf_counter() - written[0]) * 1000


async def measure(image: str, rounds: int, opt_ml: Path, rootfs: Path) -> dict[str, list[tuple[float, float]]]:
    """Both in turn, after one of each that does not count."""
    found = find_engine()
    api = EngineApi(found.address)
    identity = (await api.call("GET", f"/images/{image}/json"))["Id"]
    contenders: dict[str, tuple[Runtime, RunnableImage]] = {
        "process": (ProcessRuntime(detect_isolation()), UnpackedImage(digest="sha256:0", rootfs=rootfs)),
        "engine": (
            EngineRuntime(api, found, cloud="benchmark", endpoint="http://127.0.0.1:9"),
            EngineImage(digest="sha256:0", identity=identity),
        ),
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    try:
        for turn in range(rounds + 1):
            for name, (runtime, ready) in contenders.items():
                took = await first_line_after(runtime, ready, opt_ml)
                if turn:
                    results[name].append(took)
    finally:
        for runtime, _ in contenders.values():
            await runtime.close()
        await api.close()
    return results


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.containers", description=__doc__)
    arguments.add_argument("--image", required=True)
    arguments.add_argument("--rounds", type=int, default=20)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        opt_ml, rootfs = Path(folder, "ml"), Path(folder, "rootfs")
        opt_ml.mkdir()
        rootfs.mkdir()
        results = asyncio.run(measure(chosen.image, chosen.rounds, opt_ml, rootfs))
    medians = {
        name: [statistics.median(column) for column in zip(*measured, strict=True)]
        for name, measured in results.items()
    }
    for name, (start, end) in medians.items():
        print(f"{name:<8} first line after {start:4.0f} ms, gone {end:4.0f} ms later")
    print(f"engine : process = {medians['engine'][0] / medians['process'][0]:.1f}")


if __name__ == "__main__":
    main()
