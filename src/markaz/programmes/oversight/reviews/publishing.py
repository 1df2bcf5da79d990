"""The misuse rate of a quarter: worked out from the random stratum, published by an act, never taken back.

A further version may follow when more cases were judged; the earlier ones stay. What is published says how much was not
judged, which days have no sample, and from which log each day was drawn, so that others can draw it again.
"""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from markaz.contracts.reviews import ReviewEvent, Verdict
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Permission, require
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.oversight.ground import Ground, event
from markaz.programmes.oversight.reviews import store
from markaz.programmes.oversight.reviews.estimate import CONFIDENCE, METHOD, Judged, estimate

JSON = dict[str, Any]
SAMPLES_SHOWN_DAYS = 100


class Publishing:
    """Works out and publishes misuse rates."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def published(self) -> JSON:
        """Return the newest version of each published quarter; anybody may read it."""
        async with self._ground.database.connection() as connection:
            rows = await store.rates(connection)
        return {
            "quarters": [
                {
                    "quarter": row["quarter"],
                    "version": row["version"],
                    "published_at": iso(row["published_at"]),
                    **orjson.loads(row["document"]),
                }
                for row in rows
            ]
        }

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
        """Publish a quarter's rate. Raises NotPossibleNow while the quarter runs, InvalidInput without any verdict."""
        self._at_the_top(request.actor, Permission.REVIEW_PUBLISH)

        async def work(act: Act) -> Answer:
            if not self._is_over(quarter):
                raise NotPossibleNow("This quarter is not over yet.")
            document = await self._document(act.connection, quarter)
            if document["figures"]["rate"] is None:
                raise InvalidInput("Nothing drawn at random in this quarter has a verdict.", field="quarter")
            version = await store.insert_rate(act.connection, quarter, act.now, act.actor.id, document)
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

    def _is_over(self, quarter: str) -> bool:
        end = bounds_of(quarter)[1]
        zone = self._ground.zone
        return self._ground.clock.now() >= datetime(end.year, end.month, end.day, tzinfo=zone) + timedelta(hours=1)

    def _at_the_top(self, actor: Actor, permission: Permission) -> None:
        require(actor, permission, self._ground.top(), self._ground.territories())


def bounds_of(quarter: str) -> tuple[date, date]:
    """Return the first day of a quarter such as 2026-Q3, and of the one after it."""
    year, number = int(quarter[:4]), int(quarter[-1])
    after = (year + 1, 1) if number == 4 else (year, 3 * number + 1)
    return date(year, 3 * number - 2, 1), date(*after, 1)


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
