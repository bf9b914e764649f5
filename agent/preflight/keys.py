"""Whether what is kept is encrypted, and the keys for it can be used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.bootstrap.template import Template
from agent.errors import ExitCode
from agent.preflight.subject import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.preflight.finding import Finding
    from agent.preflight.subject import Subject


def looks(subject: Subject) -> Iterator[Look]:
    """The configured key, and in the tools account the bucket's and the one that signs releases."""
    key = subject.kms_key
    if key is not None:
        hints = {"key": f"{subject.section}.kms_key"}
        yield Look(subject=subject, what="key", resource=key, ask=lambda: [_key(subject, "key", key)], hints=hints)
    signing = subject.signing_key_name
    if signing is not None:
        hints = {"fix": _MEND_SIGNING, "key": "releases.signing_key"}
        yield Look(
            subject=subject,
            what="signing key",
            resource=signing,
            ask=lambda: [subject.ok("signing key", signing, subject.account.keys.public_key(signing).arn)],
            hints={**hints, "template": Template.TOOLS.place("SigningKeyA")},
        )
    if subject.environment is None:
        yield Look(
            subject=subject,
            what="encryption of the bucket",
            resource=subject.bucket,
            ask=lambda: [_encryption(subject)],
            needed=False,
            hints={"template": Template.TOOLS.place("Bucket")},
        )


def _key(subject: Subject, what: str, key: str) -> Finding:
    found = replace(subject.account.policies.key(key), arn=key)
    if not found.trouble:
        return subject.ok(what, key, f"{key} is enabled")
    return subject.found(
        "error",
        what,
        key,
        found.trouble,
        fix=found.cure,
        key=f"{subject.section}.kms_key" if key == subject.kms_key else "",
        exit_code=int(ExitCode.INPUT_MISSING),
    )


_MEND_SIGNING = (
    "create it with: modelyard bootstrap apply; or have an administrator take its deletion back, aws kms "
    "cancel-key-deletion, and enable it: aws kms enable-key"
)


def _encryption(subject: Subject) -> Finding:
    """S3 encrypts everything; only a key of one's own decides who may read."""
    found = subject.account.policies.encryption(subject.bucket)
    what, bucket = "encryption of the bucket", subject.bucket
    if found is not None and found.key is not None:
        return _key(subject, what, found.key)
    return subject.found(
        "warning",
        what,
        bucket,
        f"{bucket} is encrypted with {found.algorithm if found else 'nothing'}: whoever may read objects can, and no "
        "key's policy is asked",
        fix=f"run: {subject.apply}",
        template=Template.TOOLS.place("Bucket"),
    )
