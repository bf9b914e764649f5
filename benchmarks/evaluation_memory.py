"""``python -m benchmarks.evaluation_memory FILE``: reports on predictions, and prints the most MiB it took."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.statistics.binary import binary_report
from agent.statistics.reading import open_predictions, read
from agent.statistics.schema import LABEL, SCORE, Task
from agent.statistics.tally import tally


def main() -> None:
    predictions = open_predictions([Path(sys.argv[1])], Task.BINARY)
    numbers = read(predictions, [LABEL, SCORE]).numbers
    report = binary_report(tally(numbers.pop(LABEL), numbers.pop(SCORE)))
    if report.rows != predictions.rows:
        raise SystemExit(f"{predictions.rows} rows were written, {report.rows} reported")
    print(most_memory_mib())


def most_memory_mib() -> float:
    """The most that this process has held at once; what getrusage tells includes the process that started it."""
    told = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
