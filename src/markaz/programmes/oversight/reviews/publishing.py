"""The misuse rate of a quarter: worked out from the random stratum, published by an act, never taken back.

A further version may follow when more cases were judged; the earlier ones stay. What is published says how much was not
judged, which days have no sample, and from which log each day was drawn, so that others can draw it again. A quarter that
is over is asked for: a task with a clock, closed by the publication, and named in the open until then.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import orjson

from markaz.contracts.reviews import ReviewEvent, Verdict
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Permission, require
from markaz.core.tasks import NewTask, answer_task, open_task, take_task
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.oversight.ground import CENTRE, Ground, event
from markaz.programmes.oversight.reviews import store
from markaz.programmes.oversight.reviews.estimate import CONFIDENCE, METHOD, Judged, estimate
from markaz.programmes.oversight.reviews.quarters import bounds_of, days_to_publish, quarters_between

JSON = dict[str, Any]
SAMPLES_SHOWN_DAYS = 100
TASK_KIND = "misuse_rate"
SETTLED_AFTER = timedelta(hours=1)  # then the sample of the quarter's last day is drawn


class Publishing:
    """Works out and publishes misuse rates."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def published(self) -> JSON:
        """Return the newest version of each published quarter, and which are over and not published; anybody may read it.

        `due_at` is None while the task of a quarter is not made yet: for less than an hour after its end.
        """
        now = self._ground.clock.now()
        async with self._ground.database.connection() as connection:
            rows = await store.rates(connection)
            awaited = await self._awaited(connection)
            due = await store.duties(connection)
        return {
            "awaited": [_awaited_view(quarter, due.get(quarter), now) for quarter in reversed(awaited)],
            "quarters": [
                {
                    "quarter": row["quarter"],
                    "version": row["version"],
                    "published_at": iso(row["published_at"]),
                    **orjson.loads(row["document"]),
                }
                for row in rows
            ],
        }

    async def ask_due(self) -> int:
        """Open the task to publish each quarter that is over, was not published and has none yet; return how many."""
        async with self._ground.database.connection() as connection:
            if not await self._not_asked(connection):
                return 0

        async def work(act: Act) -> Answer:
            await store.lock_rates(act.connection)
            wanted = await self._not_asked(act.connection)
            for quarter in wanted:
                task = NewTask(TASK_KIND, TASK_KIND, None, self._ground.top(), days_to_publish())
                await store.insert_duty(act.connection, quarter, await open_task(act, task))
            return Answer(200, {"asked": len(wanted)})

        return int((await self._ground.acts.run(CENTRE, work)).body["asked"])

    async def preview(self, actor: Actor, quarter: str) -> JSON:
        """Return what a quarter's document would say now."""
        self._at_the_top(actor, Permission.REVIEW_READ)
        async with self._ground.database.connection() as connection:
            return {"quarter": quarter, "is_over": self._is_over(quarter), **await self._document(connection, quarter)}

    async def samples(self, actor: Actor) -> JSON:
        """Return the samples of the last hundred days and how far they are judged."""
        self._at_the_top(actor, Permission.REVIEW_READ)
        today = self._ground.clock.now().astimezone(self._ground.zone).date()
        start = today - timedelta(days=SAMPLES_SHOWN_DAYS)
        async with self._ground.database.connection() as connection:
            rows = await store.samples(connection, start, today + timedelta(days=1))
        return {"items": [_sample(row) | {"cases": row["cases"], "judged": row["judged"]} for row in rows]}

    async def publish(self, request: Request, quarter: str) -> Answer:
        """Publish a quarter's rate and close its task. Raises NotPossibleNow while it runs, InvalidInput without a verdict.

        Where nothing was drawn, or every verdict says that it cannot be told, that is what is published.
        """
        self._at_the_top(request.actor, Permission.REVIEW_PUBLISH)

        async def work(act: Act) -> Answer:
            if not self._is_over(quarter):
                raise NotPossibleNow("This quarter is not over yet.")
            await store.lock_rates(act.connection)
            document = await self._document(act.connection, quarter)
            if 0 < document["figures"]["drawn"] == document["figures"]["not_judged"]:
                raise InvalidInput("Nothing drawn at random in this quarter has a verdict.", field="quarter")
            version = await store.insert_rate(act.connection, quarter, act.now, act.actor.id, document)
            duty = await store.duty(act.connection, quarter)
            if duty is not None:
                taken = await take_task(act, duty["id"], duty["version"])
                await answer_task(act, duty["id"], taken, "published", None)
            figures = document["figures"]
            public = {name: figures[name] for name in ("drawn", "in_order", "misuse", "cannot_tell", "not_judged")}
            public |= {"quarter": quarter, "version": version}
            id_, top = uuid7(), self._ground.top()
            act.events.append(event(act, ReviewEvent.PUBLISHED, id_, top, public))
            act.entries.append(
                entry_of(
                    request, EntryKind.REVIEW, "review.rate_published", "misuse_rate", id_, quarter,
                    territory_id=top, public=public,
                )
            )  # fmt: skip
            return Answer(201, {"quarter": quarter, "version": version})

        return await self._ground.acts.run(request, work)

    async def _document(self, connection: Connection, quarter: str) -> JSON:
        start, end = bounds_of(quarter)
        samples = await store.samples(connection, start, end)
        cases = await store.verdicts(connection, start, end)
        drawn = [
            Judged(row["probability"], None if row["verdict"] is None else Verdict(row["verdict"]))
            for row in cases
            if row["probability"] is not None
        ]
        asked = [row["verdict"] for row in cases if row["questions"]]
        have = {row["day"] for row in samples}
        days = [start + timedelta(days=n) for n in range((end - start).days)]
        return {
            "from": start.isoformat(),
            "to": (end - timedelta(days=1)).isoformat(),
            "method": METHOD,
            "confidence": CONFIDENCE,
            "figures": asdict(estimate(drawn)),
            # Looks that raised a question say nothing about how often; they are counted apart.
            "asked": {name.value: asked.count(name) for name in Verdict} | {"not_judged": asked.count(None)},
            "days_without_sample": [day.isoformat() for day in days if day not in have],
            "samples": [_sample(row) for row in reversed(samples)],
        }

    async def _awaited(self, connection: Connection) -> list[str]:
        """Return the quarters since the first sample that are over and not published, the oldest first."""
        first = await store.first_sample(connection)
        if first is None:
            return []
        done = await store.published_quarters(connection)
        now = (self._ground.clock.now() - SETTLED_AFTER).astimezone(self._ground.zone).date()
        return [quarter for quarter in quarters_between(first, now) if quarter not in done]

    async def _not_asked(self, connection: Connection) -> list[str]:
        asked = await store.duties(connection)
        return [quarter for quarter in await self._awaited(connection) if quarter not in asked]

    def _is_over(self, quarter: str) -> bool:
        end = bounds_of(quarter)[1]
        zone = self._ground.zone
        return self._ground.clock.now() >= datetime(end.year, end.month, end.day, tzinfo=zone) + SETTLED_AFTER

    def _at_the_top(self, actor: Actor, permission: Permission) -> None:
        require(actor, permission, self._ground.top(), self._ground.territories())


def _awaited_view(quarter: str, due_at: datetime | None, now: datetime) -> JSON:
    start, end = bounds_of(quarter)
    return {
        "quarter": quarter,
        "from": start.isoformat(),
        "to": (end - timedelta(days=1)).isoformat(),
        "due_at": None if due_at is None else iso(due_at),
        "is_overdue": due_at is not None and due_at < now,
    }


def _sample(row: store.Record) -> JSON:
    return {
        "day": row["day"].isoformat(),
        "rule": row["rule"],
        "log_size": row["log_size"],
        "log_root": bytes(row["log_root"]).hex(),
        "looks": row["looks"],
        "drawn": row["drawn"],
        "asked": row["asked"],
        "left_out": row["left_out"],
    }
