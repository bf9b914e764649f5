"""`modelyard bootstrap template`: print a template, or its parameters for this project, for StackSets or by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.command import Command
from agent.commands.bootstrap.build_server import build_server, build_server_arguments
from agent.commands.bootstrap.ordered import configuration_argument, load_configuration
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from agent.console import Console

_TOOLS, _ENVIRONMENT = "tools", "environment"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``template``."""
    parser.add_argument(
        "which", metavar="NAME", help="`tools` or `environment`; with --parameters `tools` or one of the environments"
    )
    parser.add_argument(
        "--parameters",
        action="store_true",
        help="print the parameters instead, as CloudFormation's own clients read them from a file",
    )
    configuration_argument(parser)
    build_server_arguments(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Print on stdout; AWS is not asked."""
    if options.parameters:
        console.answer_json(_parameters(options))
    else:
        console.answer(_text(options.which).removesuffix("\n"))
    return ExitCode.DONE


def _text(which: str) -> str:
    from agent.bootstrap.template import Template

    known = {_TOOLS: Template.TOOLS, _ENVIRONMENT: Template.ENVIRONMENT}
    if which not in known:
        raise UsageError(f"there is no template {which}; there are: {', '.join(known)}")
    return known[which].text


def _parameters(options: argparse.Namespace) -> list[dict[str, str]]:
    from agent.bootstrap.orders import chosen, orders

    configuration = load_configuration(options)
    (order,) = chosen(orders(configuration, build_server(options)), [options.which])
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in order.parameters.items()]


COMMAND = Command(
    name="template", help="print a template or its parameters, for StackSets or by hand", arguments=arguments, run=run
)
