"""A project of somebody else's: VARIANT in the environment names how it differs from a fresh one."""

import os

from base import startproject  # type: ignore[import-not-found] # it is in the project that is made
from variants import VARIANTS  # type: ignore[import-not-found] # it is in the project that is made

_settings = startproject()
VARIANTS[os.environ["VARIANT"]](_settings)
globals().update(_settings)
