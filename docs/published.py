"""Writes the table of published values into `docs/reference/statistics.md`: python docs/published.py"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.published import table

PAGE = Path(__file__).parent / "reference" / "statistics.md"
START, END = "<!-- published values, by `python docs/published.py` -->\n", "<!-- end of published values -->\n"


def main() -> int:
    """Replace what is between the marks."""
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{table()}\n\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
