"""Where wheels and layers are kept between builds of all projects: nothing in it is ever needed, only quicker."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``$MODELYARD_CACHE``, else ``modelyard`` under the XDG cache folder; temporary where that cannot be written."""
    named = environ.get("MODELYARD_CACHE")
    if named:
        return Path(named)
    own = Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".cache") / "modelyard"
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError:
        # An agent whose file system is read-only still has a temporary folder; the user's id keeps strangers out.
        return Path(tempfile.gettempdir()) / f"modelyard-cache-{os.getuid()}"
    return own
