"""The verdict on top of the report: done, refused by which gate and by how much, failed with which words."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from agent.naming import short
from agent.report.build import Conclusion, State
from agent.report.outcome import read, text
from agent.report.wording import distance, exit_code, number
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.artifacts import Verdict
    from agent.report.build import BuildFacts, Live
    from agent.report.outcome import StageOutcome

_LAST_LINES = 40
_LISTED = 3
_INTERRUPTED, _FAILED, _REFUSED = "interrupted", "failed", "refused"
_RAN = {"done", "waiting"}
_ADVICE = {
    4: "A role or a policy does not admit this; the message names the action and the resource.",
    75: "Nothing is wrong with the model: start the build again, it goes on from here.",
    70: "Please report this, with the lines above and the console of the build.",
}


def conclude(
    result: str,
    outcomes: Sequence[StageOutcome],
    verdicts: Sequence[Verdict],
    *,
    facts: BuildFacts,
    release: str,
    live: Sequence[Live],
) -> Conclusion:
    """What became of the build: what its stages say, and Jenkins's own ``result`` where they say nothing."""
    interrupted = _first(outcomes, _INTERRUPTED)
    failed = _first(outcomes, _FAILED)
    if interrupted is not None or result == "ABORTED":
        return _interrupted(interrupted or _first(outcomes, "waiting"), result, outcomes)
    if failed is not None:
        return _failed(failed)
    refused = _first(outcomes, _REFUSED)
    if refused is not None:
        return _refused(refused, verdicts, _overrides(outcomes, verdicts))
    if result == "FAILURE":
        told = "No stage says why: the console of the build does."
        return Conclusion(state=State.FAILED, headline="The build failed outside of its stages", reasons=(told,))
    if result == "NOT_BUILT" or not any(outcome.status in _RAN for outcome in outcomes):
        return _not_built(outcomes, release)
    return _done(facts, verdicts, release, live, _overrides(outcomes, verdicts))


def _overrides(outcomes: Sequence[StageOutcome], verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Who overrides which gate, until when and why: in this build, or where its release went."""
    here = [verdict.override.told(verdict.gate) for verdict in verdicts if verdict.override is not None]
    there = (read(outcome.result, "overrides", tuple[str, ...]) or () for outcome in outcomes)
    return tuple(dict.fromkeys((*here, *chain.from_iterable(there))))


def _first(outcomes: Sequence[StageOutcome], status: str) -> StageOutcome | None:
    return next((outcome for outcome in outcomes if outcome.status == status), None)


def _interrupted(stage: StageOutcome | None, result: str, outcomes: Sequence[StageOutcome]) -> Conclusion:
    if stage is None and _unapproved(outcomes):
        return Conclusion(state=State.INTERRUPTED, headline="Nobody approved it: refused, or too late")
    superseded = result == "NOT_BUILT"
    what = "A newer build took its place" if superseded else "Interrupted"
    return Conclusion(
        state=State.INTERRUPTED,
        headline=f"{what} at {stage.name}" if stage else what,
        reasons=(stage.error,) if stage and stage.error and not superseded else (),
        advice="The next build of the same sources goes on from here.",
    )


def _unapproved(outcomes: Sequence[StageOutcome]) -> bool:
    """Whether it came no further than to the question for an approval."""
    ran = [outcome for outcome in outcomes if outcome.status in _RAN]
    return [outcome.step_name for outcome in ran] == ["review"] and ran[0].result.get("needs_approval") is True


def _not_built(outcomes: Sequence[StageOutcome], release: str) -> Conclusion:
    """Jenkins ends a build in this way between two stages when a newer one has passed the milestone before it."""
    if not any(outcome.status in _RAN for outcome in outcomes):
        return Conclusion(state=State.NOT_RUN, headline="Nothing was run")
    made = f"Release {short(release)} is made, but a" if release else "A"
    return Conclusion(state=State.INTERRUPTED, headline=f"{made} newer build took its place")


def _failed(stage: StageOutcome) -> Conclusion:
    """The message is the first paragraph of the error; what follows it are the last lines of what failed."""
    message, *lines = stage.error.strip().splitlines() or ["it ended without saying why"]
    return Conclusion(
        state=State.FAILED,
        headline=f"{stage.name} failed ({exit_code(stage.exit_code)})",
        reasons=(message, *_list(message, lines)),
        lines=tuple(lines[-_LAST_LINES:]),
        advice=_ADVICE.get(stage.exit_code, ""),
    )


def _list(message: str, lines: Sequence[str]) -> Sequence[str]:
    """The first lines of a list that a message ends with."""
    return [line.strip().removeprefix("- ") for line in lines[:_LISTED]] if message.endswith(":") else []


def _refused(stage: StageOutcome, verdicts: Sequence[Verdict], overrides: Sequence[str]) -> Conclusion:
    """By the gates that let no release be made, or by those of the environment that it was to go to."""
    environment = text(stage.result, "environment_name")
    refusing = [verdict for verdict in verdicts if verdict.state == "refused"]
    blocking = [one for one in refusing if (one.guards(environment) if environment else not one.environments)]
    where = f" for {environment}" if environment else ""
    if not blocking:
        return Conclusion(state=State.REFUSED, headline=f"Refused{where} at {stage.name}", reasons=(stage.error,))
    if len(blocking) == 1:
        headline = f"Refused{where} by the gate {blocking[0].gate}{_missed(blocking[0])}"
    else:
        headline = f"Refused{where} by {len(blocking)} of {counted(len(verdicts), 'gate')}"
    return Conclusion(state=State.REFUSED, headline=headline, reasons=(*(one.reason for one in blocking), *overrides))


def _missed(verdict: Verdict) -> str:
    if verdict.limit is None or verdict.value is None:
        return ""
    return f": {verdict.metric} misses {number(verdict.limit)} by {distance(verdict.value, verdict.limit)}"


def _done(
    facts: BuildFacts, verdicts: Sequence[Verdict], release: str, live: Sequence[Live], overrides: Sequence[str]
) -> Conclusion:
    if facts.kind == "promotion" and not live:
        return Conclusion(state=State.NOT_RUN, headline="Waits for an approval")
    failing = [verdict for verdict in verdicts if not verdict.passed]
    where = " and ".join(one.environment for one in live)
    if facts.kind == "promotion":
        headline = f"Release {short(live[-1].release)} is live in {where}"
    elif release:
        headline = f"Release {short(release)} is made" + (f", and live in {where}" if where else "")
    elif verdicts:
        headline = f"The model passes {'its gate' if len(verdicts) == 1 else f'all {len(verdicts)} gates'}"
        if failing:
            headline = f"The model passes, with {counted(len(failing), 'warning')}"
    else:
        headline = "Everything is done"
    if overrides:
        headline += f"; {' and '.join(overrides)}"
    return Conclusion(state=State.DONE, headline=headline, reasons=tuple(map(_warning, failing)))


def _warning(verdict: Verdict) -> str:
    """What a build that came to its end all the same has to say of a gate that the model does not satisfy."""
    if verdict.override is not None:
        return f"Overridden: {verdict.reason}"
    if verdict.state == "refused":
        return f"Refused for {' and '.join(verdict.environments)}: {verdict.reason}"
    return f"Warning: {verdict.reason}"
