"""The jobs of a model repository, as the XML that a controller keeps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.jenkins.documents import element
from agent.jenkins.overlay import ABSENT, INITIAL
from agent.jenkins.parameters import choice, text
from agent.jenkins.places import branch_job
from agent.jenkins.script import script
from agent.jenkins.sources import branch_source
from agent.jenkins.wanted import BUILD, OVERRIDE, PROMOTE, RETRAIN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from agent.jenkins.wanted import Wanted

_MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
_FACTORY = "org.jenkinsci.plugins.workflow.multibranch.WorkflowBranchProjectFactory"
_FOLDER = "com.cloudbees.hudson.plugins.folder"
_KEPT_BUILDS = 200
# How often Jenkins itself looks whether an interval of so many minutes is over (PeriodicFolderTrigger).
_SPECS = (
    (5, "* * * * *"),
    (30, "H/5 * * * *"),
    (60, "H/15 * * * *"),
    (8 * 60, "H/30 * * * *"),
    (24 * 60, "H H/4 * * *"),
    (30 * 24 * 60, "H H * * *"),
)
LONGEST_SCAN = _SPECS[-1][0]


def folder(wanted: Wanted) -> Element:
    """The folder of the jobs."""
    return element(
        f"{_FOLDER}.Folder",
        element("description", f"Model {wanted.project}: {wanted.repository}"),
        element("properties"),
    )


def build(wanted: Wanted) -> Element:
    """The multibranch job: every branch, pull request and tag, as the Jenkinsfile says."""
    script = f"{wanted.subfolder}/Jenkinsfile" if wanted.subfolder else "Jenkinsfile"
    return element(
        _MULTIBRANCH,
        element("description", "Every branch and pull request: from data to a release, as the Jenkinsfile says."),
        element("properties"),
        element(
            "orphanedItemStrategy",
            element("pruneDeadBranches", True),
            element("daysToKeep", wanted.keep_days),
            element("numToKeep", -1),
            class_=f"{_FOLDER}.computed.DefaultOrphanedItemStrategy",
        ),
        element("triggers", _scan(wanted.scan_minutes)),
        element(
            "sources",
            element("data", branch_source(wanted)),
            element("owner", class_=_MULTIBRANCH, reference="../.."),
            class_="jenkins.branch.MultiBranchProject$BranchSourceList",
        ),
        element(
            "factory",
            element("owner", class_=_MULTIBRANCH, reference="../.."),
            element("scriptPath", script),
            class_=_FACTORY,
        ),
    )


def promote(wanted: Wanted) -> Element:
    """The promotion and rollback of releases, by hand."""
    return _by_hand(
        "By hand: takes a release to an environment, or back to an earlier one. Nothing is rebuilt.",
        script(wanted.library, "mlPromote", _surroundings(wanted)),
        (
            choice("ACTION", "What to do.", ("promote", "rollback")),
            choice("RELEASE", "The release; each build of this job refreshes the list.", ("",)),
            text("OTHER_RELEASE", "One that is not in the list: its first digits or its tag."),
            choice("ENVIRONMENT", "The environment to change.", wanted.environments or ("",)),
            choice("STRATEGY", "How traffic moves to it.", wanted.strategies),
            text("REASON", "Why; without it, only the choices are looked up.", kind="Text"),
        ),
        one_at_a_time=False,  # one that waits for its approval would hold up all others; the var takes a lock
    )


def retrain(wanted: Wanted) -> Element:
    """The start of a training for a reason that is no commit: drift, a schedule, a person."""
    return _by_hand(
        "Trains again for a reason that is no commit, such as drift or a schedule.",
        script(
            wanted.library,
            "mlRetrain",
            {"job": f"{BUILD}/{branch_job(wanted.branch)}", "schedule": wanted.retrain_schedule},
        ),
        (
            text("RELEASE", "Release that it is about, such as the one whose data drift."),
            text("REASON", "Why, for the records.", "schedule"),
        ),
        one_at_a_time=True,
        schedule=wanted.retrain_schedule,
    )


def override(wanted: Wanted) -> Element:
    """The word of a person that lets a model pass a gate.

    Every model has one: its configuration can name who may override, but not say that nobody may.
    """
    return _by_hand(
        "By hand: lets a model pass that a gate refuses, until a day, by the word of whoever starts the build.",
        script(wanted.library, "mlOverride", _surroundings(wanted)),
        (
            text("GATE", "The gate that refuses."),
            text("COMMIT", "The commit whose last build it refused."),
            text("RELEASE", "Or the release: digits or tag."),
            text("REASON", "Why; it is shown wherever the verdict is.", kind="Text"),
            text("UNTIL", "Last day, in UTC, such as 2027-01-31."),
        ),
        one_at_a_time=False,
    )


JOBS = {BUILD: build, PROMOTE: promote, RETRAIN: retrain, OVERRIDE: override}
"""The jobs in the folder by name, in the order in which they are made."""


def _surroundings(wanted: Wanted) -> dict[str, str]:
    """Options of a var that works by itself: on which sources, where, and as whom."""
    return {
        "repository": wanted.repository,
        "branch": "" if wanted.branch == "main" else wanted.branch,
        "gitCredentials": wanted.credentials,
        "folder": wanted.subfolder,
        "agent": wanted.agent,
        "mode": wanted.mode,
        "network": wanted.network,
        "credentials": wanted.identity,
    }


def _scan(minutes: int) -> Element:
    trigger = f"{_FOLDER}.computed.PeriodicFolderTrigger"
    if not minutes:
        return element(trigger, **{ABSENT: "yes"})
    spec = next(spec for longest, spec in _SPECS if minutes <= longest)
    return element(trigger, element("spec", spec), element("interval", minutes * 60_000))


def _timer(schedule: str | None) -> Element:
    """The var declares it too, but a job knows what its script declares only after its first build.

    Without times there is a timer for mlRetrain all the same, for a pipeline cannot declare none.
    """
    timer = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
    if schedule is None:
        return element(timer, **{ABSENT: "yes"})
    return element(timer, element("triggers", element("hudson.triggers.TimerTrigger", element("spec", schedule))))


def _by_hand(
    about: str, script: str, parameters: Sequence[Element], *, one_at_a_time: bool, schedule: str | None = None
) -> Element:
    """A pipeline job whose parameters are there before its first build; later they are its builds' own."""
    alone = element(
        "org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty",
        element("abortPrevious", False),
        **{INITIAL: "yes"},
    )
    kept = {"daysToKeep": -1, "numToKeep": _KEPT_BUILDS, "artifactDaysToKeep": -1, "artifactNumToKeep": -1}
    return element(
        "flow-definition",
        element("description", about),
        element("keepDependencies", False),
        element(
            "properties",
            *((alone,) if one_at_a_time else ()),
            _timer(schedule),
            element(
                "jenkins.model.BuildDiscarderProperty",
                element(
                    "strategy",
                    *(element(name, value) for name, value in kept.items()),
                    class_="hudson.tasks.LogRotator",
                ),
                **{INITIAL: "yes"},
            ),
            element(
                "hudson.model.ParametersDefinitionProperty",
                element("parameterDefinitions", *parameters),
                **{INITIAL: "yes"},
            ),
        ),
        element(
            "definition",
            element("script", script),
            element("sandbox", True),
            class_="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition",
        ),
        element("triggers", **{INITIAL: "yes"}),
        element("disabled", False, **{INITIAL: "yes"}),
    )
