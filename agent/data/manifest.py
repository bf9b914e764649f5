"""Reads which objects a data set consists of off its manifest, which has to be the one of the data set's digest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from agent.aws.objects import Location, parse_location
from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.artifacts import DataSet
    from agent.ports.objects import Objects


def objects_of(data: DataSet, objects: Objects) -> Sequence[Location]:
    """Where every file is that a SageMaker manifest lists: a prefix, then what follows it.

    InputMissingError where the manifest is gone, or is not the one of the data set's digest.
    """
    at = parse_location(data.manifest)
    document = objects.read(at.bucket, at.key)
    if document is None:
        raise InputMissingError(f"there is no manifest {data.manifest} of data set {data.name} any more")
    found = hashlib.sha256(document.body).hexdigest()
    if found != data.digest:
        raise InputMissingError(
            f"the manifest {data.manifest} is not the one of data set {data.name} any more: expected {data.digest}, "
            f"found {found}"
        )
    first, *names = json.loads(document.body)
    return [parse_location(f"{first['prefix']}{name}") for name in names]
