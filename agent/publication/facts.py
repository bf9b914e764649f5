"""Which build a report is about: what the request says, and what Jenkins's variables and the repository say besides."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.context import run_id
from agent.pipeline.repository import commit_of
from agent.report.build import BuildFacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.publication.request import PublishRequest


def facts_of(request: PublishRequest, folder: Path, project: str, environ: Mapping[str, str]) -> BuildFacts:
    """The facts of the build; ``folder`` is the model repository."""
    commit, run, ended = commit_of(folder), request.run, datetime.now(UTC)
    return BuildFacts(
        project=project,
        kind="run" if request.kind == "run" else "promotion",
        id=run.id or run_id(environ, ended),
        who=run.who,
        url=run.build_url or environ.get("BUILD_URL", ""),
        branch=run.branch or commit.branch,
        pull_request=run.pull_request,
        tag=run.tag,
        reason=run.reason,
        origin=run.origin,
        commit=commit.sha,
        dirty=commit.dirty,
        author=commit.author,
        subject=commit.subject,
        started=request.began(),
        ended=ended,
    )


def project_of(file: Path) -> str:
    """The project of a configuration that is wrong elsewhere: what its first lines say, else the folder's name."""
    try:
        found = re.search(r"^project:\s*['\"]?([a-z0-9-]+)", file.read_text("utf-8", "replace"), flags=re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else file.parent.name
