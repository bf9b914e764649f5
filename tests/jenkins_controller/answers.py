"""What the API tells of jobs, builds and the queue, whole; the tree is taken from it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.jenkins_controller import configs

if TYPE_CHECKING:
    from tests.jenkins_controller.state import Build, Controller, Item, Waiting

_BEGUN = 1_795_000_000_000


def job_url(root: str, name: str) -> str:
    return root + "/" + "".join(f"job/{quote(part, safe='')}/" for part in name.split("/"))


def job(controller: Controller, root: str, item: Item, *, deep: bool = True) -> dict[str, Any]:
    leaf = item.name.rpartition("/")[2]
    kind = configs.class_of(item.config)
    answer: dict[str, Any] = {"_class": kind, "name": leaf, "url": job_url(root, item.name)}
    if not kind.endswith("WorkflowJob"):
        inside = [job(controller, root, one, deep=False) for one in controller.children(item.name)]
        return answer | {"fullName": item.name, "description": "", "jobs": inside, "views": [], "actions": []}
    answer["color"] = "notbuilt" if not item.builds else "blue"
    builds = [build(root, one) for one in reversed(item.builds)]
    answer["lastBuild"] = builds[0] if builds else None
    if not deep:
        return answer
    definitions = configs.parameters(item.config)
    properties = [
        {"_class": "hudson.model.ParametersDefinitionProperty", "parameterDefinitions": definitions},
    ]
    waiting = next((one for one in controller.queue.values() if one.job == item.name and one.build is None), None)
    return answer | {
        "fullName": item.name,
        "actions": [{}],
        "buildable": True,
        "builds": builds,
        "firstBuild": builds[-1] if builds else None,
        "inQueue": waiting is not None,
        "queueItem": queued(root, waiting) if waiting else None,
        "nextBuildNumber": len(builds) + 1,
        "property": properties if definitions else [],
    }


def build(root: str, one: Build) -> dict[str, Any]:
    return {
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
        "number": one.number,
        "url": f"{job_url(root, one.job)}{one.number}/",
        "queueId": one.queue_id,
        "building": one.result is None,
        "result": one.result,
        "duration": 0 if one.result is None else 61_500,
        "timestamp": _BEGUN + one.number * 60_000,
        "description": one.plan.description,
        "actions": [{"_class": "hudson.model.CauseAction", "causes": []}, {}, *_inputs(one)],
    }


def _inputs(one: Build) -> list[dict[str, Any]]:
    if not one.pending:
        return []
    base = "org.jenkinsci.plugins.workflow.support.steps.input"
    executions = [
        {"_class": f"{base}.InputStepExecution", "id": given["id"], "settled": False, "input": given}
        for given in one.pending
    ]
    return [{"_class": f"{base}.InputAction", "executions": executions, "waitingForInput": True}]


def queued(root: str, item: Waiting) -> dict[str, Any]:
    states = "LeftItem" if item.build or item.cancelled else "WaitingItem"
    answer: dict[str, Any] = {
        "_class": f"hudson.model.Queue${states}",
        "actions": [],
        "blocked": False,
        "buildable": False,
        "id": item.id,
        "inQueueSince": _BEGUN,
        "stuck": False,
        "task": {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
            "name": item.job.rpartition("/")[2],
            "url": job_url(root, item.job),
        },
        "url": f"queue/item/{item.id}/",
        "why": None if item.build or item.cancelled or not item.whys else item.whys[0],
    }
    if states == "LeftItem":
        answer["cancelled"] = item.cancelled
        number = item.build and {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "number": item.build.number,
        }
        answer["executable"] = number and {**number, "url": f"{job_url(root, item.job)}{number['number']}/"}
    return answer
