"""Asks one custom gate, inside the model's own image: what runs there is this file, and knows nothing of the agent.

A function of the model repository gets what the evaluation wrote, and answers a verdict. Whatever it raises ends the
job with its own words. Written for the Python of any model's image, with nothing but the standard library.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

ANSWER = "verdict.json"
REPORT = "evaluation.json"


def ask(function: str, module: Path, evaluation: Path, output: Path, measured: Path) -> None:
    """Call a function with the evaluation and its folder, and leave what it answers in ``output``.

    What was computed of predictions, and put in ``measured``, says all that the script says, and more.
    """
    computed = measured / REPORT
    report = computed if computed.is_file() else evaluation / REPORT
    answer = getattr(_imported(module), function)(json.loads(report.read_text(encoding="utf-8")), evaluation)
    if not isinstance(answer, dict):
        raise TypeError(f"{function} of {module.name} answers {answer!r}, which is no dict of a verdict")
    output.mkdir(parents=True, exist_ok=True)
    (output / ANSWER).write_text(json.dumps(answer, allow_nan=False), encoding="utf-8")


def _imported(file: Path) -> Any:
    """The module in a file, by its own name, whatever else of that name the image has."""
    specification = importlib.util.spec_from_file_location(file.stem, file)
    assert specification is not None and specification.loader is not None  # noqa: PT018 - both or none
    module = importlib.util.module_from_spec(specification)
    sys.modules[file.stem] = module
    specification.loader.exec_module(module)
    return module


def main(function: str, module: str) -> None:
    """Ask in the folders of a processing job."""
    processing = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
    read = processing / "input"
    ask(function, read / "gate" / module, read / "evaluation", processing / "output", read / "measured")
