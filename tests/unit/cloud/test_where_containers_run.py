"""Where a cloud's containers run: what was asked for, and what there is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from agent.cloud.where_containers_run import RuntimeChoice, engine_in_use, runtime_of
from agent.errors import UsageError
from agent.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    from pathlib import Path

HERE = "http://127.0.0.1:4000"


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")


def test_without_an_engine_everything_runs_as_processes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert engine_in_use(RuntimeChoice.AUTO, tmp_path, HERE, discard=False) is None
    assert "containers run as processes: the container engine at unix:///" in caplog.text


def test_an_engine_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--runtime docker: the container engine at .* does not answer"):
        engine_in_use(RuntimeChoice.DOCKER, tmp_path, HERE, discard=False)


def test_nobody_looks_for_an_engine_that_is_not_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://elsewhere")
    assert engine_in_use(RuntimeChoice.PROCESS, tmp_path, HERE, discard=False) is None


def test_no_engine_means_the_runtime_of_processes(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    assert isinstance(runtime_of(None, tmp_path, lambda: datetime.now(UTC)), ProcessRuntime)
