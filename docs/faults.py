"""Writes `docs/reference/faults.md`, and lists anew what an agent writes: python docs/faults.py (a minute)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "faults.md"


def main() -> int:
    """Look what is written on an undisturbed way, and write list and page."""
    sys.path.insert(0, str(ROOT))
    from tests.faults.page import faults_page, record_writes

    record_writes()
    PAGE.write_text(faults_page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
