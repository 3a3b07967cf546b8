"""The site's settings with a data directory that goes away with the machine's other temporary files."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="ch-bench-"))
(Path(os.environ["DATA_DIR"]) / "static").mkdir(parents=True, exist_ok=True)  # else WhiteNoise warns amid the table

from config.settings import *  # noqa: E402, F403 (a settings module)
