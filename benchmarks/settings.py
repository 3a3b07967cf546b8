"""The site's settings with a data directory that goes away with the machine's other temporary files."""

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="ch-bench-"))

from config.settings import *  # noqa: F403
