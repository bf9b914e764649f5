"""What a controller knows: people, jobs, the queue, and builds that go on a little at every question."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from tests.jenkins_controller import configs
from tests.secret_scan.made_up import JENKINS_TOKEN

ALL = frozenset(
    {
        "Overall/Read",
        "Job/Read",
        "Job/Create",
        "Job/Configure",
        "Job/Build",
        "Job/Cancel",
        "View/Create",
        "View/Configure",
    }
)
_IDS = {"Overall": "hudson.model.Hudson", "Job": "hudson.model.Item", "View": "hudson.model.View"}


@dataclass(kw_only=True)
class User:
    token: str
    permissions: frozenset[str] = ALL
    password: str = ""


@dataclass(kw_only=True)
class Plan:
    """How a build goes: pieces of its log, one a question, then inputs that must be answered, then its result.

    ``whys`` are why it waits in the queue, one a question; none: it starts at once.
    """

    log: list[bytes] = field(default_factory=lambda: [b"Started by user Alice\n", b"Finished\n"])
    inputs: list[dict[str, Any]] = field(default_factory=list)
    result: str = "SUCCESS"
    description: str | None = None
    whys: tuple[str, ...] = ("In the quiet period. Expires in 0.1 sec",) * 2
    endless: bool = False


@dataclass(kw_only=True)
class Build:
    job: str
    number: int
    queue_id: int
    parameters: dict[str, str]
    plan: Plan
    told: int = 0
    result: str | None = None
    answers: list[dict[str, Any]] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)

    def log(self) -> bytes:
        return b"".join(self.plan.log[: self.told])

    def go_on(self) -> None:
        """One more piece of the log; the end after the last, unless somebody must answer first."""
        if self.result is not None:
            return
        if self.told < len(self.plan.log):
            self.told += 1
        elif self.plan.inputs and not self.answers:
            self.pending = self.plan.inputs
        elif not self.plan.endless:
            self.result = self.plan.result


@dataclass(kw_only=True)
class Item:
    name: str
    config: str
    builds: list[Build] = field(default_factory=list)


@dataclass(kw_only=True)
class Waiting:
    """An item of the queue."""

    id: int
    job: str
    parameters: dict[str, str]
    plan: Plan
    whys: list[str]
    build: Build | None = None
    cancelled: bool = False


@dataclass(kw_only=True)
class Controller:
    """``root`` is the address that it believes to have; by default the one by which it is reached."""

    users: dict[str, User] = field(default_factory=lambda: {"alice": User(token=JENKINS_TOKEN)})
    root: str = ""
    branches: dict[str, Plan] = field(default_factory=dict)
    plans: dict[str, list[Plan]] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    queue: dict[int, Waiting] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: int = 0
    page: str = ""
    crumbs: bool = True
    forgets_queue: bool = False
    scans: int = 0
    _ids: Any = field(default_factory=lambda: itertools.count(100))

    def schedule(self, job: str, parameters: dict[str, str]) -> Waiting:
        plan = self.plan_of(job)
        item = Waiting(id=next(self._ids), job=job, parameters=parameters, plan=plan, whys=list(plan.whys))
        self.queue[item.id] = item
        if not item.whys:
            self.begin(item)
        return item

    def plan_of(self, job: str) -> Plan:
        """The plan of a job's next build; its last plan is that of all that follow."""
        plans = self.plans.get(job)
        if plans:
            return plans.pop(0) if len(plans) > 1 else plans[0]
        branch = unquote(job.rpartition("/")[2])
        return self.branches.get(branch, Plan())

    def begin(self, item: Waiting) -> None:
        job = self.items[item.job]
        build = Build(
            job=item.job, number=len(job.builds) + 1, queue_id=item.id, parameters=item.parameters, plan=item.plan
        )
        job.builds.append(build)
        item.build = build

    def scan(self, multibranch: str) -> None:
        """Find the branches; each new one is built once, without parameters."""
        self.scans += 1
        for branch in self.branches:
            name = f"{multibranch}/{quote(branch, safe='')}"
            if name not in self.items:
                self.items[name] = Item(
                    name=name, config=configs.kept(b"<flow-definition><properties/></flow-definition>")
                )
                self.schedule(name, {})

    def children(self, name: str) -> list[Item]:
        inside = f"{name}/" if name else ""
        return [
            one for key, one in self.items.items() if key.startswith(inside) and "/" not in key.removeprefix(inside)
        ]

    def may(self, user: str | None, permission: str) -> bool:
        return user is not None and permission in self.users[user].permissions

    @staticmethod
    def permission_id(permission: str) -> str:
        group, _, name = permission.partition("/")
        return f"{_IDS[group]}.{name}"
