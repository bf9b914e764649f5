"""The machines of a job as SageMaker's requests name them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config.section import Resources
    from agent.jobs.order import Request

_LOCAL_STORAGE = re.compile(r"ml\.([a-z]+\d+[a-z]*d[a-z]*|g[5-9]\w*|p4\w*|p[5-9]\w*|trn\w*)\.")
"""Families with disks of their own: a letter d after the generation, and the accelerated ones."""


def cluster(resources: Resources, kms_key: str | None) -> Request:
    """``ResourceConfig`` of training jobs and ``ClusterConfig`` of processing jobs, which have the same members.

    Instances with local storage encrypt it themselves, and AWS refuses a key for them (``VolumeKmsKeyId``).
    """
    members: Request = {
        "InstanceType": resources.instance_type,
        "InstanceCount": resources.instance_count,
        "VolumeSizeInGB": resources.volume_gb,
    }
    if kms_key is not None and not _LOCAL_STORAGE.match(resources.instance_type):
        members["VolumeKmsKeyId"] = kms_key
    return members
