"""Keeps a wheel from being built without the page: whoever installs it could not add it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NeedsPage(BuildHookInterface):  # type: ignore[type-arg]  # no settings of its own
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable installation is a checkout's, which works without.
        if version == "editable":
            return
        if not (Path(self.root) / "backend/crucible/_web/index.html").is_file():
            raise SystemExit(
                "The page has not been built: run `make page` first (Node 20 or newer)"
            )
