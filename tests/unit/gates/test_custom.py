"""A custom gate is asked by its own program, and what it answers is a verdict or the failure of the user's code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Interval, Script
from agent.config.gate import CustomGate
from agent.errors import UserCodeFailedError
from agent.gates import custom, program

if TYPE_CHECKING:
    from pathlib import Path

GATE = CustomGate(kind="custom", entry_point="checks.harm:few_are_missed")
MODULE = Script(path="checks/harm.py", sha256="0" * 64)
WHERE = "s3://bucket/evaluations/job/verdict.json"
FINE = {"passed": True, "reason": "three are missed"}


def answered(**changes: Any) -> Any:
    return custom.read_answer(json.dumps({**FINE, **changes}).encode(), GATE, WHERE)


def test_an_answer_may_say_all_that_a_verdict_says() -> None:
    interval = {"low": 1.0, "high": 5.0, "level": 0.95}
    answer = answered(metric="missed", value=3.0, limit=5, comparison="at most", interval=interval, sample_size=171)
    assert (answer.value, answer.limit, answer.comparison) == (3.0, 5.0, "at most")
    assert answer.interval == Interval(low=1, high=5, level=0.95)
    assert (answer.sample_size, answer.evidence) == (171, WHERE)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b'{"reason": "fine"}', "passed: Field required"),
        (b'{"passed": true}', "reason: Field required"),
        (b'{"passed": true, "reason": ""}', "reason: String should have at least 1 character"),
        (b'{"passed": 1, "reason": "fine"}', "passed: Input should be a valid boolean"),
        (b'{"passed": true, "reason": "fine", "vale": 3}', "vale: Extra inputs are not permitted"),
        (b'{"passed": true, "reason": "fine", "value": NaN}', "finite number"),
        (b'{"passed": true, "reason": "' + b"x" * custom.LONGEST + b'"}', "bytes, more than"),
    ],
)
def test_whatever_else_is_the_failure_of_the_user_s_code_and_no_pass(body: bytes, wrong: str) -> None:
    with pytest.raises(UserCodeFailedError, match=r"checks\.harm:few_are_missed answered") as caught:
        custom.read_answer(body, GATE, WHERE)
    assert wrong in str(caught.value)
    assert caught.value.exit_code == 7


def test_the_program_is_another_for_each_function_and_the_same_for_the_same() -> None:
    one, content = custom.program_of(GATE, MODULE)
    assert custom.program_of(GATE, MODULE) == (one, content)
    other = GATE.model_copy(update={"entry_point": "checks.harm:another"})
    assert custom.program_of(other, MODULE)[0].sha256 != one.sha256


# --- the program, as a job runs it ---------------------------------------------------------------------------------


def asked(folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    """Run the program over a job's folders, with a module of that text."""
    processing = folder / "processing"
    for name, text in {
        "input/gate/harm.py": module,
        "input/evaluation/evaluation.json": json.dumps({"regression_metrics": {"mse": {"value": 4.0}}}),
        "input/evaluation/predictions.csv": "1,2\n3,4\n",
    }.items():
        (processing / name).parent.mkdir(parents=True, exist_ok=True)
        (processing / name).write_text(text)
    _, content = custom.program_of(GATE, MODULE)
    (folder / "ask_gate.py").write_bytes(content)
    return subprocess.run(
        [sys.executable, "-I", str(folder / "ask_gate.py")],
        env={"SAGEMAKER_BASE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_function_reads_the_evaluation_and_what_lies_beside_it(tmp_path: Path) -> None:
    module = """
def few_are_missed(evaluation, folder):
    rows = len((folder / "predictions.csv").read_text().splitlines())
    value = evaluation["regression_metrics"]["mse"]["value"]
    return {"passed": value < 5, "value": value, "sample_size": rows, "reason": f"mse {value} on {rows} rows"}
"""
    done = asked(tmp_path, module)
    assert done.returncode == 0, done.stderr
    body = (tmp_path / "processing/output" / program.ANSWER).read_bytes()
    answer = custom.read_answer(body, GATE, WHERE)
    assert (answer.passed, answer.value, answer.reason) == (True, 4.0, "mse 4.0 on 2 rows")


def test_what_was_computed_of_predictions_is_what_it_reads(tmp_path: Path) -> None:
    computed = tmp_path / "processing/input/measured/evaluation.json"
    computed.parent.mkdir(parents=True)
    computed.write_text(json.dumps({"regression_metrics": {"mse": {"value": 7.0}}}))
    module = """
def few_are_missed(evaluation, folder):
    return {"passed": False, "reason": str(evaluation["regression_metrics"]["mse"]["value"])}
"""
    assert asked(tmp_path, module).returncode == 0
    body = (tmp_path / "processing/output" / program.ANSWER).read_bytes()
    assert custom.read_answer(body, GATE, WHERE).reason == "7.0"


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            "def few_are_missed(evaluation, folder):\n    raise ValueError('no column sex')\n",
            "ValueError: no column sex",
        ),
        ("def few_are_missed(evaluation, folder):\n    return True\n", "answers True, which is no dict"),
        ("def few_are_missed(evaluation, folder):\n    return {'value': float('nan')}\n", "ValueError: Out of range"),
        ("def another(evaluation, folder):\n    return {}\n", "has no attribute 'few_are_missed'"),
        ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
    ],
)
def test_whatever_it_raises_ends_the_job_with_its_words_and_leaves_no_answer(
    tmp_path: Path, module: str, words: str
) -> None:
    done = asked(tmp_path, module)
    assert done.returncode != 0
    assert words in done.stderr
    assert not (tmp_path / "processing/output" / program.ANSWER).exists()
