"""Writes `docs/reference/bootstrap.md` from the bootstrap templates: python docs/bootstrap.py"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.bootstrap.reference import bootstrap_page

PAGE = Path(__file__).parent / "reference" / "bootstrap.md"
COMMAND = "python docs/bootstrap.py"


def main() -> int:
    """Write the page."""
    PAGE.write_text(bootstrap_page(COMMAND))
    return 0


if __name__ == "__main__":
    sys.exit(main())
