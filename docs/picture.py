"""Draws `docs/demo.svg`, the picture in the README, from what `modelyard demo` really says: python docs/picture.py"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")
WIDTH = 118
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def styled(line: str) -> Text:
    """A line of the demo, its chapters bold and its refusals red."""
    if "is not authorized" in line:
        return Text(line, style="red")
    if not line.startswith(" "):
        return Text(line, style="bold green" if line.startswith("All of it") else "bold")
    return Text(line, style="dim" if line.startswith("  done in") else "")


def main() -> int:
    """Run the demo and draw its output; the demo's exit code."""
    demo = subprocess.run([sys.executable, "-m", "agent.cli", "demo"], stderr=subprocess.PIPE, text=True, check=False)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in ("$ ./yard demo", *demo.stderr.splitlines()):
        if not line.endswith("…"):
            console.print(styled(DIGEST.sub(lambda found: f"{found[0][:12]}…", line)), highlight=False)
    drawn = console.export_svg(title="./yard demo")
    # The picture must look the same without a network, so the reader's own monospace font serves.
    plain = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    PICTURE.write_text("".join(f"{line.rstrip()}\n" for line in plain.splitlines()))
    return demo.returncode


if __name__ == "__main__":
    sys.exit(main())
