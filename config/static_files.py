"""Collects static files only when one has changed, so that a second start is quick."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

_STAMP = ".collected"


def collect_static() -> bool:
    """Collect into STATIC_ROOT unless it is up to date; return whether files were collected.

    What cannot be written, as in an image, is used as it was collected there.
    """
    stamp = Path(settings.STATIC_ROOT) / _STAMP
    wanted = _fingerprint()
    if stamp.is_file() and (stamp.read_text() == wanted or not os.access(settings.STATIC_ROOT, os.W_OK)):
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(wanted)
    return True


def _fingerprint() -> str:
    """A hash of every source's path, size and time, of the storage backend and of Django's version."""
    digest = hashlib.sha256(f"{django.__version__} {settings.STORAGES['staticfiles']['BACKEND']}".encode())
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
