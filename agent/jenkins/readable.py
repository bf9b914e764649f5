"""A build's log without what Jenkins tells between the lines of the steps; that is most of the log."""

from __future__ import annotations

import re

_STAGE = re.compile(r"\[Pipeline\] \{ \((?!Branch: )(?P<name>.+)\)")
_OWN = re.compile(
    "|".join(
        (
            r"\[Pipeline\] .*",
            r"org\.jenkinsci\.plugins\.workflow\.actions\.ErrorAction\$ErrorId: .*",
            r" > git .*",
            r"Selected Git installation does not exist\. Using Default",
            r"The recommended git tool is: .*",
            r"No credentials specified",
            r"using credential .*",
            r"Cloning the remote Git repository",
            r"Cloning with configured refspecs honoured and without tags",
            r"Cloning repository .*",
            r"Avoid second fetch",
            r"Fetching (changes from the remote Git repository|without tags|upstream changes from .*)",
            r"Checking out Revision [0-9a-f]{40} \(.*\)",
            r'Commit message: ".*"',
            r"Running in /.*",
            r"Archiving artifacts",
            r"Masking supported pattern matches of .*",
            r"Timeout set to expire in .*",
        )
    )
)


def readable(line: str) -> str | None:
    """A line as people want it: the beginning of a stage as its name, and None for what is Jenkins's own."""
    stage = _STAGE.fullmatch(line)
    if stage:
        return f"== {stage['name']}"
    return None if _OWN.fullmatch(line) else line
