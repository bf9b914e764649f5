"""Whether what the pipeline works with is there: roles to run with, the repository, and the model package group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import naming
from agent.bootstrap.template import Template
from agent.errors import InputMissingError
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject


def looks(subject: Subject) -> Iterator[Look]:
    """The execution role of any account, and what the tools account keeps."""
    role, project = subject.execution_role, subject.configuration.project
    template = Template.TOOLS if subject.environment is None else Template.ENVIRONMENT
    hints = {"key": f"{subject.section}.execution_role", "template": template.place("ExecutionRole")}
    yield Look(subject=subject, what="execution role", resource=role, ask=lambda: [_role(subject, role)], hints=hints)
    if subject.environment is None:
        repository, group = naming.repository(project), naming.model_package_group(project)
        yield Look(
            subject=subject,
            what="image repository",
            resource=repository,
            ask=lambda: [subject.ok("image repository", repository, subject.account.access.repository_uri(repository))],
            hints={"template": Template.TOOLS.place("Repository")},
        )
        yield Look(
            subject=subject,
            what="model package group",
            resource=group,
            ask=lambda: [_group(subject, group)],
            hints={"template": Template.TOOLS.place("ModelVersions")},
        )


def _role(subject: Subject, role: str) -> Finding:
    exists = subject.account.access.role_exists(role)
    if exists is None:
        return subject.ok("execution role", role, f"{role} (this identity may not see whether it exists)")
    if not exists:
        raise InputMissingError(f"there is no role {role}; create it with: modelyard bootstrap apply")
    return subject.ok("execution role", role)


def _group(subject: Subject, group: str) -> Finding:
    if not subject.account.registry.group_exists(group):
        raise InputMissingError(f"there is no model package group {group}; create it with: modelyard bootstrap apply")
    return subject.ok("model package group", group)
