"""The centre's own warnings: written by one person, released by another; one transaction each, through core.acts.

Nothing goes out that a rule of the domain refuses, and nobody releases what they wrote. An earlier warning is locked
before the one that follows it.
"""

import asyncio
from typing import Any
from uuid import UUID

from markaz.contracts.alerts import AlertEvent, AlertState, MsgType, ReturnReason, Scope
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import Forbidden, InvalidInput, NotPossibleNow
from markaz.core.permissions import Permission, require
from markaz.core.territories import TerritoryTree
from markaz.kit.ids import uuid7
from markaz.programmes.alerts import domain, store
from markaz.programmes.alerts.acting import WORKING, Ground, conflict, draft_of, event, locked, must_be
from markaz.programmes.alerts.cap import read, tree_of
from markaz.programmes.alerts.domain import Draft
from markaz.programmes.alerts.drafts import to_json
from markaz.programmes.alerts.grounds import check_ground, grounds_of
from markaz.programmes.alerts.message import Reference, cap_time, read_references
from markaz.programmes.alerts.words import summary_of

REFERENCES_MAX = 50  # a warning updated hourly for two days
UNSET_SENDER = "markaz"  # what training messages of a centre without a sender carry


class Warnings:
    """The commands on this centre's own warnings."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def draft(self, request: Request, territory_id: int, draft: Draft) -> Answer:
        """Begin a warning. Answers id and version."""

        async def work(act: Act) -> Answer:
            require(act.actor, Permission.ALERT_DRAFT, territory_id, self._tree)
            check_ground(draft, territory_id, self._tree)
            return await self._insert(act, territory_id, draft, MsgType.ALERT, None)

        return await self._ground.acts.run(request, work)

    async def change(self, request: Request, alert_id: UUID, version: int, draft: Draft) -> Answer:
        """Write a draft anew; one that waited for release is a draft again."""

        async def work(act: Act) -> Answer:
            row = await locked(act, alert_id, Permission.ALERT_DRAFT, version, self._tree)
            must_be(row, *WORKING)
            check_ground(draft, row["territory_id"], self._tree)
            values = self._coded(draft, MsgType(row["msg_type"])) | {"updated_by": act.actor.id, "updated_at": act.now}
            return self._done(act, AlertEvent.CHANGED, await store.write_draft(act.connection, alert_id, values))

        return await self._ground.acts.run(request, work)

    async def submit(self, request: Request, alert_id: UUID, version: int) -> Answer:
        """Ask for a second person. Raises InvalidInput with every broken rule."""

        async def work(act: Act) -> Answer:
            row = await locked(act, alert_id, Permission.ALERT_DRAFT, version, self._tree)
            must_be(row, AlertState.DRAFT)
            self._check(act, draft_of(row))
            return await self._move(act, row, AlertState.SUBMITTED, AlertEvent.SUBMITTED)

        return await self._ground.acts.run(request, work)

    async def give_back(self, request: Request, alert_id: UUID, version: int, reason: ReturnReason) -> Answer:
        """Give a draft back to its authors, with a coded reason."""

        async def work(act: Act) -> Answer:
            row = await locked(act, alert_id, Permission.ALERT_APPROVE, version, self._tree)
            must_be(row, AlertState.SUBMITTED)
            return await self._move(act, row, AlertState.DRAFT, AlertEvent.RETURNED, reason)

        return await self._ground.acts.run(request, work)

    async def withdraw(self, request: Request, alert_id: UUID, version: int) -> Answer:
        """Give a draft up that never went out."""

        async def work(act: Act) -> Answer:
            row = await locked(act, alert_id, Permission.ALERT_DRAFT, version, self._tree)
            must_be(row, *WORKING)
            return await self._move(act, row, AlertState.WITHDRAWN, AlertEvent.WITHDRAWN)

        return await self._ground.acts.run(request, work)

    async def follow_up(self, request: Request, alert_id: UUID, version: int, msg_type: MsgType) -> Answer:
        """Begin an update or a cancel of an issued warning, from its own text. Answers the id of the new draft."""

        async def work(act: Act) -> Answer:
            row = await locked(act, alert_id, Permission.ALERT_DRAFT, version, self._tree)
            _must_stand(row)
            draft = domain.follow_up(draft_of(row), msg_type)
            return await self._insert(act, row["territory_id"], draft, msg_type, alert_id)

        return await self._ground.acts.run(request, work)

    async def approve(self, request: Request, alert_id: UUID, version: int) -> Answer:
        """Release a warning: check it once more, sign it, and end the one it follows.

        Raises Forbidden for anybody who wrote in it, InvalidInput with every broken rule.
        """

        async def work(act: Act) -> Answer:
            earlier = await self._earlier(act, alert_id)
            row = await locked(act, alert_id, Permission.ALERT_APPROVE, version, self._tree)
            must_be(row, AlertState.SUBMITTED)
            if act.actor.id in row["authors"]:
                raise Forbidden("You wrote in this alert: somebody else must release it.", rule="second_person")
            if earlier is not None:
                _must_stand(earlier)
            issued = await self._issue(act, row, earlier)
            answer = self._done(act, AlertEvent.ISSUED, issued)
            if earlier is not None:
                ended = await store.end(act.connection, earlier["id"], alert_id, act.actor.id, act.now)
                act.events.append(event(act, AlertEvent.ENDED, ended))
            return answer

        return await self._ground.acts.run(request, work)

    async def _earlier(self, act: Act, alert_id: UUID) -> store.Record | None:
        row = await store.alert(act.connection, alert_id)
        if row is None or row["follows"] is None:
            return None
        return await store.lock_alert(act.connection, row["follows"])

    async def _issue(self, act: Act, row: store.Record, earlier: store.Record | None) -> store.Record:
        draft, ground = draft_of(row), self._ground
        self._check(act, draft)
        heading = domain.Heading(
            identifier=str(row["id"]),
            sender=ground.sender or UNSET_SENDER,
            sender_name=ground.sender_name,
            sent=act.now.replace(microsecond=0),
            msg_type=MsgType(row["msg_type"]),
            references=() if earlier is None else _references(earlier),
        )
        message = domain.compose(draft, heading, grounds_of(draft.territory_ids, self._tree))
        # In a thread: the first signature of a centre makes its key, which takes a while.
        xml = await asyncio.to_thread(ground.signer.sign, tree_of(message), act.now)
        read(xml)  # the schema has the last word: an invalid message never goes out
        values: dict[str, Any] = {
            "sent": heading.sent,
            "identifier": heading.identifier,
            "sender": heading.sender,
            "effective_at": draft.effective or heading.sent,
            "summary": summary_of(message),
            "xml": xml,
            "fingerprint": ground.signer.fingerprint(act.now),
            "approved_by": act.actor.id,
            "now": act.now,
        }
        return await store.issue(act.connection, row["id"], values)

    def _check(self, act: Act, draft: Draft) -> None:
        ground = self._ground
        found = domain.problems(draft, act.now, is_training=ground.is_training, has_sender=ground.sender is not None)
        if found:
            problems = [{"code": p.code.value, "field": p.field, "problem": p.message} for p in found]
            raise InvalidInput(found[0].message, field=found[0].field, problems=problems)

    async def _insert(
        self, act: Act, territory_id: int, draft: Draft, msg_type: MsgType, follows: UUID | None
    ) -> Answer:
        alert_id = uuid7()
        values = self._coded(draft, msg_type) | {
            "id": alert_id,
            "state": AlertState.DRAFT.value,
            "territory_id": territory_id,
            "identifier": str(alert_id),
            "sender": self._ground.sender or UNSET_SENDER,
            "msg_type": msg_type.value,
            "scope": Scope.PUBLIC.value,
            "follows": follows,
            "authors": [act.actor.id],
            "recorded_at": act.now,
            "updated_by": act.actor.id,
        }
        if follows is not None and (other := await store.working_follow_up(act.connection, follows)) is not None:
            raise await conflict(act, other)
        await store.insert(act.connection, values)
        row = await store.alert(act.connection, alert_id)
        assert row is not None
        return self._done(act, AlertEvent.DRAFTED, row, 201)

    def _coded(self, draft: Draft, msg_type: MsgType) -> dict[str, Any]:
        """Return the columns of a draft; its summary is what the message would say."""
        ground = self._ground
        heading = domain.Heading("-", "-", ground.sender_name, ground.clock.now(), msg_type)
        message = domain.compose(draft, heading, grounds_of(draft.territory_ids, self._tree))
        return {
            "status": draft.status.value,
            "category": draft.category.value,
            "urgency": draft.urgency.value,
            "severity": draft.severity.value,
            "certainty": draft.certainty.value,
            "effective_at": draft.effective,
            "onset_at": draft.onset,
            "expires_at": draft.expires,
            "summary": summary_of(message),
            "draft": to_json(draft),
        }

    async def _move(
        self, act: Act, row: store.Record, state: AlertState, type_: AlertEvent, reason: ReturnReason | None = None
    ) -> Answer:
        word = None if reason is None else reason.value
        moved = await store.set_state(act.connection, row["id"], state.value, act.actor.id, act.now, word)
        return self._done(act, type_, moved)

    def _done(self, act: Act, type_: AlertEvent, row: store.Record, status: int = 200) -> Answer:
        act.events.append(event(act, type_, row))
        return Answer(status, {"id": str(row["id"]), "state": row["state"], "version": row["version"]})

    @property
    def _tree(self) -> TerritoryTree:
        return self._ground.territories()


def _must_stand(row: store.Record) -> None:
    must_be(row, AlertState.ISSUED)
    if row["ended_by"] is not None or row["msg_type"] == MsgType.CANCEL:
        raise NotPossibleNow("This alert is over: a later message updated or cancelled it.", state="ended")


def _references(earlier: store.Record) -> tuple[Reference, ...]:
    """Return the earlier message and those it was about itself: a receiver may have missed one of them."""
    before = read_references(read(earlier["xml"]).references)
    last = Reference(earlier["sender"], earlier["identifier"], cap_time(earlier["sent"]))
    return (*before, last)[-REFERENCES_MAX:]
