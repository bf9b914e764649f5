"""A pull request's endpoint is made, updated or removed while AWS, the agent or another agent is in the way."""

from __future__ import annotations

import signal

from agent.errors import ExitCode
from tests.faults.case import NOTHING, Case
from tests.faults.machine import overtaken, told_to_end
from tests.faults.pull_request import BUILD, CLEAN, on_machine
from tests.faults.scene import QA
from tests.faults.weather import struck

_FOR_EVER = 100_000
_UPDATE, _REMOVAL = "sagemaker:UpdateEndpoint", "sagemaker:DeleteEndpoint"


def _shown(memory: int) -> tuple[str, ...]:
    return (*BUILD, *on_machine(memory), "--from", "preview")


CASES = (
    Case(
        name="preview-busy-for-a-moment",
        step="preview",
        what=f"`{_UPDATE}` is throttled twice",
        strike=struck("throttling", _UPDATE, 2),
        words=_shown(2048),
        noted="done",
        asked=NOTHING,
        rerun="has nothing to do",
    ),
    Case(
        name="preview-busy",
        step="preview",
        what=f"`{_UPDATE}` is throttled for long",
        strike=struck("throttling", _UPDATE, _FOR_EVER),
        words=_shown(3072),
        exit_code=ExitCode.TEMPORARY,
        noted="failed",
        says=(_UPDATE, "steered-qa-pr-7", QA, "try again later"),
        asked=NOTHING,
    ),
    Case(
        name="sigterm-in-preview",
        step="preview",
        what="the build is aborted (SIGTERM) while a write is on its way",
        strike=told_to_end(("sagemaker:CreateEndpointConfig", ""), signal.SIGTERM),
        words=_shown(4096),
        exit_code=ExitCode.INTERRUPTED,
        noted="interrupted",
        says=("SIGTERM",),
        asked=NOTHING,
    ),
    Case(
        name="overtaken-in-preview",
        step="preview",
        what="another build of the commit does all up to here while this one is about to write",
        strike=overtaken((_UPDATE, "")),
        words=_shown(5120),
        noted="done",
        asked=NOTHING,
        rerun="has nothing to do",
    ),
    Case(
        name="clean-busy-for-a-moment",
        step="clean",
        what=f"`{_REMOVAL}` is throttled twice",
        strike=struck("throttling", _REMOVAL, 2),
        words=CLEAN,
        asked=NOTHING,
        rerun="has nothing to do",
    ),
    Case(
        name="clean-busy",
        step="clean",
        what=f"`{_REMOVAL}` is throttled for long",
        strike=struck("throttling", _REMOVAL, _FOR_EVER),
        words=CLEAN,
        exit_code=ExitCode.TEMPORARY,
        says=(_REMOVAL, "steered-qa-pr-7", QA, "try again later"),
        asked=NOTHING,
    ),
    Case(
        name="sigterm-in-clean",
        step="clean",
        what="the janitor is told to end (SIGTERM) while a removal is on its way",
        strike=told_to_end((_REMOVAL, ""), signal.SIGTERM),
        words=CLEAN,
        exit_code=ExitCode.INTERRUPTED,
        says=("SIGTERM",),
        asked=NOTHING,
    ),
    Case(
        name="overtaken-in-clean",
        step="clean",
        what="another janitor removes all while this one is about to",
        strike=overtaken((_REMOVAL, "")),
        words=CLEAN,
        asked=NOTHING,
        rerun="has nothing to do",
    ),
)
