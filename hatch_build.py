"""Puts compiled translations into the wheel, so that an installed app speaks every language it has a catalogue for."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.utils import get_reproducible_timestamp


class CompiledTranslations(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's type parameter is not public
    """Compiles each app's .po files outside the tree and adds them under the paths where Django looks for them."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every app's catalogues. An editable install uses the tree, and needs none."""
        if version == "editable":
            return
        when = get_reproducible_timestamp()
        self._made = tempfile.TemporaryDirectory()
        for source in sorted(Path(self.root).glob("*/locale/*/LC_MESSAGES/*.po")):
            place = source.relative_to(self.root).with_suffix(".mo")
            target = Path(self._made.name) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as text, target.open("wb") as compiled:
                catalogue = read_po(text)
                # Babel would write the time of the build, and no two wheels would be the same.
                catalogue.creation_date = catalogue.revision_date = datetime.fromtimestamp(when, UTC)
                write_mo(compiled, catalogue)
            build_data["force_include"][str(target)] = str(place)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what `initialize` compiled."""
        if version != "editable":
            self._made.cleanup()
