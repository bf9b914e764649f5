"""Writes credit_default.csv from the spreadsheet of UCI's data set 350: the label first, under a header.

usage: python make_data.py SPREADSHEET [FILE]   (default: credit_default.csv beside this script)
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAMES_ROW = 1  # below a row that only numbers the columns


def label_first(rows: Iterable[list[str | float]]) -> Iterator[list[str]]:
    """The rows of the spreadsheet without the client's number, the last column in front and called `Label`."""
    for number, row in enumerate(rows):
        if number == NAMES_ROW:
            yield ["Label", *map(str, row[1:-1])]
        elif number > NAMES_ROW:
            yield [str(int(value)) for value in (row[-1], *row[1:-1])]


def main(spreadsheet: Path, target: Path) -> None:
    """Read the first sheet, write the CSV."""
    import xlrd  # only here: nothing but this conversion needs it

    sheet = xlrd.open_workbook(str(spreadsheet)).sheet_by_index(0)
    with target.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            label_first(sheet.row_values(row) for row in range(sheet.nrows))
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("credit_default.csv"))
