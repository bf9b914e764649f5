"""The data of this repository is what make_data.py writes, and no flower is on both sides."""

from pathlib import Path

import make_data

DATA = Path(make_data.__file__).with_name("data")


def test_the_files_are_what_the_script_writes(tmp_path: Path) -> None:
    make_data.write(tmp_path / "all.csv", make_data.flowers())
    parts = [(DATA / name / "iris.csv").read_text() for name in ("training", "evaluation")]
    assert "".join(parts) == (tmp_path / "all.csv").read_text()
    assert [len(part.splitlines()) for part in parts] == [100, 50]
