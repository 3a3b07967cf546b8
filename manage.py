#!/usr/bin/env python3
"""Django's command line for this project."""

import os
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

VENV = Path(__file__).resolve().parent / ".venv"


def main() -> None:
    """Run a management command; a wrong setting ends in one line that names the variable."""
    _use_venv()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    _heed_settings_option()
    module = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        settings.configured or settings.INSTALLED_APPS  # noqa: B018 (reads the settings, so that they fail here)
    except ImproperlyConfigured as error:
        sys.exit(f"countinghouse: {error}")
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        sys.exit(f"countinghouse: there is no settings module {module}")
    execute_from_command_line(sys.argv)


def _use_venv() -> None:
    """Go on as the interpreter of .venv when `make` has made one and this one is of no virtual environment."""
    python = VENV / "bin" / "python"
    is_outside = python.exists() and not VENV.samefile(sys.prefix)
    if is_outside and (sys.prefix == sys.base_prefix or find_spec("django") is None):
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 (no shell wanted)
    if find_spec("django") is None:
        sys.exit("countinghouse: this Python has no Django. Run `make run` once, or activate a virtual environment")


def _heed_settings_option() -> None:
    """--settings and --pythonpath count before settings are read; Django itself reads these options afterwards."""
    from django.core.management.base import CommandError, CommandParser, handle_default_options

    parser = CommandParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings")
    parser.add_argument("--pythonpath")
    with suppress(CommandError):  # an option without its value: Django says so
        handle_default_options(parser.parse_known_args(sys.argv[2:])[0])


if __name__ == "__main__":
    main()
