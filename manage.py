#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    """Run a management command; a wrong setting ends in one line that names the variable."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.configured or settings.INSTALLED_APPS  # noqa: B018 (reads the settings, so that they fail here)
    except ImproperlyConfigured as error:
        sys.exit(f"countinghouse: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
