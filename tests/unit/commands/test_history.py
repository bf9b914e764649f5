"""`modelyard history` and `modelyard compare`: what cannot be meant is refused before anything is asked."""

from __future__ import annotations

import pytest

from agent.cli import main
from agent.errors import ExitCode


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("history", "prod", "--limit", "0"), "--limit 0 leaves nothing to show"),
        (("compare", "prod", "qa", "--html", "page"), "--html page does not end with .html"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(words)) == ExitCode.USAGE
    assert said in capsys.readouterr().err


def test_an_answer_has_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", "prod", "qa", "--json", "--markdown"])
    assert ended.value.code == ExitCode.USAGE
    assert "not allowed with" in capsys.readouterr().err
