"""`modelyard image push`: a folder of programs becomes a container image in ECR, without an engine or privileges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.command import Command, group
from agent.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from agent.console import Console

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def push_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``push``."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="holds `train`, `serve` and what they need")
    parser.add_argument("--repository", required=True, metavar="NAME", help="in the shell's account; made if absent")
    parser.add_argument("--tag", default="latest", help="moves to this image (default: latest); deploy the digest")
    parser.add_argument("--target", default="/opt/program", metavar="PATH", help="where the image has the folder")


def push(arguments: argparse.Namespace, console: Console) -> int:
    """Assemble and push; the answer is the image's URI with its digest, which SageMaker takes as it is."""
    from tempfile import TemporaryDirectory

    from agent.aws.ambient import ambient_clients
    from agent.aws.ecr import open_repository
    from agent.images.assemble import ImageRecipe, assemble
    from agent.images.layer import FolderLayer
    from agent.images.layout import ImageLayout
    from agent.images.manifest import ImageConfig
    from agent.images.registry import Registry, RegistryEndpoint

    clients = ambient_clients()
    config = ImageConfig(
        env=(("PATH", f"{arguments.target}:{_SYSTEM_PATH}"), ("PYTHONUNBUFFERED", "1")), working_dir=arguments.target
    )
    recipe = ImageRecipe(layers=(FolderLayer(source=arguments.folder, target=arguments.target),), config=config)
    with TemporaryDirectory(prefix="modelyard-image-") as folder:
        layout = ImageLayout(Path(folder))
        digest = assemble(recipe, layout).digest
        repository = open_repository(clients, arguments.repository)
        endpoint = RegistryEndpoint(base_url=repository.base_url, host=repository.host, password=repository.token)
        Registry(endpoint).push(layout, digest, arguments.repository, tag=arguments.tag)
    console.say(f"Pushed {arguments.folder} to {repository.uri} as {arguments.tag}.", "good")
    console.answer(f"{repository.uri}@{digest}")
    return ExitCode.DONE


COMMAND = group(
    name="image",
    help="make and push container images",
    members=(Command(name="push", help="push a folder of programs as an image", arguments=push_arguments, run=push),),
)
