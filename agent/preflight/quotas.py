"""Whether the account may have as many instances as are configured: a quota of zero is how every new account begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.errors import ExitCode
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject

_WHAT = "quotas"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Instances at once: SageMaker's quota is called ``<type> for <use>``; ``key`` says where they are configured."""

    type: str
    use: str
    count: int
    key: str

    @property
    def quota(self) -> str:
        """The quota's name."""
        return f"{self.type} for {self.use}"


def looks(subject: Subject) -> Iterator[Look]:
    """All quotas of an account in one look: Service Quotas answers pages of them."""
    wanted = tuple(wanted_in(subject))
    if wanted:
        yield Look(
            subject=subject,
            what=_WHAT,
            resource="sagemaker",
            ask=lambda: _asked(subject, wanted),
            needed=False,
            hints={"fix": f"look in the console of Service Quotas, or mend the role: {subject.apply}"},
        )


def wanted_in(subject: Subject) -> Iterator[Wanted]:
    """What a run has at once: jobs follow each other, and an update runs the old fleet beside the new one."""
    configuration, environment = subject.configuration, subject.environment
    if environment is not None:
        hosting = environment.endpoint.instance
        if hosting is not None:
            most = max(hosting.count, hosting.autoscaling.max_count if hosting.autoscaling else 0)
            yield Wanted(
                type=hosting.type, use="endpoint usage", count=most, key=f"{subject.section}.endpoint.instance"
            )
        return
    training = configuration.training
    use = "spot training job usage" if training.spot is not None else "training job usage"
    yield Wanted(
        type=training.resources.instance_type, use=use, count=training.resources.instance_count,
        key="training.resources",
    )  # fmt: skip
    evaluation = configuration.evaluation
    evaluated_by = "processing" if evaluation.transform is None else "transform"
    for key, job, kind in (("prepare", configuration.prepare, "processing"), ("evaluation", evaluation, evaluated_by)):
        if job is not None:
            yield Wanted(
                type=job.resources.instance_type, use=f"{kind} job usage", count=job.resources.instance_count,
                key=f"{key}.resources",
            )  # fmt: skip


def _asked(subject: Subject, wanted: tuple[Wanted, ...]) -> Iterator[Finding]:
    known = subject.account.quotas.of("sagemaker")
    for each in wanted:
        yield judge(subject, each, known)


def judge(subject: Subject, wanted: Wanted, known: Mapping[str, float]) -> Finding:
    """Whether a quota is large enough; what else uses it up, nobody tells."""
    quota = known.get(wanted.quota)
    if quota is None:
        why = f"there is no quota “{wanted.quota}”: the region may not have this type"
        fix = f"choose another type in `{wanted.key}`, or look at the region's types"
        return subject.found("warning", _WHAT, wanted.quota, why, fix=fix, key=wanted.key)
    if quota < wanted.count:
        return subject.found(
            "error",
            _WHAT,
            wanted.quota,
            f"“{wanted.quota}” is {quota:g}, and `{wanted.key}` asks for {wanted.count}",
            fix=f"ask Service Quotas for {wanted.count} (service sagemaker), or choose another type",
            key=wanted.key,
            exit_code=int(ExitCode.CLOUD_FAILED),
        )
    return subject.ok(_WHAT, wanted.quota, f"“{wanted.quota}” is {quota:g}")
