"""``python -m benchmarks.evaluation_memory FILE [CHAMPION]``: prints the most MiB that predictions took.

Of one file they are reported on; with a champion's they are compared by AUC, recall and F1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.statistics.metric_pairs import compare
from agent.statistics.same_rows import same_rows
from agent.statistics.sample import Settings, load
from agent.statistics.schema import Task

COMPARED = ("auc", "recall", "f1")


def main() -> None:
    candidate, *champion = ([Path(name)] for name in sys.argv[1:])
    if champion:
        first, second = same_rows(champion[0], candidate, Task.BINARY, Settings())
        for metric in COMPARED:
            compare(metric, first, second, 0.95)
    else:
        load(candidate, Task.BINARY, Settings()).report()
    print(most_memory_mib())


def most_memory_mib() -> float:
    """The most that this process has held at once; what getrusage tells includes the process that started it."""
    told = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
