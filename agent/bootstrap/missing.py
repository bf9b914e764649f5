"""Which statement of the templates gives what AWS has just refused, so that an error names the line to mend.

What AWS says (``User: … is not authorized to perform: …``) reaches people through many hands: raised by a client, told
by SageMaker as the reason of a job's failure, quoted in a warning. It is read here from the text, wherever it stands.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agent.bootstrap import identities
from agent.bootstrap.needs import needs_of_others, needs_of_roles
from agent.bootstrap.orders import TOOLS, orders
from agent.bootstrap.resolving import LINE, Resolved
from agent.errors import ModelyardError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.bootstrap.needs import Need
    from agent.bootstrap.orders import StackOrder
    from agent.config.model import Configuration

_ARN = r"arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+"
_BY_AWS = re.compile(
    rf"User: (?P<who>{_ARN}) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: \"?(?P<on>[^\s\",;]+))?"
    r"(?:\"? because no (?P<policy>identity|resource)-based policy)?"
)
_BY_SAGEMAKER = (
    re.compile(rf"role [\"']?(?P<who>{_ARN})[\"']? .{{0,300}}?\"?(?P<action>[a-z0-9]+:\w+)\"? permission", re.DOTALL),
    re.compile(rf"role [\"']?(?P<who>{_ARN})[\"']? does not have (?P<action>\w+) permission"),
)
_WITHOUT_A_WORD = re.compile(
    r"(?P<action>[a-z0-9-]+:\w+) on (?P<on>\S+) in account (?P<account>\d{12}), [\w-]+: "
    r"(?:403|AccessDenied): (?:Forbidden)?(?!\w)"
)
"""The answer to a ``HEAD`` request: whoever asked is told nothing."""
_NO_TRUST = re.compile(rf"(?:Could not assume role|execution role ARN) \"?(?P<on>{_ARN})")
_BY_REGISTRY = re.compile(r"registry (?P<account>\d{12})\.dkr\.ecr\.\S+: HEAD /v2/(?P<on>\S+)/blobs/\S+ answered 403")
_BY_JOB = re.compile(r"its role lacks a permission\b.*?\(403\): Forbidden \(s3://(?P<on>[^\s)]+)\)", re.DOTALL)
_ROLE_OF_JOBS = "the role of jobs"
_ENTER = "sts:AssumeRole"
_ENTERING = (_ENTER, "sts:TagSession", "sts:SetSourceIdentity")
"""What a session of the project's roles takes: it says what it is for and who is behind it (decision 31)."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What was refused to whom; ``who`` is the ARN of a role, a user or a role's session, or empty if it is not told.

    ``policy`` is the kind that should have allowed it, ``identity`` or ``resource``, where AWS says so.
    """

    action: str
    resource: str = ""
    who: str = ""
    account: str = ""
    policy: str = ""


def explained(text: str, configuration: Configuration) -> str:
    """A message with the statements that it misses, if it speaks of a refusal and the templates know of it."""
    if "missing: " in text:
        return text
    found = dict.fromkeys(line for refused in refusals_in(text) for line in _lines(refused, configuration))
    return "\n".join((text, *found))


@contextmanager
def explaining(configuration: Configuration) -> Iterator[None]:
    """Let every failure in the block say so, whatever its class."""
    try:
        yield
    except ModelyardError as error:
        error.args = (explained(str(error), configuration),)
        raise


def refusals_in(text: str) -> Iterator[Refused]:
    """All that a message says was refused."""
    for found in _BY_AWS.finditer(text):
        on, policy = found["on"] or "", found["policy"] or ""
        yield Refused(action=found["action"], resource=on, who=found["who"], policy=policy)
    for pattern in _BY_SAGEMAKER:
        for found in pattern.finditer(text):
            action = found["action"] if ":" in found["action"] else f"ecr:{found['action']}"
            yield Refused(action=action, who=found["who"])
    for found in _WITHOUT_A_WORD.finditer(text):
        yield Refused(action=found["action"], resource=found["on"], account=found["account"])
        if found["action"] == "s3:GetObject":
            # It may be the key as well; nobody is told which.
            yield Refused(action="kms:Decrypt", account=found["account"])
    for found in _BY_JOB.finditer(text):
        yield Refused(action="s3:GetObject", resource=f"arn:aws:s3:::{found['on']}", who=_ROLE_OF_JOBS)
    for found in _NO_TRUST.finditer(text):
        yield Refused(action=_ENTER, resource=found["on"].rstrip("."), who="sagemaker.amazonaws.com")
    for found in _BY_REGISTRY.finditer(text):
        yield Refused(action="ecr:BatchCheckLayerAvailability", resource=found["on"], account=found["account"])


def _lines(refused: Refused, configuration: Configuration) -> Iterator[str]:
    """A line for each policy that has to allow it: the role's own, and the one of another account's resource."""
    try:
        stacks = orders(configuration)
    except UsageError:
        return
    if refused.who == _ROLE_OF_JOBS:
        refused = replace(refused, who=configuration.tools.execution_role)
    if refused.action in _ENTERING:
        yield from _trust(refused, stacks, configuration)
        return
    for order in stacks:
        resolved = _resolved(order, configuration)
        sides = {"identity": needs_of_roles(resolved), "resource": needs_of_others(resolved)}
        for side, needs in sides.items():
            need = _nearest(needs, refused) if refused.policy in {"", side} else None
            if need is not None:
                yield (
                    f"missing: {refused.action} for {_whom(refused, need)}: statement {need.sid} of {need.holder}, "
                    f"{need.place}; run: modelyard bootstrap apply --account {order.label}"
                )


def _trust(refused: Refused, stacks: Sequence[StackOrder], configuration: Configuration) -> Iterator[str]:
    """To enter a role takes its trust and, from another account, the permission of whoever enters."""
    for order in stacks:
        for role in ("PipelineRole" if order.label == TOOLS else "DeployRole", "ExecutionRole"):
            name = order.parameters[f"{role}Name"]
            if refused.resource.endswith(f"/{name}") and f":{order.account}:" in refused.resource:
                ways, accounts = f"the trust of {role}, {order.template.place(role)}", f"--account {order.label}"
                if role == "DeployRole":
                    ways += f", or {_entrance(refused.action, stacks, configuration)}"
                    accounts = f"--account {TOOLS} {accounts}"
                yield f"missing: {refused.action} for {refused.who}: {ways}; run: modelyard bootstrap apply {accounts}"


def _entrance(action: str, stacks: Sequence[StackOrder], configuration: Configuration) -> str:
    """What lets the build server's identity leave its account."""
    tools = next(order for order in stacks if order.label == TOOLS)
    policy = _resolved(tools, configuration).resources["CiAccess"]["Properties"]["PolicyDocument"]
    statement = next(found for found in policy["Statement"] if action in found["Action"])
    return f"statement {statement['Sid']} of CiAccess, {tools.template.file}:{statement[LINE]}"


def _nearest(needs: Sequence[Need], refused: Refused) -> Need | None:
    """The statement for that action and principal, of that resource if one is told that a statement names."""
    fitting = [
        need
        for need in needs
        if refused.action in need.actions and any(_is(refused, principal) for principal in need.principals)
    ]
    about = [need for need in fitting if any(_covers(pattern, refused.resource) for pattern in need.resources)]
    return next(iter(about or fitting), None)


def _is(refused: Refused, role: str) -> bool:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    if not refused.who:
        return refused.account == account
    parts = refused.who.split(":")
    told = parts[5].split("/")
    return parts[4] == account and name == (told[1] if told[0] == "assumed-role" else told[-1])


def _covers(pattern: str, resource: str) -> bool:
    return bool(resource) and (fnmatchcase(resource, pattern) or pattern.endswith((f"/{resource}", f":{resource}")))


def _whom(refused: Refused, need: Need) -> str:
    return next((role for role in need.principals if _is(refused, role)), refused.who)


def _resolved(order: StackOrder, configuration: Configuration) -> Resolved:
    """The template of a stack; its keys, which only AWS knows, are any of the account's."""
    partition = identities.partition(configuration)
    key = f"arn:{partition}:kms:{order.region}:{order.account}:key/*"
    return Resolved(
        template=order.template,
        parameters=order.parameters,
        account=order.account,
        region=order.region,
        partition=partition,
        attributes={"Key.Arn": key, "SigningKeyA.Arn": key, "SigningKeyB.Arn": key},
    )
