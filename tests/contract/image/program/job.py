"""A training or processing job that does what it is told, so that tests can say what a container does.

It obeys hyperparameters, and environment variables of the same names with the prefix ``DO_`` (``DO_PRINT``):

- ``print``: write these lines to standard output.
- ``report``: write ``report.json``: what the container sees (environment, configuration, input files).
- ``checkpoint``: append this line to ``checkpoints/progress.txt``.
- ``spawn``: leave a child process behind that sleeps for so many seconds.
- ``ignore-sigterm``: end on SIGKILL only. ``on-sigterm``: end well at SIGTERM, with this text as the model.
- ``sleep``: so many seconds. ``sleep-once``: the same, unless an earlier life left a checkpoint.
- ``await``: until this address answers.
- ``memory-mb``: use so much memory.
- ``copy``: copy the input channels (processing: the input folder) to the output.
- ``model``: the text of ``model.txt``; empty for no model at all. ``output``: the text of ``output.txt``.
- ``fail``: write this to ``/opt/ml/output/failure`` and end with code 1. ``exit``: end with this code.
- ``signal``: end by this signal.
- ``only-on``: obey the last three on this host (``algo-2``) only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

SECRET = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
CONFIG = BASE / "input" / "config"


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def orders() -> dict[str, str]:
    from_environment = {
        name.removeprefix("DO_").lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("DO_")
    }
    return from_environment | read(CONFIG / "hyperparameters.json")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def files(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(BASE)): path.read_bytes()[:4096].decode("utf-8", "replace") for path in found}


def report() -> str:
    seen = {
        "arguments": sys.argv[1:],
        "working_dir": str(Path.cwd()),
        "environment": {name: "secret" if name in SECRET else value for name, value in os.environ.items()},
        "config": {path.name: json.loads(path.read_text()) for path in sorted(CONFIG.glob("*.json"))},
        "files": files(BASE / "input" / "data") | files(BASE / "processing"),
        "checkpoints": files(BASE / "checkpoints"),
        "host": read(CONFIG / "resourceconfig.json").get("current_host"),
    }
    return json.dumps(seen, indent=2)


def checkpointed() -> bool:
    return (BASE / "checkpoints" / "progress.txt").exists()


def checkpoint(line: str) -> None:
    progress = BASE / "checkpoints" / "progress.txt"
    progress.parent.mkdir(parents=True, exist_ok=True)
    with progress.open("a") as file:
        file.write(f"{line}\n")


def prepare_for_sigterm(wanted: dict[str, str], model: Path) -> None:
    if "ignore-sigterm" in wanted:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "on-sigterm" in wanted:

        def leave(*_: object) -> None:
            write(model / "model.txt", wanted["on-sigterm"])
            sys.stdout.write("leaving at SIGTERM\n")
            sys.exit(0)

        signal.signal(signal.SIGTERM, leave)


def work(wanted: dict[str, str], model: Path, output: Path) -> None:
    for line in wanted.get("print", "").splitlines():
        sys.stdout.write(f"{line}\n")
    if "report" in wanted:
        write(model / "report.json", report())
    if "spawn" in wanted:
        subprocess.Popen([sys.executable, "-S", "-c", f"import time; time.sleep({float(wanted['spawn'])})"])
    again = checkpointed()
    if "checkpoint" in wanted:
        checkpoint(wanted["checkpoint"])
    ballast = bytearray(int(wanted.get("memory-mb", 0)) << 20)
    time.sleep(float(wanted.get("sleep", 0)))
    time.sleep(0 if again else float(wanted.get("sleep-once", 0)))
    if "await" in wanted:
        urlopen(wanted["await"]).close()
    del ballast
    if "copy" in wanted:
        shutil.copytree(BASE / "input" / "data", output, dirs_exist_ok=True)
    if wanted.get("model", "a model"):
        write(model / "model.txt", wanted.get("model", "a model"))
        os.utime(model / "model.txt", (0, 0))  # the same model is the same archive
    if "output" in wanted:
        write(output / "output.txt", wanted["output"])


def end(wanted: dict[str, str]) -> int:
    host = read(CONFIG / "resourceconfig.json").get("current_host")
    if wanted.get("only-on", host) != host:
        return 0
    if "signal" in wanted:
        os.kill(os.getpid(), int(wanted["signal"]))
    if "fail" in wanted:
        write(BASE / "output" / "failure", wanted["fail"])
    return int(wanted.get("exit", "fail" in wanted))


def process(wanted: dict[str, str]) -> None:
    """A processing job has one output folder and no model."""
    output = BASE / "processing" / "output"
    prepare_for_sigterm(wanted, output)
    inputs = BASE / "processing" / "input"
    if "copy" in wanted and inputs.is_dir():
        shutil.copytree(inputs, output, dirs_exist_ok=True)
    work({"model": "", **{key: value for key, value in wanted.items() if key != "copy"}}, output, output)


def train(wanted: dict[str, str]) -> None:
    prepare_for_sigterm(wanted, BASE / "model")
    work(wanted, BASE / "model", BASE / "output" / "data")


def main() -> int:
    wanted = orders()
    {"train": train, "process": process}[sys.argv[1]](wanted)
    return end(wanted)


if __name__ == "__main__":
    sys.exit(main())
