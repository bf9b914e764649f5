"""MiniStack, which keeps the state and the identities of the cloud; the only package that knows its internals.

MiniStack serves S3, STS, IAM, KMS, ECR and more from module state of one process, so a process holds one emulator.
Where it differs from AWS it is mended here, each mend with a test: its functions look their helpers up in their module
when they are called, so a better helper put there serves all of them.
"""

from agent.cloud.emulator.environment import configure
from agent.cloud.emulator.process import Emulator

__all__ = ["Emulator", "configure"]
