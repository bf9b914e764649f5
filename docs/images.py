"""Writes `docs/reference/images.md` from the agent image as it is built: python docs/images.py (needs an engine)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "images.md"
COMMAND = "python docs/images.py"


def main() -> int:
    """Write the page."""
    sys.path.insert(0, str(ROOT))
    from tests.docker.image_page import images_page

    PAGE.write_text(images_page(COMMAND))
    return 0


if __name__ == "__main__":
    sys.exit(main())
