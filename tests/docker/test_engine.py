"""The engine that the other tests of this folder stand on."""

from __future__ import annotations

from tests.engine import connect, python_image


def test_containers_really_run(docker_host: str) -> None:
    said = connect(docker_host).containers.run(
        python_image(), ["python", "-c", "import os; print(os.getpid())"], network_disabled=True, remove=True
    )
    assert said.strip() == b"1"
