"""Writes `docs/reference/permissions.md` from the bootstrap templates: python docs/permissions.py

What needs a permission first stands in `docs/permissions.yaml`, which `tests/proof` proves.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from agent.bootstrap.needs import needs_of_others, needs_of_roles
from agent.bootstrap.resolving import Resolved
from agent.bootstrap.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agent.bootstrap.needs import Need

HERE = Path(__file__).resolve().parent
PAGE = HERE / "reference" / "permissions.md"
COMMAND = "python docs/permissions.py"
_TITLES: Mapping[str, str] = {
    "tools PipelineRole": "The pipeline's role, in the tools account (`tools.role`)",
    "tools ExecutionRole": "The role of jobs, in the tools account (`tools.execution_role`)",
    "environment DeployRole": "The deploy role of an environment (`deploy_role`)",
    "environment ExecutionRole": "The role of an environment's endpoint (`execution_role`)",
    "tools BucketAccess": "The artifact bucket's policy",
    "tools Repository": "The image repository's policy",
    "tools Key": "The policy of the key that encrypts the bucket",
    "tools SigningKeyA": "The policy of the key that signs releases",
    "environment Key": "The policy of an environment's key",
}
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "tools": {
        "Project": "PROJECT",
        "PipelineRoleName": "PIPELINE",
        "ExecutionRoleName": "JOBS",
        "KeyAlias": "alias/PROJECT",
        "SigningKeyAlias": "alias/PROJECT-releases",
        "EnvironmentAccounts": "ENVIRONMENT",
        "DeployRoles": "arn:aws:iam::ENVIRONMENT:role/DEPLOY",
        "HostingRoles": "arn:aws:iam::ENVIRONMENT:role/ENDPOINT",
        "SourceBuckets": "arn:aws:s3:::SOURCE",
        "SourceObjects": "arn:aws:s3:::SOURCE/PREFIX*",
    },
    "environment": {
        "Project": "PROJECT",
        "Environment": "NAME",
        "EndpointName": "NAME-OF-ENDPOINT",
        "PreviewNames": "NAME-OF-ENDPOINT-pr-*",
        "DeployRoleName": "DEPLOY",
        "ExecutionRoleName": "ENDPOINT",
        "CiPrincipal": "arn:aws:iam::TOOLS:user/PROJECT-ci",
        "ExternalId": "EXTERNAL-ID",
        "ToolsAccount": "TOOLS",
        "ToolsRegion": "REGION",
        "CaptureObjects": "arn:aws:s3:::CAPTURE/PREFIX*",
        "KeyAlias": "alias/NAME",
    },
}
_HEAD = f"""\
# Who may do what

All that the [bootstrap templates](../how-to/accounts.md) allow, and what needs it first. `tests/proof` takes each
permission away alone on the embedded cloud, and sees the step named here fail, or warn where it can go on, with a
message that names the permission, the role, the account and the template's line. Where nobody is told (logs, data
capture, the parts of a failed upload) it sees that these are missing, or left. Written by `{COMMAND}`.

Names in capitals stand for a project's own: `TOOLS` and `ENVIRONMENT` are account ids. A permission marked *AWS* is
needed by AWS's documentation, linked, and is not asked for by the embedded cloud.

The build server itself may assume the deploy roles (`CiAccess`) and nothing else; the pipeline's role trusts it by
name. Each session says what it is for and who is behind it, which takes `sts:TagSession` and `sts:SetSourceIdentity` on
both sides. SageMaker may assume the two execution roles. Administrators look after the keys (`AdministratorsManage`),
and can neither read nor sign with them.

What a [network of one's own](../how-to/networks.md) takes besides is not listed here: those statements are about the
role of jobs or endpoints (`NetworkAccess`) and the role that looks (`NetworkLook`), and a test of their own takes each
action away.
"""


def page() -> str:
    """The page."""
    declared = YAML(typ="safe").load(HERE / "permissions.yaml")
    grouped: dict[str, list[Need]] = {}
    for name, template in (("tools", Template.TOOLS), ("environment", Template.ENVIRONMENT)):
        for need in needs(name, template):
            grouped.setdefault(f"{name} {need.holder}", []).append(need)
    parts = [_HEAD, _sizes(grouped)]
    parts += [_section(holder, grouped[holder], declared) for holder in _TITLES if holder in grouped]
    return "\n".join(parts)


def needs(name: str, template: Template) -> Iterable[Need]:
    """What a template allows, to roles and to others, with names in capitals."""
    account = "TOOLS" if name == "tools" else "ENVIRONMENT"
    key = f"arn:aws:kms:REGION:{account}:key/KEY"
    resolved = Resolved(
        template=template,
        parameters=_PARAMETERS[name],
        account=account,
        region="REGION",
        partition="aws",
        attributes={"Key.Arn": key, "SigningKeyA.Arn": f"{key}-THAT-SIGNS", "SigningKeyB.Arn": f"{key}-THAT-SIGNS"},
    )
    return (*needs_of_roles(resolved), *needs_of_others(resolved))


def _sizes(grouped: Mapping[str, Sequence[Need]]) -> str:
    rows = ["| who, or what | statements | actions |", "| --- | --- | --- |"]
    for holder, found in grouped.items():
        actions = sum(len(need.actions) for need in found)
        rows.append(f"| {_TITLES[holder]} | {len(found)} | {actions} |")
    return "\n".join((*rows, ""))


def _section(holder: str, found: Sequence[Need], declared: Mapping[str, Any]) -> str:
    rows = ["| statement | allows, and what needs it first | on | if |", "| --- | --- | --- | --- |"]
    rows += [_row(holder, need, declared) for need in found]
    return "\n".join((f"## {_TITLES[holder]}", "", *rows, ""))


def _row(holder: str, need: Need, declared: Mapping[str, Any]) -> str:
    allows = "<br>".join(_use(f"{holder} {need.sid} {action}", action, declared) for action in need.actions)
    on = "<br>".join(f"`{_short(resource)}`" for resource in need.resources)
    conditions = "<br>".join(_conditions(holder, need))
    return f"| {need.sid} | {allows} | {on} | {conditions} |"


def _use(key: str, action: str, declared: Mapping[str, Any]) -> str:
    if key in declared["needed"]:
        return f"`{action}`: {declared['needed'][key]}"
    reason = declared["elsewhere"][key]
    return f"`{action}`: [*AWS*]({reason['source']})"


def _conditions(holder: str, need: Need) -> Iterator[str]:
    if not holder.endswith("Role"):
        yield "by " + ", ".join(f"`{_short(principal)}`" for principal in need.principals)
    for key, values in need.conditions.items():
        yield f"`{key}`: " + ", ".join(f"`{value}`" for value in values)


def _short(arn: str) -> str:
    """An ARN without what all have."""
    return arn.removeprefix("arn:aws:")


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
