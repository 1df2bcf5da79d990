"""Draws the sample of each day that has ended: once, by a rule that anybody can follow afterwards.

The centre itself compares the names and addresses in the records of the day with what is declared of their viewers. It
keeps the question, never what was compared; that it compared is an entry of the log. What a viewer took back since the last
draw is compared too, and forgotten once the day is drawn on which it was taken back: so nobody looks in between.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import orjson

from markaz.contracts.reviews import NamedPerson, Question, ReviewEvent
from markaz.core.acts import Act, Answer, entry_of
from markaz.core.db.pool import Connection
from markaz.core.log.entry import EntryKind
from markaz.core.places.fold import tokens
from markaz.core.tasks import NewTask, open_task
from markaz.kit.ids import plain_id, uuid7
from markaz.programmes.oversight.ground import CENTRE, Ground, event
from markaz.programmes.oversight.reviews import store
from markaz.programmes.oversight.reviews.domain import (
    RULE,
    Drawn,
    Look,
    Sample,
    Viewer,
    draw,
    families_of,
    lot,
    night_bursts,
    questions_of,
    seed_of,
)

SETTLE = timedelta(minutes=10)  # longer than any transaction lives, so that no entry of the day is still on its way
DAYS_AT_ONCE = 7  # after a long stop the next runs catch up
RECORDS_AT_ONCE = 500
WORKING_DAYS = 10  # [assumption] within which a case is judged
LABEL_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another
LABEL_LENGTH = 8
TASK_KIND = "review"


class Sampling:
    """Draws samples. `at_random` looks a day, and at most `at_most_asked` more that raise a question."""

    def __init__(self, ground: Ground, *, at_random: int, at_most_asked: int) -> None:
        self._ground = ground
        self._at_random = at_random
        self._at_most_asked = at_most_asked

    async def draw_due(self) -> int:
        """Draw every day that has ended and was not drawn, up to seven, and return how many."""
        today = (self._ground.clock.now() - SETTLE).astimezone(self._ground.zone).date()
        async with self._ground.database.connection() as connection:
            last = await store.last_sample(connection)
            first = await store.first_look(connection)
        if first is None:
            return 0
        day = first.astimezone(self._ground.zone).date() if last is None else last + timedelta(days=1)
        drawn = 0
        while day < today and drawn < DAYS_AT_ONCE:
            drawn += await self.draw_day(day)
            day += timedelta(days=1)
        return drawn

    async def draw_day(self, day: date) -> bool:
        """Draw one day; False when it was drawn already."""
        start, end = self.bounds(day)
        async with self._ground.database.snapshot() as connection:
            size = await store.log_size(connection, end)
            root = await self._ground.roots.root_at(connection, size)
            seed = seed_of(day, root, size)
            leaves = await store.leaves(connection, start, end)
            rows = await store.looks(connection, start, end, lot(leaves, seed, self._at_random))
            withdrawn = await store.withdrawn(connection)
            looks, compared = await self._asked(connection, rows, withdrawn)
            sample = draw(looks, seed, at_random=self._at_random, at_most_asked=self._at_most_asked, leaves=leaves)
            places = await self._places(connection, sample)

        over = [row["id"] for row in withdrawn if row["ended_at"] < end]

        async def work(act: Act) -> Answer:
            answer = await self._keep(act, day, sample, places, (size, root, len(leaves), compared))
            await store.forget_withdrawn(act.connection, over)
            return answer

        answer = await self._ground.acts.run(CENTRE, work)
        return bool(answer.body["drawn"])

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return the first moment of a local day and of the one after it."""
        start = datetime.combine(day, time(), self._ground.zone)
        return start, datetime.combine(day + timedelta(days=1), time(), self._ground.zone)

    async def _places(self, connection: Connection, sample: Sample) -> dict[int, int]:
        """Return the territory of each drawn look by its entry; the top for what belongs to no other."""
        looks = [one.look for one in sample.drawn]
        top, places = self._ground.top(), {}
        facts = await self._ground.looked_at.facts(connection, [look.record_id for look in looks if look.record_id])
        for look in looks:
            found = None if look.record_id is None else facts.get(look.record_id)
            places[look.entry_id] = look.territory_id or (top if found is None else found.territory_id)
        return places

    async def _keep(
        self, act: Act, day: date, sample: Sample, places: Mapping[int, int], log: tuple[int, bytes, int, int]
    ) -> Answer:
        size, root, looks, compared = log
        at_random = sum(one.probability is not None for one in sample.drawn)
        asked = len(sample.drawn) - at_random
        values = (day, act.now, RULE, size, root, looks, at_random, asked, sample.left_out)
        if not await store.insert_sample(act.connection, values):
            return Answer(200, {"drawn": False})
        for one in sample.drawn:
            await self._open(act, day, one, places[one.look.entry_id])
        public = {
            "day": day.isoformat(),
            "rule": RULE,
            "log_size": size,
            "log_root": root.hex(),
            "looks": looks,
            "drawn": at_random,
            "asked": asked,
            "left_out": sample.left_out,
        }
        id_, top = uuid7(), self._ground.top()
        act.events.append(event(act, ReviewEvent.SAMPLED, id_, top, public))
        details = {"records_compared": compared}
        act.entries.append(
            entry_of(
                CENTRE, EntryKind.REVIEW, "review.sampled", "review_sample", id_, day.isoformat(),
                territory_id=top, details=details, public=public,
            )
        )  # fmt: skip
        return Answer(200, {"drawn": True})

    async def _open(self, act: Act, day: date, one: Drawn, territory_id: int) -> None:
        case_id = uuid7()
        label = "".join(secrets.choice(LABEL_LETTERS) for _ in range(LABEL_LENGTH))
        task_id = await open_task(act, NewTask(TASK_KIND, "review_case", case_id, territory_id, WORKING_DAYS))
        await store.insert_case(act.connection, case_id, label, day, one, territory_id, task_id)

    async def _asked(
        self, connection: Connection, rows: Sequence[store.Record], withdrawn: Sequence[store.Record]
    ) -> tuple[list[Look], int]:
        """Return the looks with the questions they raise, and how many records were compared for that."""
        looks = [_look(row) for row in rows]
        stated = await self._ground.purposes.questions(connection, {row["purpose_id"] for row in rows} - {None})
        bursts = night_bursts(looks, self._ground.zone)
        looks = _once_a_day(
            replace(
                look,
                questions=look.questions
                | stated.get(row["purpose_id"], frozenset())
                | (frozenset({Question.NIGHT_BURST}) if look.leaf in bursts else frozenset()),
            )
            for look, row in zip(looks, rows, strict=True)
        )
        return await self._compared(connection, looks, withdrawn)

    async def _compared(
        self, connection: Connection, looks: list[Look], withdrawn: Sequence[store.Record]
    ) -> tuple[list[Look], int]:
        viewers, names = _staff(await store.staff(connection), withdrawn)
        by_record: dict[UUID, list[int]] = defaultdict(list)
        for at, look in enumerate(looks):
            if look.record_id is not None and look.record_kind == "incident" and look.viewer_id in viewers:
                by_record[look.record_id].append(at)
        records = list(by_record)
        for some in (records[at : at + RECORDS_AT_ONCE] for at in range(0, len(records), RECORDS_AT_ONCE)):
            people = await self._ground.looked_at.people(connection, some)
            places = await self._ground.looked_at.facts(connection, some)
            for record_id in some:
                folded = self._folded(people.get(record_id, ()))
                place = places[record_id].territory_id if record_id in places else None
                # Whom a look reached changes only with what is moved, so a viewer's later looks are mostly like the first.
                asked: dict[UUID, set[Question]] = defaultdict(set)
                compared: set[tuple[UUID, tuple[int, ...]]] = set()
                for at in by_record[record_id]:
                    viewer_id = looks[at].viewer_id
                    there = tuple(n for n, (one, _) in enumerate(folded) if one.was_there(looks[at].at))
                    if (viewer_id, there) in compared:
                        continue
                    compared.add((viewer_id, there))
                    colleagues = (name for id_, name in names.items() if id_ != viewer_id)
                    reached = [folded[n][1] for n in there]
                    found = questions_of(viewers[viewer_id], colleagues, reached, place) - asked[viewer_id]
                    asked[viewer_id] |= found
                    looks[at] = replace(looks[at], questions=looks[at].questions | found)
        return looks, len(by_record)

    def _folded(self, people: Iterable[NamedPerson]) -> list[tuple[NamedPerson, tuple[list[str], bytes | None]]]:
        return [
            (one, (tokens(one.name), address_hash(self._ground, one.address) if one.address else None))
            for one in people
        ]


def address_hash(ground: Ground, address: str) -> bytes | None:
    """Return the keyed hash of an address, whatever the order and spelling of its words; None without a word."""
    words = sorted(set(tokens(address)))
    return ground.sealer.word_hash("home_address", " ".join(words)) if words else None


def _look(row: store.Record) -> Look:
    details = orjson.loads(row["details"])
    own = {
        question for question in (Question.SELF_OPENED, Question.EDITED_BEFORE) if details.get(question.value) is True
    }
    if row["kind"] == EntryKind.BREAK_GLASS:
        own.add(Question.BROKEN_GLASS)
    return Look(
        entry_id=row["id"],
        leaf=row["leaf"],
        at=row["at"],
        viewer_id=plain_id(row["actor_id"]),
        record_kind=row["record_kind"],
        record_id=None if row["record_id"] is None else plain_id(row["record_id"]),
        territory_id=row["territory_id"],
        questions=frozenset(own),
    )


def _once_a_day(looks: Iterable[Look]) -> list[Look]:
    """Keep a question at the first look of a viewer at a record: thirty looks of one night are one case."""
    seen: set[tuple[UUID, UUID | None, Question]] = set()
    kept = []
    for look in looks:
        keys = {(look.viewer_id, look.record_id, question) for question in look.questions}
        kept.append(replace(look, questions=frozenset(key[2] for key in keys - seen)))
        seen |= keys
    return kept


def _staff(
    rows: Iterable[store.Record], withdrawn: Iterable[store.Record]
) -> tuple[Mapping[UUID, Viewer], Mapping[UUID, frozenset[str]]]:
    """Return the viewers, and the words of their names. What was taken back counts as what stands."""
    viewers, names = {}, {}
    before: dict[UUID, list[store.Record]] = defaultdict(list)
    for row in withdrawn:
        before[plain_id(row["account_id"])].append(row)
    for row in rows:
        words = tokens(row["display_name"])
        id_ = plain_id(row["id"])
        names[id_] = frozenset(words)
        declared = (row, *before[id_])
        viewers[id_] = Viewer(
            families_of(words),
            frozenset(one["address_hash"] for one in declared if one["address_hash"] is not None),
            frozenset(one["home_territory_id"] for one in declared if one["home_territory_id"] is not None),
        )
    return viewers, names
