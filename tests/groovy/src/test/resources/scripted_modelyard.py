"""Stands in for `modelyard` where a test needs an outcome that the real one gives only with a cloud.

Obeys the contract of Groovy and Python: answers `stages`, `choices`, `step` and `publish` as $SCRIPTED/script.json
says, and keeps requests.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

PUBLISHED = {
    "contract": 1,
    "description": "published",
    "badges": [{"text": "done", "color": "green"}],
    "check": {"name": "modelyard", "title": "done", "summary": "all", "conclusion": "SUCCESS"},
    "comment": {"state": "none", "url": "", "reason": ""},
}


def parser() -> argparse.ArgumentParser:
    """The part of the command line that the vars use."""
    top = argparse.ArgumentParser(prog="modelyard")
    commands = top.add_subparsers(dest="command", required=True)
    for name in ("stages", "choices", "step", "publish"):
        command = commands.add_parser(name)
        command.add_argument("--request", type=Path, required=True)
        command.add_argument("--result", type=Path, required=True)
        if name == "step":
            command.add_argument("name")
        elif name == "publish":
            command.add_argument("--out", type=Path, required=True)
        else:
            command.add_argument("--json", action="store_true", required=True)
    return top


def main() -> int:
    """Answer one command as scripted."""
    folder = Path(os.environ["SCRIPTED"])
    script = json.loads((folder / "script.json").read_text("utf-8"))
    arguments = parser().parse_args()
    name = arguments.command
    if name == "step":
        request = json.loads(arguments.request.read_text("utf-8"))
        name = request["stage"] or arguments.name
        return step(arguments, name, folder, script["outcomes"].get(name, [{}]))
    count = keep(arguments.request, name, folder)
    if name == "publish" and not count:
        wait(script["published"], name, folder)
    if name == "publish":
        publish(arguments, folder, script["published"])
    else:
        write(arguments.result, script[name])
    return int(script["published" if name == "publish" else name].get("ends_with", 0))


def publish(arguments: argparse.Namespace, folder: Path, published: dict[str, Any]) -> None:
    """Write what the real one leaves behind."""
    if "MODELYARD_PR_TOKEN" in os.environ:
        (folder / "token").touch()
    (arguments.out / "report").mkdir()
    (arguments.out / "report" / "index.html").write_text("<p>report</p>", "utf-8")
    case = '<testcase classname="stages" name="train"/>'
    (arguments.out / "junit.xml").write_text(f'<testsuite name="build">{case}</testsuite>', "utf-8")
    write(arguments.result, PUBLISHED | published)


def step(arguments: argparse.Namespace, name: str, folder: Path, outcomes: list[dict[str, Any]]) -> int:
    """Give the next scripted outcome of a stage; the last one is given again and again."""
    if arguments.result.exists():
        sys.exit(f"an earlier result is still there: {arguments.result}")
    count = keep(arguments.request, name, folder)
    outcome = outcomes[min(count, len(outcomes) - 1)]
    answer = {"contract": 1, "step": arguments.name, "status": "done", "recalled": False, "key": "", "exit_code": 0}
    answer |= {"error": "", "result": {}} | outcome
    variables = sorted(name for name in outcome.get("reads", ()) if name in os.environ)
    answer["result"] = {**answer["result"], **{name: os.environ[name] for name in variables}}

    def interrupted(*_: object) -> None:
        write(arguments.result, answer | {"status": "interrupted", "exit_code": 130, "error": "SIGTERM"})
        sys.exit(130)

    signal.signal(signal.SIGTERM, interrupted)
    for line in outcome.get("says", ()):
        sys.stdout.write(f"{line}\n")
    wait(outcome, name, folder)
    if not outcome.get("dies"):
        write(arguments.result, answer)
    return int(outcome.get("ends_with", answer["exit_code"]))


def wait(scripted: dict[str, Any], name: str, folder: Path) -> None:
    """Say that it is under way, and wait for the file that the script names, if any."""
    if scripted.get("waits_for"):
        (folder / f"{name}.running").touch()
        while not (folder / scripted["waits_for"]).exists():
            time.sleep(0.01)


def keep(request: Path, name: str, folder: Path) -> int:
    """Keep a request; how many there were before it. Two may come at the same time."""
    for count in itertools.count():
        kept = folder / f"{name}.{count}.json"
        with contextlib.suppress(FileExistsError), kept.open("x", encoding="utf-8") as file:
            file.write(request.read_text("utf-8"))
            return count
    raise AssertionError


def write(path: Path, answer: dict[str, Any]) -> None:
    """Write a result whole or not at all."""
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps(answer), "utf-8")
    whole.replace(path)


if __name__ == "__main__":
    sys.exit(main())
