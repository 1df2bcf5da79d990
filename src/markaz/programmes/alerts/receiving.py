"""Warnings of other senders: read, checked against the schema, kept as they came, never believed beyond their signature.

A message is kept once. A later one takes an earlier one off the list only if it can come from the same sender.
"""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.alerts import AlertEvent, AlertState, MsgType, SignatureState
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import NotPossibleNow
from markaz.core.permissions import Permission, require
from markaz.kit.ids import uuid7
from markaz.programmes.alerts import domain, store
from markaz.programmes.alerts.acting import Ground, event
from markaz.programmes.alerts.cap import BadMessage, read
from markaz.programmes.alerts.domain import Trust
from markaz.programmes.alerts.message import Message, Reference, read_references
from markaz.programmes.alerts.signing import Signature, examine, known_certificates
from markaz.programmes.alerts.words import summary_of

NAME_MAX = 250  # characters of an identifier or sender; what is longer is no name
REFERENCES_MAX = 100


class Receiving:
    """Takes messages in."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def receive(self, request: Request, data: bytes, territory_id: int | None) -> Answer:
        """Keep a message. Answers id and whether it was there already, with what is known of its signature.

        Raises TooLarge or BadMessage with one plain reason; NotPossibleNow when another text stands under its name.
        """
        tree = self._ground.territories()
        held = sorted(request.actor.roots(Permission.ALERT_RECEIVE))
        where = territory_id or (held[0] if held else tree.root_id or 0)
        require(request.actor, Permission.ALERT_RECEIVE, where, tree)
        # In a thread: half a megabyte of a stranger's XML with a signature takes longer than others should wait.
        message, signature = await asyncio.to_thread(self._read, data)

        async def work(act: Act) -> Answer:
            return await keep(act, data, message, signature, where)

        return await self._ground.acts.run(request, work)

    def _read(self, data: bytes) -> tuple[Message, Signature]:
        message = read(data)
        for name, value in (("identifier", message.identifier), ("sender", message.sender)):
            if not 1 <= len(value) <= NAME_MAX:
                raise BadMessage(f"The {name} must have 1 to {NAME_MAX} characters.", element=name)
        return message, examine(data, message, known_certificates(self._ground.known_senders))


async def keep(act: Act, data: bytes, message: Message, signature: Signature, territory_id: int) -> Answer:
    """Insert a message unless it is there; end what it is about, and itself if its end came before it."""
    there = await store.same_message(act.connection, message.sender, message.identifier, message.sent)
    if there is not None:
        if there["xml"] == data or there["state"] != AlertState.RECEIVED:
            return Answer(200, _told(there["id"], there["signature"], is_new=False))
        if not _is_better(signature, there):
            raise NotPossibleNow(
                "Another text of the same sender, identifier and time is here already: ask the sender.",
                state="disputed",
                id=str(there["id"]),
            )
        await store.dispute(act.connection, there["id"])
    alert_id = uuid7()
    await store.insert(act.connection, _values(alert_id, act, data, message, signature, territory_id))
    if there is not None:
        await _end(act, there["id"], alert_id, is_disputed=True)
    await store.insert_references(act.connection, alert_id, _dated(message))
    row = await store.alert(act.connection, alert_id)
    assert row is not None
    act.events.insert(0, event(act, AlertEvent.RECEIVED, row, at=act.now, source="importer"))
    await _settle(act, row, message)
    return Answer(201, _told(alert_id, signature.state.value, is_new=True))


async def _settle(act: Act, row: store.Record, message: Message) -> None:
    """End what this message updates or cancels; and end this one if such a message came before it."""
    if message.msg_type in {MsgType.UPDATE, MsgType.CANCEL}:
        for earlier in await store.lock_referenced(act.connection, row["id"]):
            if earlier["sender"] == row["sender"] and domain.may_end(_trust(row), _trust(earlier)):
                await _end(act, earlier["id"], row["id"])
    for later in await store.lock_referring(act.connection, row["sender"], row["identifier"], row["sent"]):
        if later["id"] != row["id"] and later["sender"] == row["sender"] and domain.may_end(_trust(later), _trust(row)):
            await _end(act, row["id"], later["id"])
            return


async def _end(act: Act, alert_id: UUID, by_alert: UUID, *, is_disputed: bool = False) -> None:
    ended = await store.end(act.connection, alert_id, by_alert, act.actor.id, act.now, is_disputed=is_disputed)
    act.events.append(event(act, AlertEvent.ENDED, ended, source="importer"))


def _is_better(signature: Signature, there: store.Record) -> bool:
    """Say whether the new text is surely the sender's and the one here is not: then a forged one came first."""
    is_sure = signature.state is SignatureState.VALID_KNOWN
    return is_sure and there["signature"] != SignatureState.VALID_KNOWN


def _trust(row: store.Record) -> Trust:
    return Trust(SignatureState(row["signature"]), row["certificate_fingerprint"])


def _told(alert_id: UUID, signature: str, *, is_new: bool) -> dict[str, Any]:
    return {"id": str(alert_id), "is_new": is_new, "signature": signature}


def _dated(message: Message) -> list[tuple[Reference, datetime]]:
    dated = []
    for reference in read_references(message.references)[:REFERENCES_MAX]:
        try:
            sent = datetime.fromisoformat(reference.sent)
        except ValueError:
            continue  # what is no time refers to nothing; the text of the message still shows it
        fits = max(len(reference.sender), len(reference.identifier)) <= NAME_MAX
        if fits and sent.tzinfo is not None and 1900 <= sent.year <= 2200:
            dated.append((reference, sent))
    return dated


def _values(
    alert_id: UUID, act: Act, data: bytes, message: Message, signature: Signature, territory_id: int
) -> dict[str, Any]:
    first = message.infos[0] if message.infos else None
    return {
        "id": alert_id,
        "state": AlertState.RECEIVED.value,
        "territory_id": territory_id,
        "identifier": message.identifier,
        "sender": message.sender,
        "sent": message.sent,
        "status": message.status.value,
        "msg_type": message.msg_type.value,
        "scope": message.scope.value,
        "category": first.categories[0].value if first else None,
        "urgency": first.urgency.value if first else None,
        "severity": domain.worst([info.severity for info in message.infos]).value,
        "certainty": first.certainty.value if first else None,
        "effective_at": first.effective or message.sent if first else message.sent,
        "onset_at": first.onset if first else None,
        "expires_at": domain.ends_at(message),
        "summary": summary_of(message),
        "xml": data,
        "signature": signature.state.value,
        "certificate_subject": signature.subject,
        "certificate_fingerprint": signature.fingerprint,
        "recorded_at": act.now,
        "updated_by": act.actor.id,
    }
