"""Rules that the requests of several kinds of jobs share."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_SERVED = "is not served by this embedded cloud"
_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", re.DOTALL)


def check_s3_uri(uri: str, member: str) -> None:
    """Raise ``ValidationException`` unless ``uri`` is ``s3://bucket`` or ``s3://bucket/key``."""
    if not _URI.fullmatch(uri):
        raise validation_error(f"The {member}, {uri}, is not a valid S3 URI: it must read s3://bucket/prefix.")


def refuse_duplicates(what: str, names: Sequence[str]) -> None:
    """Raise ``ValidationException`` when a name occurs twice."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise validation_error(f"Duplicate {what}: {', '.join(repeated)}.")
