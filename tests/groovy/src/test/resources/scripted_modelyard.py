"""Stands in for `modelyard` where a test needs an outcome that the real one gives only with a cloud.

Obeys the contract of Groovy and Python: answers `stages` and `step` as $SCRIPTED/script.json says, and keeps requests.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any


def parser() -> argparse.ArgumentParser:
    """The part of the command line that the vars use."""
    top = argparse.ArgumentParser(prog="modelyard")
    commands = top.add_subparsers(dest="command", required=True)
    stages = commands.add_parser("stages")
    stages.add_argument("--json", action="store_true", required=True)
    for name in ("configuration", "pr", "branch", "until", "from"):
        stages.add_argument(f"--{name}")
    step = commands.add_parser("step")
    step.add_argument("name")
    step.add_argument("--request", type=Path, required=True)
    step.add_argument("--result", type=Path, required=True)
    return top


def main() -> int:
    """Answer one command as scripted."""
    folder = Path(os.environ["SCRIPTED"])
    script = json.loads((folder / "script.json").read_text("utf-8"))
    arguments = parser().parse_args()
    if arguments.command == "stages":
        (folder / "stages.json").write_text(json.dumps(vars(arguments)), "utf-8")
        sys.stdout.write(json.dumps({"contract": 1, "levels": script["levels"]}))
        return 0
    return step(arguments, folder, script["outcomes"].get(arguments.name, [{}]))


def step(arguments: argparse.Namespace, folder: Path, outcomes: list[dict[str, Any]]) -> int:
    """Give the next scripted outcome of a step; the last one is given again and again."""
    kept = sorted(folder.glob(f"{arguments.name}.*.json"))
    shutil.copy(arguments.request, folder / f"{arguments.name}.{len(kept)}.json")
    outcome = outcomes[min(len(kept), len(outcomes) - 1)]
    if arguments.result.exists():
        sys.exit(f"a result of an earlier process is still there: {arguments.result}")
    answer = {"contract": 1, "step": arguments.name, "status": "done", "recalled": False, "key": "", "exit_code": 0}
    answer |= {"error": "", "result": {}} | outcome

    def interrupted(*_: object) -> None:
        write(arguments.result, answer | {"status": "interrupted", "exit_code": 130, "error": "SIGTERM"})
        sys.exit(130)

    signal.signal(signal.SIGTERM, interrupted)
    if outcome.get("waits_for"):
        (folder / f"{arguments.name}.running").touch()
        while not (folder / outcome["waits_for"]).exists():
            time.sleep(0.01)
    if not outcome.get("dies"):
        write(arguments.result, answer)
    return int(outcome.get("ends_with", answer["exit_code"]))


def write(path: Path, answer: dict[str, Any]) -> None:
    """Write a result whole or not at all."""
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps(answer), "utf-8")
    whole.replace(path)


if __name__ == "__main__":
    sys.exit(main())
