"""`python -m byo train` and `python -m byo serve`, for where the two programs are not on PATH."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the one that is named; only it is imported."""
    match sys.argv[1:]:
        case ["train"]:
            from byo import training

            return training.main()
        case ["serve"]:
            from byo import serving

            return serving.main()
    sys.stderr.write("usage: python -m byo train | serve\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
