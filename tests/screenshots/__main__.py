"""`python -m tests.screenshots [--only NAME] [--languages en,de] [--against COMMIT|FOLDER]`."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
import django

django.setup()
# The site of the pictures has settings of its own.
del os.environ["DJANGO_SETTINGS_MODULE"]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 (after the settings are named)

from docs.picture import BROWSERS, ROOT, served_site  # noqa: E402 (after the settings are named)
from tests.screenshots.camera import LANGUAGES, take_pictures  # noqa: E402 (after the settings are named)
from tests.screenshots.index import BEFORE, write_index  # noqa: E402 (after the settings are named)
from tests.screenshots.pages import list_pages  # noqa: E402 (after the settings are named)

FOLDER = ROOT / "var" / "screenshots"


def main() -> None:
    """Take the pictures, those from before too, and write the index."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the pages' names")
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="such as en,de")
    parser.add_argument("--against", default="", help="a commit, or a folder of pictures, to compare with")
    options = parser.parse_args()
    languages = [language for language in options.languages.split(",") if language in LANGUAGES] or list(LANGUAGES)
    shutil.rmtree(FOLDER, ignore_errors=True)
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        taken = take_all(browser, ROOT, FOLDER, options.only, languages)
        if options.against and Path(options.against).is_dir():
            shutil.copytree(options.against, FOLDER / BEFORE, ignore=shutil.ignore_patterns(BEFORE))
        elif options.against:
            with checked_out(options.against) as root:
                take_all(browser, root, FOLDER / BEFORE, options.only, languages)
        browser.close()
    changed = sum(bool(pair.changed) for pair in write_index(FOLDER, options.against))
    said = f", {changed} changed since {options.against}" if options.against else ""
    sys.stdout.write(f"{taken} pictures{said}: {FOLDER / 'index.html'}\n")


def take_all(browser: Browser, root: Path, folder: Path, only: str, languages: list[str]) -> int:
    """Every page of the code in `root`, with sample data."""
    with served_site(root) as address:
        return take_pictures(browser, address, list_pages(only), folder, languages=languages)


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The files of a commit with compiled catalogues, in a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ch-before-") as directory:
        root = Path(directory)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=root, check=True, input=archive)
        for catalogue in (*root.glob("locale/*/LC_MESSAGES/*.po"), *root.glob("*/locale/*/LC_MESSAGES/*.po")):
            subprocess.run(
                [Path(sys.executable).with_name("pybabel"), "--quiet", "compile", "--input-file", catalogue,
                 "--output-file", catalogue.with_suffix(".mo")],
                check=True,
            )  # fmt: skip
        yield root


if __name__ == "__main__":
    main()
