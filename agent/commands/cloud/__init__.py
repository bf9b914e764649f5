"""`modelyard cloud`: the embedded cloud from a shell, so that it is a tool of its own beside the pipeline."""

from __future__ import annotations

from agent.command import group
from agent.commands.cloud import calls, clock, env, fault, lifecycle, run

COMMAND = group(
    name="cloud",
    help="an embedded AWS cloud of several accounts on this machine",
    members=(*lifecycle.COMMANDS, env.COMMAND, run.COMMAND, fault.COMMAND, clock.COMMAND, calls.COMMAND),
)
