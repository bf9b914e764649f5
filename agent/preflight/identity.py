"""Whether each account lets the pipeline in: roles are really assumed, with their external ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.bootstrap.template import Template
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject


def look(subject: Subject) -> Look:
    """Who we are there."""

    def ask() -> Iterator[Finding]:
        yield subject.ok("identity", subject.role or subject.account.id, subject.account.access.whoami())

    return Look(
        subject=subject, what="identity", resource=subject.role or subject.account.id, ask=ask, hints=_hints(subject)
    )


def _hints(subject: Subject) -> dict[str, str]:
    if subject.role is None:
        return {"fix": "start with credentials of that account", "key": f"{subject.section}.account"}
    if subject.environment is None:
        return {
            "fix": "work as the build server, or name a role that these credentials may assume",
            "key": "tools.role",
            "template": Template.TOOLS.place("PipelineRole"),
        }
    return {
        "fix": f"its trust has to name the build server and the external id of `{subject.section}.external_id`; mend "
        f"that, or run: {subject.apply}",
        "key": f"{subject.section}.{'external_id' if subject.environment.external_id else 'deploy_role'}",
        "template": Template.ENVIRONMENT.place("DeployRole"),
    }
