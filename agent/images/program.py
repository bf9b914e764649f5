"""The smallest useful image: a folder of programs on the PATH, where SageMaker looks for `train` and `serve`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agent.images.assemble import ImageRecipe, assemble
from agent.images.ignore import read_rules
from agent.images.layer import FolderLayer
from agent.images.layout import ImageLayout
from agent.images.manifest import ImageConfig
from agent.images.registry import Registry

if TYPE_CHECKING:
    from agent.images.registry import RegistryEndpoint
    from agent.images.retries import Retries

PROGRAM = "/opt/program"
RUNTIME_LABEL = ("io.modelyard.runtime", "process")
"""Says of an image that it holds programs and no operating system: only a runtime of processes can run it."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program_recipe(folder: Path, target: str = PROGRAM) -> ImageRecipe:
    """An image that has ``folder`` at the absolute path ``target``, first on PATH and as working directory.

    What the folder's `.dockerignore` excludes is left out.
    """
    return ImageRecipe(
        layers=(FolderLayer(source=folder, target=target, rules=read_rules(folder)),),
        config=ImageConfig(
            env=(("PATH", f"{target}:{SYSTEM_PATH}"), ("PYTHONUNBUFFERED", "1")),
            working_dir=target,
            labels=(RUNTIME_LABEL,),
        ),
    )


def build_and_push(
    recipe: ImageRecipe, endpoint: RegistryEndpoint, repository: str, tag: str, retries: Retries | None = None
) -> str:
    """Assemble an image, push it under ``tag``, and answer its digest; blocking."""
    with TemporaryDirectory(prefix="modelyard-image-") as folder:
        layout = ImageLayout(Path(folder))
        digest = assemble(recipe, layout).digest
        Registry(endpoint, retries).push(layout, digest, repository, tag=tag)
    return digest
