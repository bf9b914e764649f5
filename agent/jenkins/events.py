"""What can happen to a build that is followed, and how a command ends that followed it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import ExitCode

if TYPE_CHECKING:
    from agent.jenkins.inputs import Pending

EXIT_CODES = {
    "SUCCESS": ExitCode.DONE,
    "UNSTABLE": ExitCode.DONE,  # a refused model is a result
    "FAILURE": ExitCode.CLOUD_FAILED,
    "NOT_BUILT": ExitCode.INTERRUPTED,
    "ABORTED": ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, kw_only=True)
class Queued:
    """It waits in the queue; ``why`` in Jenkins's words."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Started:
    """It runs."""

    number: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A line of the log."""

    line: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """It waits for somebody's answer."""

    input: Pending


@dataclass(frozen=True, kw_only=True)
class Away:
    """The controller does not answer; it is asked again."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """It is over; ``number`` is None for one that was cancelled in the queue."""

    result: str
    number: int | None
    url: str
    seconds: float = 0.0
    description: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """How a command that followed it ends."""
        return EXIT_CODES.get(self.result, ExitCode.CLOUD_FAILED)


Event = Queued | Started | Logged | Asked | Away | Ended


def event_document(event: Event) -> dict[str, Any]:
    """An event as a JSON object."""
    name = type(event).__name__.lower()
    if isinstance(event, Asked):
        return {"event": name, **event.input.document()}
    extra = {"exit_code": int(event.exit_code)} if isinstance(event, Ended) else {}
    return {"event": name, **asdict(event), **extra}
