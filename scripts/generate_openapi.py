"""Write docs/reference/openapi.json from the routes; the console's typed client is generated from it (`npm run api`).

No database is asked: the application is made around a pool that is never opened. With `--check` nothing is written:
exit 1 when the file is not what would be written.
"""

import asyncio
import json
import sys
from datetime import date
from pathlib import Path

import asyncpg

from markaz.core.db.pool import Database
from markaz.core.sealing import KEY_BYTES, Sealer
from markaz.core.settings import Settings
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import SystemClock
from markaz.web.app import create_app, openapi
from markaz.web.centre import Centre

FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.json"
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


async def document() -> str:
    """Return the OpenAPI document as indented JSON with sorted keys."""
    centre = Centre(
        settings=Settings.model_construct(),
        database=Database(asyncpg.create_pool(NOWHERE), NOWHERE),
        clock=SystemClock(),
        sealer=Sealer(bytes(KEY_BYTES), bytes(KEY_BYTES)),
        tree=TerritoryTree([], {}, date(2000, 1, 1)),
    )
    described = openapi(create_app(centre))
    return json.dumps(described, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with --check compare it; return the exit code."""
    text = asyncio.run(document())
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
        return 0
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/reference/openapi.json is not what the routes say: run make docs", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
