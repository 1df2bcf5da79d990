"""Build hook of the wheel: a wheel without the built console is refused, because it would serve an empty page.

It must not build the console itself: that is `make release`, which has Node and the console's lock file.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleInside(BuildHookInterface):  # type: ignore[type-arg]  # hatchling leaves its config type open
    """Refuse a wheel whose console was not built. An editable installation is let through: it serves the checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise RuntimeError unless the console's start page stands where the wheel takes it from."""
        if version == "editable":
            return
        start_page = Path(self.root) / "src" / "markaz" / "web" / "static" / "index.html"
        if not start_page.is_file():
            raise RuntimeError(
                "the console is not built: run `make release`, which builds it into src/markaz/web/static/"
            )
