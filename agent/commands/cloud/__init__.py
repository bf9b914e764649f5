"""`modelyard cloud`: the embedded cloud from a shell, so that it is a tool of its own beside the pipeline."""

from __future__ import annotations

from agent.command import group
from agent.commands import purpose
from agent.commands.cloud import calls, clock, env, fault, lifecycle, run

COMMAND = group(
    name="cloud",
    help=purpose(__doc__),
    members=(*lifecycle.COMMANDS, env.COMMAND, run.COMMAND, fault.COMMAND, clock.COMMAND, calls.COMMAND),
)
