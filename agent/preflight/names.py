"""Whether everything that a run makes gets a name that AWS takes: found here rather than after an hour's training."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import naming
from agent.errors import ExitCode
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject

_SAGEMAKER = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_S3 = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
_IAM = re.compile(r"[\w+=,.@-]+")
_KEY = "f" * 64


@dataclass(frozen=True, kw_only=True)
class Name:
    """A name that is going to be given, of at most ``longest`` signs and a ``form``, after what ``key`` says."""

    kind: str
    text: str
    longest: int
    form: re.Pattern[str]
    key: str

    @property
    def wrong(self) -> str | None:
        """What is wrong with it, if anything is."""
        if len(self.text) > self.longest:
            return f"the {self.kind} would be called {self.text}: {len(self.text)} signs, and AWS takes {self.longest}"
        if not self.form.fullmatch(self.text):
            return f"the {self.kind} would be called {self.text}, which AWS does not take"
        return None


def looks(subject: Subject) -> Iterator[Look]:
    """All names of an account at once; nobody is asked for them."""
    yield Look(subject=subject, what="names", resource=subject.section, ask=lambda: _names(subject))


def _names(subject: Subject) -> Iterator[Finding]:
    names = tuple(names_of(subject))
    wrong = [(name, name.wrong) for name in names if name.wrong is not None]
    for name, why in wrong:
        yield subject.found(
            "error",
            "names",
            name.text,
            str(why),
            fix=f"shorten or mend `{name.key}`",
            key=name.key,
            exit_code=int(ExitCode.USAGE),
        )
    if not wrong:
        yield subject.ok("names", subject.section, f"{len(names)} names are short enough")


def names_of(subject: Subject) -> Iterator[Name]:
    """The longest name of each kind that a run gives there (limits: ``CreateBucket``, ``CreateTrainingJob``, …)."""
    project, environment = subject.configuration.project, subject.environment
    role = subject.execution_role.rpartition("/")[2]
    yield Name(kind="execution role", text=role, longest=64, form=_IAM, key=f"{subject.section}.execution_role")
    if environment is None:
        yield Name(kind="bucket", text=subject.bucket, longest=63, form=_S3, key="project")
        for step in ("prepare", "train", "evaluate"):
            job = naming.job(project, step, _KEY, attempt=9)
            yield Name(kind=f"job of {step}", text=job, longest=63, form=_SAGEMAKER, key="project")
        return
    endpoint, key = environment.endpoint.name, f"{subject.section}.endpoint.name"
    yield Name(kind="endpoint", text=endpoint, longest=63, form=_SAGEMAKER, key=key)
    yield Name(kind="model", text=naming.deployment(project, _KEY), longest=63, form=_SAGEMAKER, key="project")
    ephemeral = subject.configuration.pull_requests.endpoint
    if ephemeral is not None and ephemeral.environment == subject.name:
        preview = naming.preview(endpoint, 9_999_999)
        yield Name(kind="endpoint of a pull request", text=preview, longest=63, form=_SAGEMAKER, key=key)
