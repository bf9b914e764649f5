"""Passes the rows on, so that there is a preparation that a test can slow down by its one setting."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

SECONDS = 0.0
PROCESSING = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"

time.sleep(SECONDS)
shutil.copytree(PROCESSING / "input/rows", PROCESSING / "output/training", dirs_exist_ok=True)
