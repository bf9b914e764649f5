"""Writes a publication into a folder, each file whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.comment import comment
from agent.report.junit import junit
from agent.report.page import pages
from agent.request import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from agent.publication.answer import Published
    from agent.report.build import BuildReport
    from agent.report.comment import Dialect


def write_files(report: BuildReport, folder: Path, dialect: Dialect, *, page: str) -> None:
    """The report's page with what belongs to it, the JUnit file, and the comment as a host of that dialect gets it."""
    for name, content in pages(report).items():
        write_whole(folder / "report" / name, content)
    write_whole(folder / "junit.xml", junit(report))
    write_whole(folder / "comment.md", comment(report, dialect, page=page).encode())


def write_answer(published: Published, path: Path) -> None:
    """What Jenkins reads."""
    write_whole(path, published.model_dump_json(indent=2).encode() + b"\n")
