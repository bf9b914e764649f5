"""What `plan` and `apply` have in common on the command line: which stacks, of which configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.commands.bootstrap.administrators import administrator_arguments
from agent.commands.bootstrap.build_server import build_server, build_server_arguments

if TYPE_CHECKING:
    import argparse

    from agent.bootstrap.orders import StackOrder
    from agent.config.model import Configuration


def configuration_argument(parser: argparse.ArgumentParser) -> None:
    """Declare the configuration file."""
    parser.add_argument("--configuration", default="modelyard.yaml", metavar="FILE", help="default: modelyard.yaml")


def order_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which stacks."""
    configuration_argument(parser)
    parser.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="only `tools` or this environment; repeatable"
    )
    build_server_arguments(parser)
    administrator_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer one JSON document")


def load_configuration(options: argparse.Namespace) -> Configuration:
    """The configuration, as for a run of the main branch."""
    from pathlib import Path

    from agent.config.loading import load

    return load(Path(options.configuration)).configuration


def ordered(options: argparse.Namespace, configuration: Configuration) -> tuple[StackOrder, ...]:
    """The stacks that the command line asks for."""
    from agent.bootstrap.orders import chosen, orders

    return chosen(orders(configuration, build_server(options)), options.account)
