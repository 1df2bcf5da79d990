"""Others read the log: Go's checksum-database packages check checkpoints, tiles and proofs; OpenSSL answers as a time stamper."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.transparency import Ticking

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.log import keys, tiles, tree
from markaz.core.log.checkpoints import newest_note
from markaz.core.log.intervals import data_of
from markaz.core.log.reading import public_tile, public_tree, run_at
from markaz.core.log.timestamps import Timestamper

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


class Authority:
    """A time stamping authority by OpenSSL, with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "tsa.cnf").write_text(
            "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=Synthetic time stamper\n"
            "[ext]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
            f"[tsa]\ndefault_tsa=one\n[one]\nserial={folder}/serial\nsigner_cert={folder}/cert.pem\n"
            f"signer_key={folder}/key.pem\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\n"
        )
        (folder / "serial").write_text("01")
        self.openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"),
            *("-config", "tsa.cnf"),
        )

    def openssl(self, *words: str) -> str:
        """Run one command and return what it said."""
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Stamp what is asked for."""
        (self.folder / "asked.tsq").write_bytes(request.content)
        self.openssl("ts", "-reply", "-queryfile", "asked.tsq", "-out", "reply.tsr", "-config", "tsa.cnf")
        return httpx.Response(200, content=(self.folder / "reply.tsr").read_bytes())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's command is not here: apt-get install openssl")
async def test_openssl_stamps_a_checkpoint_and_verifies_the_stamp_that_is_kept(log: Ticking, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    await log.checkpointer.tick()
    stamper = Timestamper(log.database, log.clock, "http://tsa.invalid", httpx.MockTransport(authority.answer))
    assert await stamper.stamp() == 1
    assert await stamper.stamp() is None, "one an hour is enough"
    async with log.database.connection() as connection:
        row = await connection.fetchrow("SELECT body, timestamp_token FROM log_checkpoints")
    assert row is not None
    (authority.folder / "body.txt").write_text(row["body"])
    (authority.folder / "token.tst").write_bytes(row["timestamp_token"])
    verify = ("ts", "-verify", "-token_in", "-in", "token.tst", "-CAfile", "cert.pem", "-data")
    assert "Verification: OK" in authority.openssl(*verify, "body.txt")
    (authority.folder / "body.txt").write_text(row["body"].replace("\n1\n", "\n2\n"))
    assert "Verification: FAILED" in authority.openssl(*verify, "body.txt")


async def test_an_answer_that_stamps_nothing_of_ours_is_not_kept(log: Ticking) -> None:
    await log.checkpointer.tick()
    for content in (
        b"",
        b"\x30\x80",
        b"\x30\x05\x30\x03\x02\x01\x02",
        b"\x30\x84\xff\xff\xff\xff",
        b"<html>" * 99,
        b"x" * 200_000,
    ):
        answer = httpx.MockTransport(lambda _request, content=content: httpx.Response(200, content=content))
        assert await Timestamper(log.database, log.clock, "http://tsa.invalid", answer).stamp() is None
    async with log.database.connection() as connection:
        assert await connection.fetchval("SELECT timestamp_token FROM log_checkpoints") is None
