"""Whether the roles may do what the templates give them, as IAM's own simulator decides it.

Templates say what is needed (:mod:`agent.bootstrap.needs`); whoever wrote the roles by hand is held to the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.bootstrap.needs import needs_of_roles
from agent.errors import CloudFailedError, ExitCode, UsageError
from agent.ports.policies import Simulated
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agent.bootstrap.needs import Need
    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject

_WHAT = "permissions"
_SESSION = re.compile(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/")
_OF_ONE_KIND = re.compile(r"sagemaker:(?:Create|Delete|Describe|Stop|Update)(.+)")
_KINDS = frozenset(
    {
        "endpoint",
        "endpoint-config",
        "model",
        "model-package",
        "model-package-group",
        "processing-job",
        "training-job",
    }
)
_SECOND_KINDS = {"sagemaker:CreateEndpoint": "endpoint-config", "sagemaker:UpdateEndpoint": "endpoint-config"}
"""What SageMaker asks about besides the thing itself (Service Authorization Reference)."""
ASIDE = frozenset(
    {
        "ecr:BatchDeleteImage",
        "ecr:DescribeImages",
        "ecr:GetRepositoryPolicy",
        "iam:GetRole",
        "iam:SimulatePrincipalPolicy",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "s3:GetBucketPolicy",
        "s3:GetEncryptionConfiguration",
        "sagemaker:ListEndpointConfigs",
        "sagemaker:ListEndpoints",
        "sagemaker:ListModels",
        "servicequotas:ListServiceQuotas",
    }
)
"""Actions without which a run does its work: of the preflight itself, and of `modelyard clean`."""


def looks(subject: Subject) -> Iterator[Look]:
    """The role that the pipeline works as, and the one that jobs or endpoints run with."""
    execution = subject.execution_role
    holder = "PipelineRole" if subject.environment is None else "DeployRole"
    acting = subject.role or f"the pipeline's identity in {subject.account.id}"
    yield Look(
        subject=subject, what=_WHAT, resource=acting, needed=False,
        ask=lambda: _asked(subject, holder, _acting(subject)), hints={"fix": _how_to_ask(subject)},
    )  # fmt: skip
    yield Look(
        subject=subject, what=_WHAT, resource=execution, needed=False,
        ask=lambda: _asked(subject, "ExecutionRole", execution), hints={"fix": _how_to_ask(subject)},
    )  # fmt: skip


def _how_to_ask(subject: Subject) -> str:
    return f"let {subject.role or 'this identity'} ask iam:SimulatePrincipalPolicy about both roles: {subject.apply}"


def _acting(subject: Subject) -> str | None:
    """The principal that the pipeline is there; None for an account's root, which may do everything."""
    if subject.role is not None:
        return subject.role
    arn = subject.account.access.whoami()
    session = _SESSION.match(arn)
    if session:
        return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
    return None if arn.endswith(":root") else arn


def _asked(subject: Subject, holder: str, principal: str | None) -> Iterator[Finding]:
    if principal is None:
        yield subject.ok(_WHAT, subject.account.id, "the account's root may do everything")
        return
    try:
        needs = [need for need in needs_of_roles(subject.declared) if need.holder == holder]
    except UsageError as unlike:
        yield subject.found("warning", _WHAT, principal, f"nobody knows what {principal} needs: {unlike}")
        return
    refused = tuple(refusals(needs, subject, principal))
    yield from (_missing(subject, principal, each) for each in refused)
    if not refused:
        count = len({action for need in needs for action in need.actions})
        yield subject.ok(_WHAT, principal, f"{principal} may do all {count} actions that it is for")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Actions of a need that its principal may not do, with IAM's decision."""

    need: Need
    actions: tuple[str, ...]
    resource: str
    explicit: bool


@dataclass(kw_only=True)
class Batch:
    """Needs of one service whose requests may say the same: they are asked for together, for IAM counts requests."""

    service: str
    everywhere: bool
    needs: list[Need] = field(default_factory=list)
    context: dict[str, str] = field(default_factory=dict)

    def takes(self, need: Need) -> bool:
        """Whether a need fits in."""
        same = self.service == _service(need) and self.everywhere == (need.resources == ("*",))
        return same and all(self.context.get(key, value) == value for key, value in _context(need).items())

    @property
    def simulated(self) -> Simulated:
        """What IAM is asked: more pairs than are needed, but in one request."""
        actions = dict.fromkeys(action for need in self.needs for action in need.actions)
        resources = dict.fromkeys(resource for need in self.needs for resource in map(example, need.resources))
        return Simulated(actions=tuple(actions), resources=tuple(resources), context=self.context)


def batches(needs: Iterable[Need]) -> Sequence[Batch]:
    """The fewest questions for all needs; resources that nobody could tell are left out."""
    found: list[Batch] = []
    for need in needs:
        if not all(need.resources):
            continue
        batch = next((batch for batch in found if batch.takes(need)), None)
        if batch is None:
            batch = Batch(service=_service(need), everywhere=need.resources == ("*",))
            found.append(batch)
        batch.needs.append(need)
        batch.context.update(_context(need))
    return found


def refusals(needs: Iterable[Need], subject: Subject, principal: str) -> Iterator[Refusal]:
    """What a principal may not do of what it needs; raises AccessDeniedError where that may not be asked."""
    for batch in batches(needs):
        decisions = subject.account.policies.decisions(principal, batch.simulated)
        for need in batch.needs:
            yield from _refused(need, decisions)


def _refused(need: Need, decisions: Mapping[tuple[str, str], str]) -> Iterator[Refusal]:
    for resource in need.resources:
        denied = {
            action: decision
            for action in need.actions
            if knows(action, resource)
            for decision in [_decision(decisions, action, example(resource))]
            if decision != "allowed"
        }
        if denied:
            explicit = "explicitDeny" in denied.values()
            yield Refusal(need=need, actions=tuple(denied), resource=resource, explicit=explicit)


def _decision(decisions: Mapping[tuple[str, str], str], action: str, resource: str) -> str:
    """What IAM says; to say nothing is not to allow it."""
    if (action, resource) not in decisions:
        raise CloudFailedError(f"iam:SimulatePrincipalPolicy tells nothing about {action} on {resource}")
    return decisions[action, resource]


def knows(action: str, resource: str) -> bool:
    """Whether an action is about that kind of resource: SageMaker's say so in their names."""
    found = _OF_ONE_KIND.fullmatch(action)
    named = found and re.sub(r"(?<=[a-z])(?=[A-Z])", "-", found[1]).lower()
    if named not in _KINDS or resource == "*":
        return True
    return resource.split(":")[5].partition("/")[0] in {named, _SECOND_KINDS.get(action)}


def example(pattern: str) -> str:
    """A resource that a pattern covers."""
    return pattern if pattern == "*" else pattern.replace("*Jobs", "TrainingJobs").replace("*", "preflight")


def _missing(subject: Subject, principal: str, refused: Refusal) -> Finding:
    how = "an explicit deny forbids it" if refused.explicit else "no policy of it allows that"
    aside = ASIDE.issuperset(refused.actions)
    return subject.found(
        "warning" if aside else "error",
        _WHAT,
        principal,
        f"{principal} may not {', '.join(refused.actions)} on {refused.resource}: {how}",
        fix=f"it is statement {refused.need.sid} of the template; run: {subject.apply}",
        template=refused.need.place,
        exit_code=0 if aside else int(ExitCode.ACCESS_DENIED),
    )


def _service(need: Need) -> str:
    return need.actions[0].partition(":")[0]


def _context(need: Need) -> dict[str, str]:
    return {key: example(values[0]) for key, values in need.conditions.items()}
