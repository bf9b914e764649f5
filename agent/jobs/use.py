"""What a job took of machines, as its result keeps it for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.artifacts import JobUse

if TYPE_CHECKING:
    from agent.config.section import Resources
    from agent.ports.jobs import JobState


def use_of(job: JobState, resources: Resources, subject: str = "") -> JobUse:
    """Of a job that is over; what SageMaker does not tell stays unknown."""
    ran = job.ended - job.started if job.started and job.ended else None
    return JobUse(
        job=job.name,
        subject=subject,
        instance_type=resources.instance_type,
        instance_count=resources.instance_count,
        started=job.started,
        seconds=round(ran.total_seconds()) if ran is not None else None,
        billable_seconds=job.billable_seconds,
    )
