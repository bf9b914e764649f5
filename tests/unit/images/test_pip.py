"""What pip's failures mean."""

from __future__ import annotations

import pytest

from agent.errors import InputMissingError, ModelyardError, TemporaryError, UsageError, UserCodeFailedError
from agent.images.pip import pip_failure, run_pip

RETRYING = (
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/numpy/\n"
    "ERROR: Could not find a version that satisfies the requirement numpy==2.4.6 (from versions: none)\n"
    "ERROR: No matching distribution found for numpy==2.4.6\n"
)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("ERROR: No matching distribution found for numpy==9\n", InputMissingError),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n", InputMissingError),
        (RETRYING, TemporaryError),
        (f"CERTIFICATE_VERIFY_FAILED\n{RETRYING}", UsageError),
        ("ERROR: Could not install packages due to an OSError: 503 HTTP error 503 while getting\n", TemporaryError),
        ("ERROR: Invalid something\n", UserCodeFailedError),
    ],
)
def test_a_failure_is_of_the_class_that_says_whether_to_try_again(output: str, kind: type[ModelyardError]) -> None:
    assert type(pip_failure(output, "wheels")) is kind


def test_the_last_lines_of_pip_are_shown() -> None:
    said = str(pip_failure("".join(f"line {number}\n" for number in range(40)), "wheels of r.txt"))
    assert said.startswith("wheels of r.txt: ")
    assert said.endswith("line 39")
    assert "line 10\n" not in said


def test_pip_itself_is_run() -> None:
    with pytest.raises(UserCodeFailedError, match="unknown command"):
        run_pip(["no-such-command"], "nothing")
