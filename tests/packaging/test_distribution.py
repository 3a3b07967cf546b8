"""The wheel and the source archive: the same bytes wherever and whenever they are built, and readable on an index."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from readme_renderer import markdown

from hatch_readme import for_an_index

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders with a wheel and a source archive each, built under other paths, times, zones and permissions."""
    folders = []
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name, umask, mode, zone, when in (
        ("a", 0o022, 0o644, "UTC", 1),
        ("other/b", 0o077, 0o600, "Asia/Tokyo", 10**9),
    ):
        source = tmp_path_factory.mktemp("source") / name
        for file in filter(None, listed.split("\0")):
            target = source / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, target)
            target.chmod(mode)
            os.utime(target, (when, when))
        subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"],
            cwd=source,
            umask=umask,
            env={name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"} | {"TZ": zone},
            capture_output=True,
            check=True,
        )
        folders.append(source / "dist")
    return folders


def test_two_builds_are_the_same_bytes(built: list[Path]) -> None:
    first, second = ({path.name: path.read_bytes() for path in sorted(folder.iterdir())} for folder in built)
    assert len(first) == 2
    assert {name: first[name] == second[name] for name in second} == dict.fromkeys(first, True)


def test_the_wheel_of_the_source_archive_is_that_of_the_tree(built: list[Path], wheel: Path) -> None:
    assert (built[0] / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.fixture(scope="module")
def metadata(built: list[Path]) -> Metadata:
    """What an index reads, strictly."""
    with zipfile.ZipFile(next(built[0].glob("*.whl"))) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Metadata.from_email(archive.read(name), validate=True)


def test_the_metadata_is_whole(metadata: Metadata) -> None:
    assert metadata.author == metadata.maintainer == "Countinghouse contributors"
    assert (metadata.license_expression, metadata.license_files) == ("MIT", ["LICENSE"])
    assert str(metadata.requires_python) == ">=3.11"
    assert {"billing", "babel", "all", "site"} <= set(metadata.provides_extra or [])
    assert metadata.summary
    assert metadata.keywords


def test_the_description_renders_as_on_an_index(metadata: Metadata) -> None:
    assert metadata.description_content_type == "text/markdown"
    page = markdown.render(metadata.description or "")
    assert page is not None
    for word in ("<h1", "<pre", "<table"):
        assert word in page
    assert "pip install countinghouse" in re.sub(r"<[^>]+>", "", page)
    for missing in ("<img", "<picture", "docs/pictures", 'href="docs/', 'href="CHANGELOG', ".md)"):
        assert missing not in page


def test_the_source_archive_has_what_the_description_names(built: list[Path]) -> None:
    with tarfile.open(next(built[0].glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "docs/quickstart.md", "hatch_readme.py", "LICENSE"} <= names
    assert not {name for name in names if name.startswith((".ci", "var/", ".venv"))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See [a](docs/a.md#b), [c](https://c) and [d](#d).", "See a, [c](https://c) and [d](#d)."),
        ("![x](docs/x.png) ![y](docs/y.svg)\n\nText", "Text"),
        ("![x](https://x/x.svg)", "![x](https://x/x.svg)"),
        ('<picture>\n<source srcset="a">\n<img src="b">\n</picture>\nText', "Text"),
        ("[![x](docs/x.svg)](docs/a.md)", ""),
        ("```\n[a](docs/a.md)\n```", "```\n[a](docs/a.md)\n```"),
    ],
)
def test_links_of_the_folder_become_words(text: str, expected: str) -> None:
    assert for_an_index(text).partition("\n\nThe documents")[0].strip() == expected
