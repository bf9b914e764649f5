"""Writes a publication into a folder, each file whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.comment import comment
from agent.report.junit import junit
from agent.report.page import pages

if TYPE_CHECKING:
    from pathlib import Path

    from agent.publication.answer import Published
    from agent.report.build import BuildReport
    from agent.report.comment import Dialect


def write_files(report: BuildReport, folder: Path, dialect: Dialect, *, page: str) -> None:
    """The report's page with what belongs to it, the JUnit file, and the comment as a host of that dialect gets it."""
    for name, content in pages(report).items():
        _write(folder / "report" / name, content)
    _write(folder / "junit.xml", junit(report))
    _write(folder / "comment.md", comment(report, dialect, page=page).encode())


def write_answer(published: Published, path: Path) -> None:
    """What Jenkins reads."""
    _write(path, published.model_dump_json(indent=2).encode() + b"\n")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    partial.replace(path)
