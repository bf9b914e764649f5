"""`modelyard validate`, `config` and `init` as a user and a program meet them."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from agent.commands import config, init, validate
from agent.console import Console
from agent.errors import ExitCode, UsageError
from tests.sources import ROOT
from tests.unit.config.documents import VALID, edited

if TYPE_CHECKING:
    from pathlib import Path

    from agent.command import Command

HEAVY = ("pydantic", "ruamel", "boto3", "rich", "jsonschema")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command answered and said."""

    code: int
    answered: str
    said: str

    @property
    def json(self) -> Any:
        """The answer as a program reads it."""
        return json.loads(self.answered)


def run(command: Command, *words: str) -> Outcome:
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    people, machines = io.StringIO(), io.StringIO()
    code = command.run(parser.parse_args(words), Console(people=people, machines=machines))
    return Outcome(code=code, answered=machines.getvalue(), said=people.getvalue())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The valid configuration in its repository."""
    for name in ("prepare.py", "evaluate.py"):
        (tmp_path / name).touch()
    (tmp_path / "modelyard.yaml").write_text(VALID)
    return tmp_path / "modelyard.yaml"


def test_validate_summarises_what_is_valid(file: Path) -> None:
    outcome = run(validate.COMMAND, str(file))
    assert (outcome.code, outcome.answered) == (ExitCode.DONE, "")
    assert outcome.said.splitlines() == [
        f"✓ {file} is valid",
        "",
        "  project       credit-risk  in 111111111111, eu-central-1",
        "  data          raw, terms",
        "  training      2 x ml.m5.large spot, waits at most 2h, runs at most 1h",
        "  gates         auc-threshold  auc  ≥ 0.75                     blocks",
        "                against-prod   auc  against prod, margin 0.01  blocks",
        "  environments  qa    222222222222  eu-central-1  credit-risk  serverless 2048 MiB    all at once",
        "                prod  333333333333  eu-central-1  credit-risk  2 to 10 x ml.m5.large  canary       production",
        "  overrides     environment prod",
        "                branch feature/*",
        "                pull requests",
    ]


def test_validate_shows_every_finding_and_ends_with_2(file: Path) -> None:
    file.write_text(edited(("project: credit-risk", "project: Credit"), ("    max_wait: 2h", "    max_wait: x")))
    outcome = run(validate.COMMAND, str(file))
    assert (outcome.code, outcome.answered) == (ExitCode.USAGE, "")
    assert f"{file}:1:10: `project` must be" in outcome.said
    assert f"{file}:36:15: `max_wait` must be" in outcome.said
    assert outcome.said.endswith(f"2 problems in {file}\n")


def test_validate_answers_programs_with_a_list(file: Path) -> None:
    assert run(validate.COMMAND, str(file), "--json").json == []
    file.write_text(edited(("project: credit-risk", "project: Credit")))
    outcome = run(validate.COMMAND, str(file), "--json")
    assert (outcome.code, outcome.said) == (ExitCode.USAGE, "")
    assert [(found["line"], found["column"], found["code"]) for found in outcome.json] == [(1, 10, "wrong-value")]


def test_config_shows_every_value_with_its_source(file: Path) -> None:
    words = ("--file", str(file), "--pr", "7", "--set", "training.resources.instance_count=4")
    lines = run(config.COMMAND, *words).answered.splitlines()
    cells = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines}
    assert cells["project"] == ["credit-risk", f"{file}:1:10"]
    assert cells["training.resources.instance_count"] == ["4", "request"]
    assert cells["training.max_runtime"] == ["600", f"overrides.pr at {file}:116:20"]
    assert cells["evaluation.resources.volume_gb"] == ["30", "default"]


def test_config_answers_one_value_alone_and_says_its_source(file: Path) -> None:
    outcome = run(config.COMMAND, "project", "--file", str(file))
    assert (outcome.answered, outcome.said) == ("credit-risk\n", f"from {file}:1:10\n")


def test_config_answers_programs_with_values_and_sources(file: Path) -> None:
    outcome = run(config.COMMAND, "training.spot", "--file", str(file), "--json")
    assert outcome.json == {
        "training.spot.max_wait": {"value": 7200, "source": f"{file}:36:15"},
        "training.spot.checkpoint": {"value": True, "source": f"{file}:37:17"},
    }


def test_config_shows_findings_instead_of_values(file: Path) -> None:
    outcome = run(config.COMMAND, "--file", str(file), "--set", "trainig.max_runtime=1h")
    assert (outcome.code, outcome.answered) == (ExitCode.USAGE, "")
    assert "--set:1:1: unknown key `trainig`" in outcome.said
    assert "did you mean `training`?" in outcome.said


@pytest.mark.parametrize(("flag", "start"), [("--schema", "{"), ("--reference", "# modelyard.yaml")])
def test_config_prints_what_is_generated_without_a_file(flag: str, start: str) -> None:
    assert run(config.COMMAND, flag).answered.startswith(start)


def test_init_makes_a_repository_that_validates(tmp_path: Path) -> None:
    outcome = run(init.COMMAND, str(tmp_path / "My_Flowers"))
    assert outcome.code == ExitCode.DONE
    assert run(validate.COMMAND, str(tmp_path / "My_Flowers" / "modelyard.yaml")).code == ExitCode.DONE
    assert (
        run(config.COMMAND, "project", "--file", str(tmp_path / "My_Flowers/modelyard.yaml")).answered == "my-flowers\n"
    )


def test_init_takes_another_name_and_refuses_a_second_time(tmp_path: Path) -> None:
    assert run(init.COMMAND, str(tmp_path / "x"), "--project", "iris").code == ExitCode.DONE
    assert "project: iris" in (tmp_path / "x" / "modelyard.yaml").read_text()
    with pytest.raises(UsageError, match=r"modelyard\.yaml"):
        run(init.COMMAND, str(tmp_path / "x"))


def test_declaring_the_commands_imports_nothing_heavy() -> None:
    declared = "from agent.commands import config, init, validate"
    probe = f"import sys; {declared}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
