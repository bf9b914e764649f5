"""The jobs and views of a model repository, as the XML that a controller keeps of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.errors import UsageError
from agent.jenkins.documents import element
from agent.jenkins.overlay import ABSENT, INITIAL, MEMBERS
from agent.jenkins.places import branch_job
from agent.jenkins.sources import branch_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

BUILD, PROMOTE, RETRAIN = "build", "promote", "retrain"
_MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
_FACTORY = "org.jenkinsci.plugins.workflow.multibranch.WorkflowBranchProjectFactory"
_FOLDER = "com.cloudbees.hudson.plugins.folder"
_LIBRARY = re.compile(r"[\w.-]+(@[\w./-]+)?")
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


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the jobs of one model repository are made of.

    ``folder`` is the full name of their folder on the controller, ``subfolder`` that of the model in its repository;
    ``environments`` are those that a release can be promoted to. ``credentials`` read the repository, ``identity`` is
    the one in the tools account.
    """

    folder: str
    project: str
    repository: str
    credentials: str = ""
    identity: str = ""
    library: str = "modelyard"
    agent: str = ""
    mode: str = ""
    network: str = ""
    source: Literal["git", "github"] = "git"
    branch: str = "main"
    retrain_schedule: str = ""
    subfolder: str = ""
    environments: Sequence[str] = ()
    strategies: Sequence[str] = ("configured",)
    scan_minutes: int = 5
    keep_days: int = 30


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
    given = {
        "repository": wanted.repository,
        "branch": "" if wanted.branch == "main" else wanted.branch,
        "gitCredentials": wanted.credentials,
        "folder": wanted.subfolder,
        "agent": wanted.agent,
        "mode": wanted.mode,
        "network": wanted.network,
        "credentials": wanted.identity,
    }
    return _by_hand(
        "By hand: takes a release to an environment, or back to an earlier one. Nothing is rebuilt.",
        _script(wanted, "mlPromote", given),
        (
            _choice("ACTION", "What to do.", ("promote", "rollback")),
            _choice("RELEASE", "The release; each build of this job refreshes the list.", ("",)),
            _text("OTHER_RELEASE", "One that is not in the list: its first digits or its tag."),
            _choice("ENVIRONMENT", "The environment to change.", wanted.environments or ("",)),
            _choice("STRATEGY", "How traffic moves to it.", wanted.strategies),
            _text("REASON", "Why; without it, only the choices are looked up.", kind="Text"),
        ),
        one_at_a_time=False,  # one that waits for its approval would hold up all others; the var takes a lock
    )


def retrain(wanted: Wanted) -> Element:
    """The start of a training for a reason that is no commit: drift, a schedule, a person."""
    return _by_hand(
        "Trains again for a reason that is no commit, such as drift or a schedule.",
        _script(
            wanted, "mlRetrain", {"job": f"{BUILD}/{branch_job(wanted.branch)}", "schedule": wanted.retrain_schedule}
        ),
        (
            _text("RELEASE", "Release that it is about, such as the one whose data drift."),
            _text("REASON", "Why, for the records.", "schedule"),
        ),
        one_at_a_time=True,
        schedule=wanted.retrain_schedule,
    )


VIEWS = ("Model builds", "Model promotions", "Model retraining")
"""One list for each kind of job, over all models of the controller."""


def view(name: str, wanted: Wanted) -> Element:
    """A view with the job of this model among those of all others."""
    job = {
        VIEWS[0]: f"{BUILD}/{branch_job(wanted.branch)}",
        VIEWS[1]: PROMOTE,
        VIEWS[2]: RETRAIN,
    }[name]
    columns = ("Status", "Weather", "Job", "LastSuccess", "LastFailure", "LastDuration", "BuildButton")
    return element(
        "hudson.model.ListView",
        element("name", name),
        element("filterExecutors", False),
        element("filterQueue", False),
        element("properties", class_="hudson.model.View$PropertyList", **{INITIAL: "yes"}),
        element(
            "jobNames",
            element("comparator", class_="java.lang.String$CaseInsensitiveComparator"),
            element("string", f"{wanted.folder}/{job}"),
            **{MEMBERS: "yes"},
        ),
        element("jobFilters", **{INITIAL: "yes"}),
        element("columns", *(element(f"hudson.views.{one}Column") for one in columns), **{INITIAL: "yes"}),
        element("recurse", True),
    )


def _scan(minutes: int) -> Element:
    trigger = f"{_FOLDER}.computed.PeriodicFolderTrigger"
    if not minutes:
        return element(trigger, **{ABSENT: "yes"})
    spec = next(spec for longest, spec in _SPECS if minutes <= longest)
    return element(trigger, element("spec", spec), element("interval", minutes * 60_000))


def _timer(schedule: str) -> Element:
    """The var declares it too, but a job knows what its script declares only after its first build."""
    timer = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
    if not schedule:
        return element(timer, **{ABSENT: "yes"})
    return element(timer, element("triggers", element("hudson.triggers.TimerTrigger", element("spec", schedule))))


def _by_hand(
    about: str, script: str, parameters: Sequence[Element], *, one_at_a_time: bool, schedule: str = ""
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


def _script(wanted: Wanted, var: str, given: dict[str, str]) -> str:
    """Two lines of Groovy; an option without a value is left out."""
    if not _LIBRARY.fullmatch(wanted.library):
        raise UsageError(f"--library {wanted.library}: expected NAME or NAME@VERSION, as Jenkins writes libraries")
    options = ", ".join(f"{name}: {_literal(value)}" for name, value in given.items() if value)
    return f"@Library('{wanted.library}') _\n{var}({options})\n"


def _literal(text: str) -> str:
    """A Groovy string that nothing is expanded in."""
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise UsageError(f"{text!r}: a control character cannot stand in a job's script")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _choice(name: str, about: str, choices: Sequence[str]) -> Element:
    strings = (element("string", choice) for choice in choices)
    return element(
        "hudson.model.ChoiceParameterDefinition",
        element("name", name),
        element("description", about),
        element("choices", element("a", *strings, class_="string-array"), class_="java.util.Arrays$ArrayList"),
    )


def _text(name: str, about: str, default: str = "", *, kind: str = "String") -> Element:
    return element(
        f"hudson.model.{kind}ParameterDefinition",
        element("name", name),
        element("description", about),
        element("defaultValue", default),
        element("trim", True),
    )
