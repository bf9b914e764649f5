"""The XML of the jobs that `docker/jenkins/jobs.groovy` makes: `python -m tests.house.controller_jobs` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.jenkins import jobs
from agent.jenkins.documents import written
from agent.jenkins.overlay import laid_over
from agent.jenkins.views import VIEWS, view
from agent.jenkins.wanted import Wanted
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT / "docker" / "jenkins" / "jobs"
WANTED = Wanted(
    folder="@NAME@",
    project="@NAME@",
    repository="@REPOSITORY@",
    credentials="modelyard-git",
    identity="modelyard-tools",
    agent="docker",
    mode="docker",
    network="@NETWORK@",
)


def rendered() -> Iterator[tuple[str, str]]:
    """Each file's name and text."""
    for name, document in {"folder": jobs.folder, **jobs.JOBS}.items():
        yield f"{name}.xml", written(laid_over(None, document(WANTED)))
    for name in VIEWS:
        yield f"{name}.xml", written(laid_over(None, view(name, WANTED)))


def main() -> None:
    """Write the files."""
    for name, text in rendered():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
