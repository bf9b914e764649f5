"""The views of a controller that list the jobs of all its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.jenkins.documents import element
from agent.jenkins.overlay import INITIAL, MEMBERS
from agent.jenkins.places import branch_job
from agent.jenkins.wanted import BUILD, OVERRIDE, PROMOTE, RETRAIN

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from agent.jenkins.wanted import Wanted

VIEWS = {
    "Model builds": BUILD,
    "Model promotions": PROMOTE,
    "Model retraining": RETRAIN,
    "Model overrides": OVERRIDE,
}
"""One list for each kind of job, over all models of the controller."""


def view(name: str, wanted: Wanted) -> Element:
    """A view with the job of this model among those of all others."""
    job = VIEWS[name]
    if job == BUILD:
        job = f"{BUILD}/{branch_job(wanted.branch)}"
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
