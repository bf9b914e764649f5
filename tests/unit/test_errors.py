"""What a machine lacks is told as that, and is nobody's bug."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from agent.errors import TemporaryError, with_this_machine


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENOMEM])
def test_what_this_machine_lacks_is_temporary_and_names_the_file(number: int) -> None:
    with pytest.raises(TemporaryError) as told, with_this_machine():
        raise OSError(number, os.strerror(number), "layer.tar")
    for text in ("this machine", "layer.tar", os.strerror(number), "make room"):
        assert text in str(told.value)


def test_any_other_failure_of_a_file_stays_what_it_is() -> None:
    with pytest.raises(FileNotFoundError), with_this_machine():
        Path("/absent").read_bytes()
