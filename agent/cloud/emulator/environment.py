"""What MiniStack is told before it is first imported: it reads its settings from the environment, once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def configure(state: Path, region: str) -> None:
    """Keep state in the folder ``state``, check every request, and listen nowhere."""
    os.environ.update(
        AUTH="true",
        BIND_HOST="127.0.0.1",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        MINISTACK_REGION=region,
        PERSIST_STATE="1",
        S3_PERSIST="1",
        STATE_DIR=str(state / "ministack"),
        S3_DATA_DIR=str(state / "s3"),
    )
    # MiniStack takes the server's own ambient identity for a root caller's.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
