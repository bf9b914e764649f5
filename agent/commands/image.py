"""`modelyard image`: pushes a folder of programs as a container image to ECR, without an engine or privileges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.command import Command, group
from agent.commands import purpose
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from agent.console import Console


def push_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``push``."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="holds `train`, `serve` and what they need")
    parser.add_argument("--repository", required=True, metavar="NAME", help="in the shell's account; made if absent")
    parser.add_argument("--tag", default="latest", help="moves to this image (default: latest); deploy the digest")
    parser.add_argument("--target", default="/opt/program", metavar="PATH", help="where the image has the folder")


def push(arguments: argparse.Namespace, console: Console) -> int:
    """Assemble and push; the answer is the image's URI with its digest, which SageMaker takes as it is."""
    from agent.aws.ambient import ambient_clients
    from agent.aws.ecr import open_repository
    from agent.images.program import build_and_push, program_recipe
    from agent.images.registry import RegistryEndpoint

    if not arguments.folder.is_dir():
        raise UsageError(f"{arguments.folder} is not a folder; give the one that holds `train` and `serve`")
    repository = open_repository(ambient_clients(), arguments.repository)
    endpoint = RegistryEndpoint(base_url=repository.base_url, host=repository.host, password=repository.token)
    digest = build_and_push(
        program_recipe(arguments.folder, arguments.target), endpoint, arguments.repository, arguments.tag
    )
    console.say(f"Pushed {arguments.folder} to {repository.uri} as {arguments.tag}.", "good")
    console.answer(f"{repository.uri}@{digest}")
    return ExitCode.DONE


COMMAND = group(
    name="image",
    help=purpose(__doc__),
    members=(Command(name="push", help="push a folder of programs as an image", arguments=push_arguments, run=push),),
)
