"""Draws `docs/demo.svg`, the picture in the README, from what `modelyard demo` really says: python docs/picture.py"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from agent.registry import step_names

PICTURE = Path(__file__).with_name("demo.svg")
WIDTH = 132
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
STAGE = re.compile(rf"^({'|'.join(step_names())}) ")
SCRATCH = re.compile(r"/\S*/(?=tumour-byo)")
MISSED = re.compile(r"^gate .* is (below|above) ")
TOLD = re.compile(r"is live in|^release +released|registered as|on \d+ held-out rows")


def kept(line: str) -> bool:
    """Whether a line belongs into the picture: what was typed, and what it came to; of gates their table tells."""
    if STAGE.match(line):
        return bool(TOLD.search(line) or MISSED.search(line)) and "✗" not in line
    return bool(line.strip()) and not line.startswith("  done in") and not line.endswith("…")


def styled(line: str) -> Text:
    """A line of the demo in the colours of a terminal."""
    if line.startswith("$ "):
        return Text(line, style="bold white")
    if "is not authorized" in line or MISSED.search(line) or line.startswith("Refused"):
        return Text(line, style="yellow")
    if STAGE.match(line):
        return Text(line, style="dim")
    return Text(line, style="bold green" if re.match(r"[A-Z][a-z]", line) else "")


def main() -> int:
    """Run the demo and draw its output; the demo's exit code."""
    demo = subprocess.run([sys.executable, "-m", "agent.cli", "demo"], stderr=subprocess.PIPE, text=True, check=False)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in ("$ ./yard demo", *filter(kept, demo.stderr.splitlines())):
        short = SCRATCH.sub("", DIGEST.sub(lambda found: f"{found[0][:12]}…", line))
        console.print(styled(short[:WIDTH]), highlight=False)
    drawn = console.export_svg(title="./yard demo")
    # The picture must look the same without a network, so the reader's own monospace font serves.
    plain = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    PICTURE.write_text("".join(f"{line.rstrip()}\n" for line in plain.splitlines()))
    return demo.returncode


if __name__ == "__main__":
    sys.exit(main())
