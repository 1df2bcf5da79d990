"""Others read the log: Go's checksum-database packages check checkpoints, tiles and proofs; OpenSSL answers as a time stamper."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.transparency import Ticking

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.log import keys, tiles, tree
from markaz.core.log.checkpoints import newest_note
from markaz.core.log.intervals import data_of
from markaz.core.log.reading import public_tile, public_tree, run_at

MAIN = Path(__file__).parents[1] / "foreign" / "main.go"
GOPATH = Path("/usr/share/gocode")
GO_NOTE = GOPATH / "src" / "golang.org" / "x" / "mod" / "sumdb" / "note"


@pytest.fixture
async def log(database: DatabaseAccess, tmp_path: Path) -> AsyncIterator[Ticking]:
    opened = await Database.open(database.app_dsn, max_size=2)
    yield Ticking(opened, tmp_path)
    await opened.close()


@pytest.mark.skipif(
    shutil.which("go") is None or not GO_NOTE.is_dir(),
    reason="Go's sumdb packages are not here: apt-get install golang-go golang-golang-x-mod-dev",
)
async def test_gos_own_packages_verify_checkpoint_tiles_and_proofs(log: Ticking, tmp_path: Path) -> None:
    await log.checkpointer.tick()
    old = await _note(log)
    await log.enter(5)
    await log.tick(700)
    given = await _given(log, old, size=701)
    command = ["go", "run", str(MAIN)]
    scratch = {"GOCACHE": str(tmp_path / "go"), "GOPATH": str(GOPATH), "GO111MODULE": "off", "HOME": str(tmp_path)}

    def verdict(asked: dict[str, Any]) -> str:
        done = subprocess.run(
            command, env=os.environ | scratch, input=json.dumps(asked), text=True, capture_output=True, timeout=120
        )
        return done.stdout.strip() or done.stderr

    assert verdict(given) == "ok"
    forged = given["Note"].replace("\n701\n", "\n702\n")
    assert "invalid signature" in verdict(given | {"Note": forged})
    changed = [given["Inclusion"][0] | {"Data": base64.b64encode(b"another leaf").decode()}]
    assert "invalid" in verdict(given | {"Inclusion": changed})


async def _note(log: Ticking) -> str:
    async with log.database.connection() as connection:
        return await newest_note(connection) or ""


async def _given(log: Ticking, old: str, size: int) -> dict[str, Any]:
    ring = keys.load(log.home)
    assert ring is not None
    async with log.database.connection() as connection:
        fetch = public_tree(connection, ring.salts)
        every = [tile for level in range(3) for tile in tiles.tiles_of(size, level)]
        data = {f"tile/{tiles.path_of(tile)}": await public_tile(connection, ring.salts, tile) for tile in every}
        inclusion = []
        for index in (0, 255, 256, 700):
            path = await tiles.subtree_roots(tree.inclusion_ranges(index, size), fetch)
            leaf = data_of(await run_at(connection, index), index, ring.salts)
            inclusion.append({"Index": index, "Data": base64.b64encode(leaf).decode(), "Path": _hashes(path)})
        consistency = await tiles.subtree_roots(tree.consistency_ranges(1, size), fetch)
    return {
        "Vkey": ring.signer.verifier.vkey,
        "Note": await _note(log),
        "Inclusion": inclusion,
        "Consistency": [{"Note": old, "Path": _hashes(consistency)}],
        "Tiles": {path: base64.b64encode(tile).decode() for path, tile in data.items()},
    }


def _hashes(path: list[bytes]) -> list[str]:
    return [base64.b64encode(step).decode() for step in path]
