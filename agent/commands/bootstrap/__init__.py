"""`modelyard bootstrap`: what the administrators of a project's accounts make once, and keep in step with its file."""

from __future__ import annotations

from agent.command import group
from agent.commands import purpose
from agent.commands.bootstrap import apply, destroy, key, plan, template

COMMAND = group(
    name="bootstrap",
    help=purpose(__doc__),
    members=[plan.COMMAND, apply.COMMAND, key.COMMAND, destroy.COMMAND, template.COMMAND],
)
