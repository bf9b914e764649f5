"""Writes `docs/reference/steps.md` from the steps themselves: python docs/steps.py"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.view.step_reference import steps_page

PAGE = Path(__file__).parent / "reference" / "steps.md"
COMMAND = "python docs/steps.py"


def main() -> int:
    """Write the page."""
    PAGE.write_text(steps_page(COMMAND))
    return 0


if __name__ == "__main__":
    sys.exit(main())
