"""A hook of MkDocs: pages at the top of the repository are pages of the site too.

README.md is the front page. Links are written as a forge reads them: `docs/settings.md` at the top, and
`../CONTRIBUTING.md` in docs/. In the site all these pages are in one directory.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of docs/, and those at the top."""
    for name in PAGES:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as the site has them."""
    if page.file.src_uri in PAGES:
        return re.sub(r"(\]\(|\bsrc(?:set)?=\")docs/", r"\1", markdown)
    outside = "../" * (page.file.src_uri.count("/") + 1)
    inside = outside.removesuffix("../")
    return re.sub(rf"\]\({re.escape(outside)}(?={'|'.join(map(re.escape, PAGES))})", f"]({inside}", markdown)
