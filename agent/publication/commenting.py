"""Keeps the one comment on a pull request; whatever the host does, the build goes on and is told what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from agent.hosts.comments import HostError, keep_comment
from agent.hosts.connection import TIME_LIMIT, Connection, trusted_bundle
from agent.hosts.opening import comments_of
from agent.hosts.place import place_of
from agent.publication.answer import CommentAnswer
from agent.report.comment import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.config.model import CodeHost
    from agent.hosts.place import Place

TOKEN = "MODELYARD_PR_TOKEN"  # noqa: S105 - the variable's name
PAGE = "CHANGE_URL"
"""The variable in which Jenkins says where the pull request is."""


@dataclass(frozen=True, kw_only=True)
class Addressed:
    """Where a comment goes, or why there is none."""

    place: Place | None
    answer: CommentAnswer

    @property
    def dialect(self) -> Dialect:
        """Bitbucket shows HTML as it is written."""
        return Dialect(html=self.place is None or not self.place.kind.startswith("bitbucket"))


def addressed(host: CodeHost, environ: Mapping[str, str], *, pull_request: int | None) -> Addressed:
    """Whom a comment is for, as Jenkins's variables and the configuration tell."""
    if pull_request is None and not environ.get(PAGE):
        return _nowhere("none", "the build is of no pull request")
    if not host.comment:
        return _nowhere("none", "`code_host.comment` is false")
    if not environ.get(PAGE):
        return _nowhere("none", f"{PAGE} does not tell where the pull request is")
    try:
        place = place_of(environ[PAGE], kind=host.kind, url=host.url or "")
    except HostError as error:
        return _nowhere("failed", str(error))
    if not environ.get(TOKEN, "").strip():
        return Addressed(place=place, answer=CommentAnswer(state="none", reason=f"there is no token in {TOKEN}"))
    return Addressed(place=place, answer=CommentAnswer(state="failed", reason="it was not tried"))


def put_comment(place: Place, body: str, environ: Mapping[str, str], *, seconds: float = TIME_LIMIT) -> CommentAnswer:
    """Create or update the comment, and give up after ``seconds``, for nobody waits for a host that is slow."""
    connection = Connection(token=environ[TOKEN].strip(), trusted=trusted_bundle(environ))

    def put() -> CommentAnswer:
        kept = keep_comment(comments_of(place, connection), body)
        return CommentAnswer(state=kept.state, url=kept.url)

    return _within(seconds, put)


def _within(seconds: float, put: Callable[[], CommentAnswer]) -> CommentAnswer:
    answers = []

    def work() -> None:
        try:
            answers.append(put())
        except HostError as error:
            answers.append(CommentAnswer(state="failed", reason=str(error)))
        except Exception as error:  # noqa: BLE001 - a comment is not worth a build
            answers.append(CommentAnswer(state="failed", reason=f"its client failed: {type(error).__name__}"))

    thread = Thread(target=work, name="comment", daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else CommentAnswer(state="failed", reason=f"no answer within {seconds:g} s")


def _nowhere(state: str, reason: str) -> Addressed:
    return Addressed(place=None, answer=CommentAnswer.model_validate({"state": state, "reason": reason}))
