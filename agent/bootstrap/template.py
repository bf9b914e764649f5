"""The templates as CloudFormation gets them, and where in them a resource is described."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files

_PLACE = "agent/bootstrap/templates"


class Template(Enum):
    """A template of this package, by its file name."""

    TOOLS = "tools.yaml"
    ENVIRONMENT = "environment.yaml"

    @property
    def text(self) -> str:
        """The file's content."""
        return files("agent.bootstrap").joinpath("templates", self.value).read_text("utf-8")

    @property
    def file(self) -> str:
        """Where the file is in the repository."""
        return f"{_PLACE}/{self.value}"

    def place(self, resource: str) -> str:
        """File and line of a resource by its logical id, such as ``…/tools.yaml:90``; the file alone if unknown."""
        heading = re.compile(rf"  {re.escape(resource)}:\s*$")
        for number, line in enumerate(self.text.splitlines(), 1):
            if heading.match(line):
                return f"{_PLACE}/{self.value}:{number}"
        return f"{_PLACE}/{self.value}"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The template that a stack was made of, perhaps by another version of modelyard."""

    text: str
    file: str = "the template of the stack"
