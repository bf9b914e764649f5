"""What the declarative validator says; the rules are few, the words are Jenkins's own."""

from __future__ import annotations

import re


def validated(jenkinsfile: str) -> str:
    if not re.search(r"^\s*pipeline\s*\{", jenkinsfile, re.MULTILINE):
        return f"Jenkinsfile content '{jenkinsfile}' did not contain the 'pipeline' step"
    lines = jenkinsfile.splitlines()
    first = next(number for number, line in enumerate(lines, 1) if line.strip().startswith("pipeline"))
    faults = [
        (first, 1, f'Missing required section "{section}"', lines[first - 1])
        for section in ("agent", "stages")
        if not re.search(rf"^\s*{section}\b", jenkinsfile, re.MULTILINE)
    ]
    for number, line in enumerate(lines, 1):
        found = re.match(r"( *)when \{.*\} steps", line)
        if found:
            column = len(found[1]) + 1
            faults.append((number, column, "Expected a step", line))
    if not faults:
        return "Jenkinsfile successfully validated."
    told = "".join(
        f"WorkflowScript: {line}: {text} @ line {line}, column {column}.\n   {source}\n   {'^':>{column}}\n\n"
        for line, column, text, source in faults
    )
    return f"Errors encountered validating Jenkinsfile:\n{told}"
