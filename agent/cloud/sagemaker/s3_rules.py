"""The syntax of places in S3 as requests name them."""

from __future__ import annotations

import re

from agent.cloud.errors import validation_error

_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", re.DOTALL)


def check_s3_uri(uri: str, member: str) -> None:
    """Raise ``ValidationException`` unless ``uri`` is ``s3://bucket`` or ``s3://bucket/key``."""
    if not _URI.fullmatch(uri):
        raise validation_error(f"The {member}, {uri}, is not a valid S3 URI: it must read s3://bucket/prefix.")
