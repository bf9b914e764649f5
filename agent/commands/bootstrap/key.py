"""`modelyard bootstrap key`: an access key for the build server's user, told once and written nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands.bootstrap.administrators import administrator_arguments, administrators
from agent.commands.bootstrap.ordered import configuration_argument, load_configuration
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``key``."""
    configuration_argument(parser)
    administrator_arguments(parser)
    parser.add_argument("--replace", action="store_true", help="remove the keys that the user has had before")
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the key on stdout, as lines of an environment or as JSON, and where it belongs on stderr."""
    from agent.bootstrap.access_key import make_access_key

    configuration = load_configuration(options)
    clients = administrators(options, configuration)(configuration.tools.account)
    made = make_access_key(configuration, clients, replace=options.replace)
    values = {
        "AWS_ACCESS_KEY_ID": made.access_key_id,
        "AWS_SECRET_ACCESS_KEY": made.secret_access_key,
        "AWS_REGION": configuration.tools.region,
    }
    if options.json:
        console.answer_json(values)
    else:
        for name, value in values.items():
            console.answer(f"{name}={value}")
    console.say(
        f"This is the access key of {made.user}. AWS does not tell the secret again: keep it in Jenkins, "
        "as a credential of kind “AWS Credentials”, and nowhere else."
    )
    return ExitCode.DONE


COMMAND = Command(name="key", help="make an access key for the build server's user", arguments=arguments, run=run)
