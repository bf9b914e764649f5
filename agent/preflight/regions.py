"""Whether everything is in one region: SageMaker serves and reads only what is in its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.bootstrap.template import Template
from agent.errors import ExitCode
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject


def looks(subject: Subject) -> Iterator[Look]:
    """The bucket's region, or that of an environment."""
    if subject.environment is None:
        yield Look(
            subject=subject,
            what="artifact bucket",
            resource=subject.bucket,
            ask=lambda: [_bucket(subject)],
            hints={"template": Template.TOOLS.place("Bucket")},
        )
    else:
        yield Look(subject=subject, what="region", resource=subject.account.region, ask=lambda: [_region(subject)])


def _bucket(subject: Subject) -> Finding:
    bucket, here = subject.bucket, subject.account.region
    region = subject.account.access.bucket_region(bucket)
    if region == here:
        return subject.ok("artifact bucket", bucket, f"{bucket} in {region}")
    return subject.found(
        "error",
        "artifact bucket",
        bucket,
        f"the bucket {bucket} is in {region}, but jobs run in {here}, where SageMaker cannot read it",
        fix="mend `tools.region`, or remove the bucket and run: modelyard bootstrap apply",
        key="tools.region",
        exit_code=int(ExitCode.INPUT_MISSING),
    )


def _region(subject: Subject) -> Finding:
    home, here = subject.configuration.tools.region, subject.account.region
    if here == home:
        return subject.ok("region", here)
    return subject.found(
        "error",
        "region",
        here,
        f"environment `{subject.name}` is in {here}, but image and models are kept in {home}: SageMaker serves only "
        "those of its own region",
        fix="use the same region",
        key=f"{subject.section}.region",
        exit_code=int(ExitCode.USAGE),
    )
