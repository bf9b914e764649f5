"""The gate `custom`: the job that asks a function of the model repository, and what its answer must look like.

The function is code of whoever writes the pull request, so it does not run here, where the agent's credentials are, but
where the model's own code does: in the model's image, with the role of jobs (docs/decisions/0036).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent import naming
from agent.artifacts import Judgement, Script
from agent.errors import UserCodeFailedError
from agent.gates import program

if TYPE_CHECKING:
    from agent.config.gate import CustomGate

LONGEST = 100_000
"""The longest answer, in bytes."""


def function_of(gate: CustomGate) -> str:
    """The function's name."""
    return gate.entry_point.partition(":")[2]


def program_of(gate: CustomGate, module: Script) -> tuple[Script, bytes]:
    """What the job runs: the program, and in its last lines the function that it asks."""
    source = Path(program.__file__).read_text(encoding="utf-8")
    call = f"\n\nmain({function_of(gate)!r}, {Path(module.path).name!r})\n"
    content = (source + call).encode()
    return Script(path="ask_gate.py", sha256=hashlib.sha256(content).hexdigest()), content


def answer_key(job: str) -> str:
    """The key of a job's answer in the artifact bucket, beside what evaluations leave."""
    return f"{naming.EVALUATIONS}{job}/{program.ANSWER}"


def read_answer(body: bytes, gate: CustomGate, where: str) -> Judgement:
    """The answer; UserCodeFailedError where it is none, for what cannot be understood is no pass."""
    if len(body) > LONGEST:
        raise _refusal(gate, where, f"it has {len(body)} bytes, more than {LONGEST}")
    try:
        answer = Judgement.model_validate_json(body)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or 'it'}: {one['msg']}"
            for one in error.errors(include_url=False)
        )
        raise _refusal(gate, where, wrong) from error
    return answer.model_copy(update={"evidence": answer.evidence or where})


def _refusal(gate: CustomGate, where: str, what: str) -> UserCodeFailedError:
    return UserCodeFailedError(f"what {gate.entry_point} answered ({where}) is no verdict: {what}")
