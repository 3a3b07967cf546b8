"""The path that AXES_LOCKOUT_CALLABLE had before 0.2, until 0.3: see `config.lockout`."""

from __future__ import annotations

from typing import Any
from warnings import warn

from kv.moved import RemovedIn03Warning


def __getattr__(name: str) -> Any:
    if name != "locked_out":
        raise AttributeError(name)
    warn("config.accounts.lockout.locked_out is config.lockout.locked_out since 0.2", RemovedIn03Warning, 2)
    from config.lockout import locked_out

    return locked_out
