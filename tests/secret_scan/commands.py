"""What commands of the suite answered, wherever a test waited for it (``subprocess.run``, ``Popen.communicate``)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from tests.secret_scan.allowed import may_say

if TYPE_CHECKING:
    from collections.abc import Iterator


class Commands:
    """Listens in this process; ``said`` is what was said by whom, each once."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, bytes], None] = {}

    def start(self) -> None:
        """Begin to listen."""
        communicate = subprocess.Popen.communicate

        def listen(process: subprocess.Popen[Any], *args: Any, **options: Any) -> tuple[Any, Any]:
            answer = communicate(process, *args, **options)
            words = _words(process.args)
            if not may_say(words):
                self.said |= {(" ".join(words[:6]), text): None for text in _texts(answer)}
            return answer

        subprocess.Popen.communicate = listen  # type: ignore[method-assign, assignment]


def _words(args: Any) -> list[str]:
    return [str(word) for word in args] if isinstance(args, list | tuple) else [str(args)]


def _texts(answer: tuple[Any, Any]) -> Iterator[bytes]:
    for text in answer:
        if text:
            yield text if isinstance(text, bytes) else text.encode(errors="replace")
