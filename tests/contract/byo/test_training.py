"""The real `train`: SageMaker's files in, the model or the user's own words out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.byo.served import environment

if TYPE_CHECKING:
    from pathlib import Path

MEAN = """
def fit(channels, model_dir, *, column: int, scale: float = 1.0):
    rows = [line.split(",") for line in (channels["training"] / "rows.csv").read_text().splitlines()]
    mean = sum(float(row[column]) for row in rows) / len(rows)
    print(f"mean={mean}")
    (model_dir / "mean.txt").write_text(str(mean * scale))
"""


def job(folder: Path, source: str, **hyperparameters: str) -> None:
    """What SageMaker puts there before a training job starts."""
    (folder / "model.py").write_text(source)
    data = folder / "input/data/training"
    data.mkdir(parents=True)
    (data / "rows.csv").write_text("1,2\n3,4\n")
    config = folder / "input/config"
    config.mkdir()
    files: dict[str, Any] = {
        "hyperparameters": hyperparameters,
        "inputdataconfig": {"training": {"TrainingInputMode": "File"}},
        "resourceconfig": {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]},
    }
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content))


def train(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "byo", "train"]
    return subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False)


def test_a_model_is_fitted_on_the_channels_with_typed_hyperparameters(tmp_path: Path) -> None:
    job(tmp_path, MEAN, column="1", scale="10")
    run = train(tmp_path)
    assert (run.returncode, run.stdout) == (0, "mean=3.0\n")
    assert (tmp_path / "model/mean.txt").read_text() == "30.0"
    assert not (tmp_path / "output/failure").exists()


def test_fit_gets_what_its_parameters_are_called(tmp_path: Path) -> None:
    source = """
def fit(resources, output_dir, checkpoints, configuration):
    assert resources.hosts == ("algo-1", "algo-2") and not resources.is_first
    assert configuration == {"training": {"TrainingInputMode": "File"}}
    (output_dir / "report").write_text("")
    (checkpoints / "one").write_text("")
"""
    job(tmp_path, source)
    assert train(tmp_path).returncode == 0
    assert (tmp_path / "output/data/report").exists()
    assert (tmp_path / "checkpoints/one").exists()


def test_the_failure_is_the_users_own_traceback(tmp_path: Path) -> None:
    job(tmp_path, "def deep():\n    raise ValueError('no rows at all')\ndef fit(channels):\n    deep()\n")
    run = train(tmp_path)
    failure = (tmp_path / "output/failure").read_text()
    assert run.returncode == 1
    assert failure.startswith("ValueError: no rows at all\n")
    assert 'model.py", line 2, in deep' in failure
    assert "byo/training.py" not in failure
    assert "ValueError: no rows at all" in run.stderr


def test_the_cause_of_a_failure_is_told_too(tmp_path: Path) -> None:
    source = (
        "def fit():\n    try:\n        {}['key']\n    except KeyError as e:\n        raise ValueError('wrong') from e\n"
    )
    job(tmp_path, source)
    train(tmp_path)
    assert "KeyError: 'key'" in (tmp_path / "output/failure").read_text()


@pytest.mark.parametrize(
    ("source", "given", "failure"),
    [
        (MEAN, {"column": "first"}, "the hyperparameter `column` is 'first', not a whole number"),
        (MEAN, {}, "the hyperparameter `column` is missing, and `fit` has no default for it"),
        ("def fit(data): ...", {}, "`fit` has a parameter `data` before its `*`, where `channels`, "),
        ("", {}, "has no function `fit`"),
        ("import sys\ndef fit(): sys.exit(3)", {}, "the program ended with 3"),
        ("import surely_absent", {}, "ModuleNotFoundError: No module named 'surely_absent'"),
        ("def fit(:", {}, "SyntaxError: "),
    ],
)
def test_a_failure_is_explained(tmp_path: Path, source: str, given: dict[str, str], failure: str) -> None:
    job(tmp_path, source, **given)
    assert train(tmp_path).returncode == 1
    assert failure in (tmp_path / "output/failure").read_text()


def test_a_broken_file_of_sagemaker_is_named(tmp_path: Path) -> None:
    job(tmp_path, MEAN)
    (tmp_path / "input/config/hyperparameters.json").write_text("[1]")
    assert train(tmp_path).returncode == 1
    assert "hyperparameters.json must hold an object, not list" in (tmp_path / "output/failure").read_text()


def test_without_any_file_of_sagemaker_there_are_defaults(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("def fit(channels, resources, *, trees: int = 3):\n    assert channels == {}\n")
    assert train(tmp_path).returncode == 0


def test_sigterm_lets_the_user_save_what_there_is(tmp_path: Path) -> None:
    source = """
import time
def fit(checkpoints, model_dir):
    try:
        (checkpoints / "begun").touch()
        time.sleep(600)
    finally:
        (model_dir / "saved").touch()
"""
    job(tmp_path, source)
    with subprocess.Popen([sys.executable, "-m", "byo", "train"], env=environment(tmp_path)) as process:
        while not (tmp_path / "checkpoints/begun").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert (tmp_path / "model/saved").exists()
    assert not (tmp_path / "output/failure").exists()
