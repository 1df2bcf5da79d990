"""Rows of the permission table for the log of use: what outsiders may fetch, and what insiders are told of it."""

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import new_key

from markaz.core.log import witnesses
from markaz.core.log.note import KeyType, Signer
from markaz.core.permissions import Permission

P = Permission
PUBLIC = Elsewhere.PUBLIC


async def checkpoint(w: World) -> tuple[int, str]:
    """Return size and text of a checkpoint that covers an entry, making both where there is none yet."""
    newest = "SELECT size, body FROM log_checkpoints WHERE size > (SELECT min(index) FROM log_intervals WHERE entries_size > 0) ORDER BY size DESC LIMIT 1"
    while not (rows := await w.running.rows(newest)):
        if not (await w.running.rows("SELECT size FROM log_state"))[0]["size"]:
            await _witness(w)
        await w.running.centre.checkpointer.tick()
        await asyncio.sleep(0.05)  # the interval of the log is a second of the real clock
    return rows[0]["size"], rows[0]["body"]


async def _witness(w: World) -> Signer:
    signer = Signer.of(f"{new_key()}.example/w", KeyType.COSIGNATURE, Ed25519PrivateKey.generate())
    async with w.running.centre.database.transaction() as connection:
        await witnesses.add(connection, w.now, signer.verifier.vkey)
    return signer


async def _plain(w: World) -> Call:
    await checkpoint(w)
    return Call()


async def _one_checkpoint(w: World) -> Call:
    return Call({"size": (await checkpoint(w))[0]})


async def _tile(w: World) -> Call:
    size, _body = await checkpoint(w)
    return Call({"path": f"0/000.p/{size}"})


async def _cosignature(w: World) -> Call:
    size, body = await checkpoint(w)
    line = (await _witness(w)).cosign(body, int(w.now.timestamp())).line()
    return Call(body={"size": size, "cosignature": line})


async def _proof(w: World) -> Call:
    await checkpoint(w)
    return Call({"index": 0})


LOG_OPERATIONS = (
    Operation("GET /api/log/checkpoint", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/log/checkpoints/{size}", P.PUBLIC, _one_checkpoint, PUBLIC),
    Operation("GET /api/log/tile/{path}", P.PUBLIC, _tile, PUBLIC),
    Operation("GET /api/log/public-entries", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/log/keys", P.PUBLIC, _plain, PUBLIC),
    Operation("GET /api/log/witness.py", P.PUBLIC, _plain, PUBLIC),
    Operation("POST /api/log/cosignatures", P.PUBLIC, _cosignature, PUBLIC, 201),
    Operation("GET /api/log/status", P.SIGNED_IN, _plain, PUBLIC),
    Operation("GET /api/log/proofs/{index}", P.AUDIT_READ, _proof, Elsewhere.REFUSED, is_central=True),
)
