"""Writes `docs/report.png`, a report as Chromium shows it under Jenkins's policy: python docs/report.py"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "report.png"
_WIDTH, _HEIGHT = 960, 1590


def main() -> int:
    """Take the picture: the upper part, with verdict, metrics, gates and past releases."""
    sys.path.insert(0, str(ROOT))
    from playwright.sync_api import sync_playwright

    from agent.report.page import pages
    from tests import builds
    from tests.browser.conftest import jenkins

    with TemporaryDirectory() as name, sync_playwright() as playwright:
        for file, content in pages(builds.report(builds.refused(), past=builds.past())).items():
            (Path(name) / file).write_bytes(content)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        with jenkins(Path(name)) as address:
            page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
            page.goto(f"{address}/index.html")
            page.screenshot(path=PICTURE)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
