"""Imports what commands need, so that whoever forks for them has it already."""

from __future__ import annotations

import importlib

from agent.cli import command_files

_SOON = (
    "agent.composition", "agent.pipeline.promotion", "agent.pipeline.stages", "agent.pipeline.unchanged",
    "agent.registry", "agent.view.again", "agent.view.plain", "agent.view.show", "agent.aws.endpoints",
    "agent.aws.images", "agent.aws.jobs", "agent.aws.registry", "agent.aws.signed",
)  # fmt: skip
"""What commands import when they have begun."""


def import_everything() -> None:
    """Import all commands, and what they would import soon."""
    for name in (*(f"agent.commands.{command}" for command in command_files()), *_SOON):
        importlib.import_module(name)
