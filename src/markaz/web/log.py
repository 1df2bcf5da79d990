"""The routes of the log: what witnesses fetch and send without signing in, its state, and proofs of single entries.

Public are checkpoints, keys and the hashes of the public tree (C2SP tlog-tiles below /api/log), and the witness program
itself; and what entries of appointments, policies, samples and ends of records tell everybody in their public part. Who, what
and why is never public: a proof opens one entry to whoever may read the audit trail.
"""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

import markaz
from markaz.core.acts import Request, entry_of
from markaz.core.errors import NotFound
from markaz.core.log import keys, tiles, witnesses
from markaz.core.log.appending import append
from markaz.core.log.checkpoints import newest_note, note_at
from markaz.core.log.entry import EntryKind
from markaz.core.log.intervals import SaltMissing
from markaz.core.log.proofs import proof_of
from markaz.core.log.public_entries import PAGE_MOST, page_of
from markaz.core.log.reading import public_tile
from markaz.core.log.status import published_size, status_of
from markaz.core.permissions import Permission
from markaz.core.routes import declares, reply
from markaz.core.sealing import KeysMissing
from markaz.web.centre import Centre
from markaz.web.guard import check_same_origin
from markaz.web.outsiders import Outsiders

P = Permission
WITNESS_FILE: Final = Path(markaz.__file__).parent / "witness.py"
KEPT_TILES: Final = 256  # whole tiles never change: 2 MB of them save making them anew
FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
NOT_KEPT: Final = {"cache-control": "no-store"}
PLAIN: Final = "text/plain; charset=utf-8"


class CosignatureBody(BaseModel):
    """A cosignature of a checkpoint: its size, and the line that belongs below its note."""

    model_config = ConfigDict(extra="forbid", strict=True)

    size: int = Field(ge=1, le=2**53)
    cosignature: str = Field(min_length=1, max_length=1_000)


def log_router(centre: Centre) -> APIRouter:
    """Return the routes of the log."""
    router = APIRouter(prefix="/api/log", tags=["log"])
    outsiders = Outsiders(centre.database)
    outsiders_routes(centre, router, outsiders)
    told_route(centre, router, outsiders)
    insiders_routes(centre, router)
    return router


def outsiders_routes(centre: Centre, router: APIRouter, outsiders: Outsiders) -> None:
    """Add what needs no sign-in: hashes, keys, signatures."""
    bound = [Depends(outsiders.take)]
    kept: dict[tuple[str, tiles.Tile], bytes] = {}  # by origin too: a log that was begun anew has other tiles

    @router.get("/checkpoint", openapi_extra=declares(P.PUBLIC), dependencies=bound)
    async def checkpoint() -> Response:
        """Return the newest signed checkpoint (C2SP tlog-checkpoint)."""
        async with outsiders.connection() as connection:
            return _note(await newest_note(connection))

    @router.get("/checkpoints/{size}", openapi_extra=declares(P.PUBLIC), dependencies=bound)
    async def checkpoint_of(size: Annotated[int, InPath(ge=1, le=2**53)]) -> Response:
        """Return the checkpoint of a size with its cosignatures; older ones are kept where a witness cosigned them."""
        async with outsiders.connection() as connection:
            return _note(await note_at(connection, size))

    @router.get("/tile/{path:path}", openapi_extra=declares(P.PUBLIC), dependencies=bound)
    async def tile(path: Annotated[str, InPath(max_length=64)]) -> Response:
        """Return a tile of the public tree, whole or partial, or a bundle of its leaf data (C2SP tlog-tiles)."""
        asked = tiles.parse_path(path)
        ring = keys.load(centre.settings.home)
        async with outsiders.connection() as connection:
            size = await published_size(connection)
            if asked is None or ring is None or not asked.is_in(size):
                raise NotFound("There is no such tile in the published log.", what="tile")
            try:
                data = kept.get((ring.origin, asked)) or await public_tile(connection, ring.salts, asked)
            except SaltMissing as error:
                raise NotFound("The key that made this tile is lost.", what="tile") from error
        if asked.width == tiles.WIDTH and len(kept) < KEPT_TILES:
            kept[ring.origin, asked] = data
        return Response(data, media_type="application/octet-stream", headers=FOR_EVER)

    @router.get("/keys", openapi_extra=declares(P.PUBLIC), dependencies=bound)
    async def log_keys() -> Response:
        """Return the public keys of the log; each later one is introduced by the signature of the one before."""
        return reply(200, _ring(centre).statement())

    @router.get("/witness.py", openapi_extra=declares(P.PUBLIC), dependencies=bound)
    async def witness() -> Response:
        """Return the stand-alone program of a witness, to be read before it is run."""
        return Response(WITNESS_FILE.read_bytes(), media_type="text/x-python; charset=utf-8", headers=NOT_KEPT)

    outside = [*bound, Depends(check_same_origin)]  # a witness is a program; a page of another site has nothing to send

    known: dict[int | str, dict[str, Any]] = {200: {"description": "It was known, and changes nothing."}}

    @router.post(
        "/cosignatures", openapi_extra=declares(P.PUBLIC), dependencies=outside, status_code=201, responses=known
    )
    async def cosign(body: CosignatureBody) -> Response:
        """Keep the cosignature of a registered witness. Sent again, it is known and changes nothing."""
        async with outsiders.connection() as connection:
            is_new = await witnesses.accept(connection, centre.clock.now(), body.size, body.cosignature)
        return reply(201 if is_new else 200, {"size": body.size})


def told_route(centre: Centre, router: APIRouter, outsiders: Outsiders) -> None:
    """Add the entries that are told to everybody."""

    @router.get("/public-entries", openapi_extra=declares(P.PUBLIC), dependencies=[Depends(outsiders.take)])
    async def public_entries(
        before: Annotated[int, Query(ge=0, le=2**53)] = 2**53,
        limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_MOST,
    ) -> Response:
        """Return entries that are told to everybody, newest first, with proofs; `witness.py verify` checks the page."""
        ring = _ring(centre)
        async with outsiders.snapshot() as connection:
            try:
                page = await page_of(connection, ring, before=before, limit=limit)
            except SaltMissing as error:
                raise NotFound("The key that opens this part of the log is lost.", what="key") from error
        if page["checkpoint"] is None:
            raise NotFound("There is no checkpoint here yet.", what="checkpoint")
        return reply(200, page)


def insiders_routes(centre: Centre, router: APIRouter) -> None:
    """Add the state of the log, and proofs of its entries."""

    @router.get("/status", openapi_extra=declares(P.SIGNED_IN))
    async def status(_request: Annotated[Request, Depends(centre.guard.requires(P.SIGNED_IN))]) -> Response:
        """Return how far the log has come, how old its newest checkpoint is, and who witnesses it."""
        async with centre.database.connection() as connection:
            return reply(200, await status_of(connection, keys.load(centre.settings.home), centre.clock.now()))

    @router.get("/proofs/{index}", openapi_extra=declares(P.AUDIT_READ))
    async def proof(
        request: Annotated[Request, Depends(centre.guard.requires(P.AUDIT_READ))],
        index: Annotated[int, InPath(ge=0, le=2**53)],
    ) -> Response:
        """Return the proof that an entry is in the log, and enter that it was read; `witness.py verify` checks it anywhere."""
        centre.at_the_top(request.actor, P.AUDIT_READ)
        ring = _ring(centre)
        async with centre.database.snapshot() as connection:
            try:
                found = await proof_of(connection, ring, index)
            except SaltMissing as error:
                raise KeysMissing("The key that opens this interval of the log is lost.") from error
        async with centre.database.transaction() as connection:
            entry = entry_of(
                request, EntryKind.REVIEW, "log.proof_read", "log_entry", None, "audit", details={"index": index}
            )
            await append(connection, centre.clock.now(), [entry])
        return reply(200, found)


def _note(note: str | None) -> Response:
    if note is None:
        raise NotFound("There is no such checkpoint here.", what="checkpoint")
    return Response(note, media_type=PLAIN, headers=NOT_KEPT)


def _ring(centre: Centre) -> keys.KeyRing:
    ring = keys.load(centre.settings.home)
    if ring is None:
        raise NotFound("This log has no key yet.", what="key")
    return ring
