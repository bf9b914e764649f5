"""The check of documented commands reads pages right and notices when one of them lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import Block, UnclearBlockError, blocks
from tests.docs.session import MARK, play
from tests.docs.test_documented_commands import differences

PAGE = Path("page.md")


def only_block(text: str) -> Block:
    (block,) = blocks(PAGE, text)
    return block


def problems(text: str, folder: Path) -> list[str]:
    """What is wrong with a page, after running it in ``folder``."""
    commands = [command for block in blocks(PAGE, text) for command in block.commands]
    return differences(PAGE, commands, play([command.text for command in commands], folder).outcomes)


def test_transcript_splits_into_commands_and_outputs() -> None:
    block = only_block("# Title\n```console\n$ one\nfirst\nsecond\n$ two\n```\n")
    assert [(command.line, command.text, command.output) for command in block.commands] == [
        (3, "one", "first\nsecond"),
        (6, "two", None),
    ]


def test_command_continues_over_lines() -> None:
    block = only_block("```console\n$ one \\\n    --two\n$ cat <<E\n> a\n> E\na\n```\n")
    assert [(command.text, command.output) for command in block.commands] == [
        ("one \\\n    --two", None),
        ("cat <<E\na\nE", "a"),
    ]


def test_sh_block_without_prompts_is_one_script() -> None:
    block = only_block("```sh\ncd x\nls\n```\n")
    assert [command.text for command in block.commands] == ["cd x\nls"]


def test_block_in_a_list_loses_its_indent() -> None:
    block = only_block("- item\n\n  ```console\n  $ one\n  out\n  ```\n")
    assert block.commands[0].output == "out"


def test_other_languages_are_not_commands() -> None:
    assert blocks(PAGE, "```yaml\n$ no\n```\n```python\n1\n```\n") == []


def test_label_says_why_a_block_is_not_run() -> None:
    assert only_block("```sh no-test: needs an account\nls\n```\n").no_test == "needs an account"


@pytest.mark.parametrize("fence", ["sh no-test", "sh no-test:", "sh skip: later", "bash", "console"])
def test_unclear_block_is_an_error(fence: str) -> None:
    with pytest.raises(UnclearBlockError, match=r"page\.md:1"):
        blocks(PAGE, f"```{fence}\nls\n```\n")


def test_true_page_has_no_problems(tmp_path: Path) -> None:
    page = "```console\n$ echo one two; echo three\none ...\nthree\n```\n```console exits: 4\n$ (exit 4)\n```\n"
    assert problems(page, tmp_path) == []


def test_shell_keeps_its_state_over_a_page(tmp_path: Path) -> None:
    assert problems("```sh\nmkdir x; cd x\nA=1\n```\n```console\n$ ls ..; echo $A\nx\n1\n```\n", tmp_path) == []


def test_wrong_output_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems("```console\n$ echo one\ntwo\n```\n", tmp_path)
    assert problem.startswith("page.md:2: $ echo one\n")


def test_wrong_exit_code_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems("```console\n$ (exit 3)\n```\n", tmp_path)
    assert "exit code 3, the page says 0" in problem


def test_process_left_running_is_found_and_ended(tmp_path: Path) -> None:
    assert len(play(["sleep 600 &"], tmp_path).left_running) == 1
    assert play(["true"], tmp_path).left_running == ()


def test_shell_that_ends_early_has_fewer_outcomes(tmp_path: Path) -> None:
    assert len(play(["exit 0", "true"], tmp_path).outcomes) == 0


def test_shell_inside_a_shell_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "outer")
    with pytest.raises(RuntimeError, match="no-test"):
        play(["true"], tmp_path)


def test_progress_that_only_a_slow_machine_tells_is_no_difference(tmp_path: Path) -> None:
    told = "```console\n$ printf 'tools: CREATING …\\ndone\\n'\n{}\n```\n"
    assert problems(told.format("done"), tmp_path) == []
    assert problems(told.format("tools: CREATING …\ndone"), tmp_path) == []
    assert len(problems(told.format("tools: CREATING …"), tmp_path)) == 1
