"""The queue of a reviewer, a verdict, and what staff declare of themselves.

A reviewer sees a label, a time, what was looked at and the stated purpose; never name, rank or role of the viewer. Opening
a case is an entry of the log. Nobody judges their own look, that of their superior or that of their subordinate.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from markaz.contracts.reviews import Facts, ReviewEvent, Verdict
from markaz.core import reach
from markaz.core.access.asking import may_review
from markaz.core.access.mark import mark
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow, VersionConflict
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Grant, Permission, Role, territory_filter
from markaz.core.tasks import answer_task, take_task
from markaz.kit.clock import iso
from markaz.kit.ids import plain_id, uuid7
from markaz.programmes.oversight.ground import Ground, event
from markaz.programmes.oversight.reviews import store
from markaz.programmes.oversight.reviews.domain import may_judge
from markaz.programmes.oversight.reviews.sampling import address_hash

JSON = dict[str, Any]
CHANGES_MOST = 20  # of what one person declared, between two draws


class Reviews:
    """The reviews of one centre."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def queue(self, actor: Actor) -> JSON:
        """Return the cases that wait for this reviewer, those due first, and the last ones they judged."""
        territories = territory_filter(actor, Permission.REVIEW_JUDGE, self._ground.territories())
        async with self._ground.database.connection() as connection:
            waiting = await store.open_cases(connection, territories)
            judged = await store.judged_cases(connection, actor.id)
        now = self._ground.clock.now()
        return {
            "items": [_line(row, now) for row in waiting if self._may_judge(actor, row)],
            "judged": [_line(row, now) for row in judged],
        }

    async def case(self, request: Request, case_id: UUID) -> JSON:
        """Return one case with the words of its purpose, and leave the entry of this look."""
        now = self._ground.clock.now()
        async with self._ground.database.transaction() as connection:
            row = self._seen(request.actor, await store.case(connection, case_id))
            shown = _line(row, now)
            async with reach.beyond(connection, "facts and stated purpose of the one look that is judged"):
                shown |= await self._opened(connection, row)
            entry = entry_of(
                request, EntryKind.REVIEW, "review.opened", "review_case", case_id, row["label"],
                territory_id=row["territory_id"],
            )  # fmt: skip
            await append(connection, now, [entry])
        return shown | {"access": mark(request.actor.display_name, now, by="review")}

    async def judge(self, request: Request, case_id: UUID, version: int, verdict: Verdict, reason: str) -> Answer:
        """Give the verdict on a case. Raises NotFound for a case this reviewer may not judge, or that is none."""

        async def work(act: Act) -> Answer:
            row = self._seen(act.actor, await store.lock_case(act.connection, case_id))
            if row["version"] != version:
                raise VersionConflict("Somebody judged this case first: look again.", current_version=row["version"])
            if row["verdict"] is not None:
                raise NotPossibleNow("This case has its verdict.")
            reason_id = uuid7()
            await self._ground.sealer.store(act.connection, reason_id, {"reason": reason})
            after = await store.write_verdict(act.connection, case_id, verdict, reason_id, act.actor.id, act.now)
            task_version = await take_task(act, row["task_id"], row["task_version"])
            await answer_task(act, row["task_id"], task_version, verdict, reason_id)
            payload: JSON = {"label": row["label"], "verdict": verdict.value}
            act.events.append(event(act, ReviewEvent.JUDGED, case_id, row["territory_id"], payload))
            act.entries.append(
                entry_of(
                    request, EntryKind.REVIEW, "review.judged", "review_case", case_id, row["label"],
                    territory_id=row["territory_id"], details={"verdict": verdict.value},
                )
            )  # fmt: skip
            return Answer(200, {"id": str(case_id), "version": after})

        return await self._ground.acts.run(request, work)

    async def declare(self, request: Request, territory_id: int | None, address: str | None) -> None:
        """Keep what somebody declares of themselves: home neighbourhood and a keyed hash of the home address.

        Raises InvalidInput, or NotPossibleNow for who has changed it often since the last draw.
        """
        tree = self._ground.territories()
        if territory_id is not None and (tree.current(territory_id) is None or tree.children(territory_id)):
            raise InvalidInput("Name the smallest territory you live in.", field="home_territory_id")
        hashed = None if address is None else address_hash(self._ground, address)
        await self._change_declared(request, (territory_id, hashed))

    async def declared(self, actor: Actor) -> JSON:
        """Return what somebody declared of themselves; of an address only that there is one."""
        async with self._ground.database.connection() as connection:
            row = await store.declared(connection, actor.id)
        if row is None:
            return {"home_territory_id": None, "has_address": False, "declared_at": None}
        return {
            "home_territory_id": row["home_territory_id"],
            "has_address": row["has_address"],
            "declared_at": iso(row["declared_at"]),
        }

    async def withdraw(self, request: Request) -> None:
        """Take back what somebody declared: it counts until the draw of that day, then it is forgotten. Raises as declare."""
        await self._change_declared(request, None)

    async def _change_declared(self, request: Request, wanted: tuple[int | None, bytes | None] | None) -> None:
        now, account_id = self._ground.clock.now(), request.actor.id
        async with self._ground.database.transaction() as connection:
            row = await store.lock_declared(connection, account_id)
            held = None if row is None else (row["home_territory_id"], row["address_hash"])
            if held is None and wanted is None:
                return
            if held is not None and held != wanted:
                if await store.count_withdrawn(connection, account_id) >= CHANGES_MOST:
                    raise NotPossibleNow("You have changed this often today: it can be changed again tomorrow.")
                await store.keep_withdrawn(connection, account_id, now)
            if wanted is None:
                await store.withdraw(connection, account_id)
            else:
                await store.declare(connection, account_id, *wanted, now)
            action = "declared.withdrawn" if wanted is None else "declared.stated"
            details = {"facts": _classes(wanted), "before": _classes(held)}
            entry = entry_of(request, EntryKind.REVIEW, action, "account", account_id, "declared", details=details)
            await append(connection, now, [entry])

    def _seen(self, actor: Actor, row: store.Record | None) -> store.Record:
        territories = territory_filter(actor, Permission.REVIEW_JUDGE, self._ground.territories())
        if row is None or row["territory_id"] not in territories or not self._may_judge(actor, row):
            raise NotFound("There is no such case for you to judge.", what="review_case")
        return row

    def _may_judge(self, actor: Actor, row: store.Record) -> bool:
        viewer = _grants([*orjson.loads(row["roles"]), *orjson.loads(row["grants"])])  # as they were, and as they are
        viewer_id = plain_id(row["viewer_id"])
        tree = self._ground.territories()
        in_line = not may_judge(actor.id, actor.grants, viewer_id, viewer, tree)
        return may_review(actor, row["id"], row["territory_id"], tree, self._ground.clock.now(), in_line=in_line)

    async def _opened(self, connection: Connection, row: store.Record) -> JSON:
        facts: Facts | None = None
        if row["record_kind"] == "incident" and row["record_id"] is not None:
            facts = (await self._ground.looked_at.facts(connection, [row["record_id"]])).get(row["record_id"])
        purpose = None
        if row["purpose_id"] is not None:
            stated = await self._ground.purposes.stated(connection, [row["purpose_id"]])
            found = stated.get(row["purpose_id"])
            purpose = {"text": None if found is None else found.text, "erased": found is None or found.text is None}
        return {"purpose": purpose, "incident": None if facts is None else _facts(facts), "relation": _relation(row)}


def _classes(declared: tuple[int | None, bytes | None] | None) -> list[str]:
    """Return which facts are declared, by their class: never what they say."""
    names = ("home_territory", "home_address")
    return [name for name, value in zip(names, declared or (None, None), strict=True) if value is not None]


def _line(row: store.Record, now: datetime) -> JSON:
    return {
        "id": str(row["id"]),
        "label": row["label"],
        "day": row["day"].isoformat(),
        "at": None if row["at"] is None else _minute(row["at"]),
        "kind": row["kind"],
        "action": row["action"],
        "record_kind": row["record_kind"],
        "has_purpose": row["purpose_id"] is not None,
        "is_random": row["is_random"],
        "questions": list(row["questions"]),
        "due_at": iso(row["due_at"]),
        "is_overdue": row["verdict"] is None and row["due_at"] < now,
        "verdict": row["verdict"],
        "version": row["version"],
    }


def _minute(at: datetime) -> str:
    """Return a time no finer than a reviewer needs: the full one would find the entry, and who looked, in other lists."""
    return iso(at.replace(second=0, microsecond=0))


def _facts(facts: Facts) -> JSON:
    return {
        "category": facts.category,
        "priority": facts.priority,
        "status": facts.status,
        "received_at": _minute(facts.received_at),
        "territory_id": facts.territory_id,
    }


def _relation(row: store.Record) -> str | None:
    """Return how the viewer stood to the record, where the entry says so; a code that names nobody."""
    details = orjson.loads(row["details"]) if row["details"] is not None else {}
    relation = details.get("by")
    return relation if isinstance(relation, str) else None


def _grants(roles: Sequence[str]) -> list[Grant]:
    """Return `role@territory` as grants; a role that is no more stands in no line of command."""
    found = []
    for text in roles:
        role, _, territory = text.partition("@")
        if role in {known.value for known in Role} and territory.isdigit():
            found.append(Grant(Role(role), int(territory)))
    return found
