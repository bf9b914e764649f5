"""`modelyard jenkins`: makes the jobs of a model repository on a controller, and starts and follows their builds."""

from __future__ import annotations

from agent.command import group
from agent.commands import purpose
from agent.commands.jenkins import abort, approve, build, lint, promote, retrain, rollback, setup, status

COMMAND = group(
    name="jenkins",
    help=purpose(__doc__),
    members=[
        setup.COMMAND,
        status.COMMAND,
        build.COMMAND,
        promote.COMMAND,
        rollback.COMMAND,
        retrain.COMMAND,
        approve.COMMAND,
        abort.COMMAND,
        lint.COMMAND,
    ],
)
