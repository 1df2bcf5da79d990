"""What is read of warnings: the lists, one warning whole, and what the public may fetch.

Issued and received warnings are for everybody whose territory they lie in, or who lies in theirs; drafts only for the
territory they are written in. The public feed holds nothing but what was issued.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from lxml import etree

from markaz.contracts.alerts import AlertState, MsgType
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound
from markaz.core.events import read_of
from markaz.core.permissions import Actor, Permission, territory_filter
from markaz.kit.clock import iso
from markaz.programmes.alerts import domain, store
from markaz.programmes.alerts.acting import WORKING, Ground, draft_of
from markaz.programmes.alerts.cap import read, serialised
from markaz.programmes.alerts.drafts import to_json
from markaz.programmes.alerts.grounds import grounds_of
from markaz.programmes.alerts.message import Message
from markaz.programmes.alerts.picture import JSON, alert_view
from markaz.programmes.alerts.service import UNSET_SENDER
from markaz.programmes.alerts.words import message_view

LIST_MAX = 100
PAST_MAX = 30
FEED_MAX = 100
FEED_KEEP_S = 5.0  # a warning must not wait, and a crowd of readers must not reach the database
PUBLIC_AT_ONCE = 2  # connections that strangers may hold together: the desk needs the others
FEED_AFTER_END = timedelta(hours=24)  # so that a subscriber who was away still learns of an end
HISTORY_MAX = 50
_ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(slots=True)
class _Kept:
    body: bytes
    until_s: float


class Bulletin:
    """Reads warnings."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._kept: _Kept | None = None
        self._strangers = asyncio.Semaphore(PUBLIC_AT_ONCE)

    async def lists(self, actor: Actor) -> JSON:
        """Return what holds now, what is being written, and the newest of what is over; `is_cut` when there is more."""
        now, seen = self._ground.clock.now(), self._seen(actor)
        own = self._drafted(actor)
        async with self._ground.database.snapshot() as connection:
            current = await store.current(connection, now, seen, LIST_MAX + 1)
            drafts = await store.drafts(connection, own, LIST_MAX + 1)
            past = await store.past(connection, now, seen, PAST_MAX)
            people = await self._people(connection, [*current, *drafts, *past])
        return {
            "now": iso(now),
            "current": [_item(row, people) for row in current[:LIST_MAX]],
            "drafts": [_item(row, people) for row in drafts[:LIST_MAX]],
            "past": [_item(row, people) for row in past],
            "is_cut": len(current) > LIST_MAX or len(drafts) > LIST_MAX,
        }

    async def whole(self, actor: Actor, alert_id: UUID) -> JSON:
        """Return one warning: as people read it, its draft with what is wrong in it, and what happened to it."""
        async with self._ground.database.snapshot() as connection:
            row = await self._visible(connection, actor, alert_id)
            events = await read_of(connection, alert_id, limit=HISTORY_MAX)
            people = await self._people(connection, [row])
            people |= await store.names(connection, [recorded.event.actor_id for recorded in events])
        message = read(row["xml"]) if row["xml"] is not None else self._preview(row)
        is_working = row["state"] in WORKING
        return {
            "alert": _item(row, people),
            "message": message_view(message),
            "draft": None if row["draft"] is None else to_json(draft_of(row)),
            "problems": self._problems(row) if is_working else [],
            "written_by_you": actor.id in row["authors"],
            "history": [
                {"type": r.event.type, "at": iso(r.recorded_at), "by": people.get(r.event.actor_id)} for r in events
            ],
        }

    async def xml(self, actor: Actor, alert_id: UUID) -> bytes:
        """Return the signed or received bytes of a warning. Raises NotFound for a draft: it has none."""
        async with self._ground.database.connection() as connection:
            row = await self._visible(connection, actor, alert_id)
        if row["xml"] is None:
            raise NotFound("This alert has not been issued: there is no CAP message of it.", what="message")
        return bytes(row["xml"])

    async def public_xml(self, alert_id: UUID) -> bytes:
        """Return the signed bytes of an issued warning. Raises NotFound for anything else."""
        async with self._strangers, self._ground.database.connection() as connection:
            xml = await store.issued_xml(connection, alert_id)
        if xml is None:
            raise NotFound("There is no such public alert.", what="alert")
        return bytes(xml)

    async def feed(self) -> bytes:
        """Return the Atom feed (RFC 4287) of what was issued, at most some seconds old."""
        kept = self._kept
        if kept is None or time.monotonic() > kept.until_s:
            async with self._strangers:
                kept = self._kept  # whoever waited here finds what the first one has read
                if kept is None or time.monotonic() > kept.until_s:
                    kept = self._kept = await self._read_feed()
        return kept.body

    async def _read_feed(self) -> _Kept:
        now = self._ground.clock.now()
        async with self._ground.database.connection() as connection:
            rows = await store.public(connection, now - FEED_AFTER_END, FEED_MAX)
        name = self._ground.sender_name or self._ground.sender or UNSET_SENDER
        return _Kept(_atom(rows, name, iso(now)), time.monotonic() + FEED_KEEP_S)

    def forget_feed(self) -> None:
        """Make the next reader of the feed get what has just been issued."""
        self._kept = None

    async def certificate(self) -> bytes:
        """Return the certificate (PEM) with which our messages are checked."""
        return await asyncio.to_thread(self._ground.signer.certificate_pem, self._ground.clock.now())

    def _seen(self, actor: Actor) -> list[int]:
        tree = self._ground.territories()
        around = [id_ for root in actor.roots(Permission.ALERT_READ) for id_ in tree.path(root)]
        return sorted({*territory_filter(actor, Permission.ALERT_READ, tree), *around})

    def _drafted(self, actor: Actor) -> list[int]:
        return territory_filter(actor, Permission.ALERT_READ, self._ground.territories())

    async def _visible(self, connection: Connection, actor: Actor, alert_id: UUID) -> store.Record:
        row = await store.alert(connection, alert_id)
        is_out = row is not None and row["state"] in {AlertState.ISSUED, AlertState.RECEIVED}
        if row is None or row["territory_id"] not in (self._seen(actor) if is_out else self._drafted(actor)):
            raise NotFound("There is no such alert in your territory.", what="alert")
        return row

    def _preview(self, row: store.Record) -> Message:
        ground, draft = self._ground, draft_of(row)
        heading = domain.Heading(
            identifier=row["identifier"],
            sender=ground.sender or UNSET_SENDER,
            sender_name=ground.sender_name,
            sent=ground.clock.now().replace(microsecond=0),
            msg_type=MsgType(row["msg_type"]),
        )
        return domain.compose(draft, heading, grounds_of(draft.territory_ids, ground.territories()))

    def _problems(self, row: store.Record) -> list[JSON]:
        ground = self._ground
        found = domain.problems(
            draft_of(row), ground.clock.now(), is_training=ground.is_training, has_sender=ground.sender is not None
        )
        return [{"code": p.code.value, "field": p.field, "problem": p.message} for p in found]

    async def _people(self, connection: Connection, rows: list[store.Record]) -> dict[UUID, str]:
        ids = [id_ for row in rows for id_ in (*row["authors"], row["approved_by"]) if id_ is not None]
        return await store.names(connection, ids) if ids else {}


def _item(row: store.Record, people: dict[UUID, str]) -> JSON:
    summary: dict[str, Any] = orjson.loads(row["summary"])
    return alert_view(row) | {
        "sender": summary.get("sender_name") or row["sender"],
        "texts": summary["texts"],
        "authors": [people.get(id_) for id_ in row["authors"]],
        "approved_by": people.get(row["approved_by"]),
        "return_reason": row["return_reason"],
        "certificate": row["certificate_subject"],
        "fingerprint": row["certificate_fingerprint"],
        "is_disputed": row["is_disputed"],
        "updated_at": iso(row["updated_at"]),
    }


def _atom(rows: list[store.Record], name: str, now: str) -> bytes:
    root = etree.Element(f"{_ATOM}feed", nsmap={None: _ATOM[1:-1]})  # type: ignore[dict-item]  # the stubs lack lxml's None
    _text(root, "id", "urn:markaz:alerts")
    _text(root, "title", f"Public alerts of {name}")
    _text(root, "updated", iso(max(row["sent"] for row in rows)) if rows else now)
    _text(etree.SubElement(root, f"{_ATOM}author"), "name", name)
    etree.SubElement(root, f"{_ATOM}link", rel="self", href="/api/public/alerts")
    for row in rows:
        entry = etree.SubElement(root, f"{_ATOM}entry")
        _text(entry, "id", f"urn:uuid:{row['id']}")
        _text(entry, "title", _title(row))
        _text(entry, "updated", iso(row["sent"]))
        href = f"/api/public/alerts/{row['id']}/cap"
        etree.SubElement(entry, f"{_ATOM}link", rel="alternate", type="application/cap+xml", href=href)
        etree.SubElement(entry, f"{_ATOM}category", term=row["status"])
        etree.SubElement(entry, f"{_ATOM}category", term=row["msg_type"])
    return serialised(root)


def _title(row: store.Record) -> str:
    texts = orjson.loads(row["summary"])["texts"]  # jsonb keeps no order, so that of a message is asked for
    return str(next((texts[tag]["headline"] for tag in domain.LANGUAGES if tag in texts), row["msg_type"]))


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{_ATOM}{name}").text = text
