"""The one way to a person's data: decide and open as of one moment, enter it into the log, and only then show it.

A look that nobody is assigned to answers with `PurposeRequired`, or, where a page also holds other things, with what was
refused and why. Nothing else in the code reads a sealed field for somebody's eyes.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.access import store
from markaz.core.access.decision import Decider, Decision
from markaz.core.access.mark import mark
from markaz.core.access.model import (
    Action,
    Context,
    DataClass,
    GlassBroken,
    Land,
    PurposeHeld,
    Question,
    RecordKind,
    Resource,
    Subject,
    within,
)
from markaz.core.access.purposes import Purpose, PurposeRequired, active_purpose
from markaz.core.access.residual import Listing, Where
from markaz.core.access.standing import Incidents, Relation, Standing
from markaz.core.acts import Act, Request, entry_of
from markaz.core.db.pool import Connection, Database
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.log.grouping import Group
from markaz.core.permissions import Actor
from markaz.core.sealing import Sealer
from markaz.core.territories.model import LANGUAGES
from markaz.kit.clock import Clock, iso
from markaz.kit.ids import plain_id

JSON = dict[str, Any]
Opened = dict[UUID, dict[str, str] | None]


@dataclass(frozen=True, slots=True)
class Found:
    """What was decided of one class of data of one record. `by` is a relation, `office`, `purpose`, `glass` or empty."""

    standing: Standing
    data_class: DataClass
    decision: Decision
    question: Question
    by: str = ""
    purpose: Purpose | None = None
    glass_id: UUID | None = None
    until: datetime | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be shown."""
        return self.decision.allowed


@dataclass(slots=True)
class Look:
    """One look under way. Read rows with `connection`; what is opened is noted and written to the log at the end."""

    connection: Connection
    request: Request
    now: datetime
    _looking: "Looking"
    _entries: list[Entry] = field(default_factory=list)
    _purpose: Purpose | None = None
    _purpose_known: bool = False

    async def may(self, standing: Standing, data_class: DataClass, action: Action = Action.VIEW) -> Found:
        """Decide about one class of data of a record; nothing is raised and nothing is noted."""
        question = self._question(standing, data_class, action)
        decision = self._looking.decider.decide(question)
        if decision.allowed:
            by = standing.relations[0].value if standing.relations else "office"
            return Found(standing, data_class, decision, question, by)
        purpose = await self._active()
        if purpose is not None:
            question = replace(question, context=replace(question.context, purpose=self._held(purpose, standing.kind)))
            decision = self._looking.decider.decide(question)
            if decision.allowed:
                return Found(standing, data_class, decision, question, "purpose", purpose, until=purpose.ends_at)
        glass = await self._open_glass(standing)
        if glass is None:
            return Found(standing, data_class, decision, question)
        broken = GlassBroken(plain_id(self.request.actor.id), plain_id(standing.id), glass["ends_at"])
        question = replace(question, context=replace(question.context, glass=broken))
        decision = self._looking.decider.decide(question)
        if not decision.allowed:
            return Found(standing, data_class, decision, question)
        return Found(standing, data_class, decision, question, "glass", None, glass["id"], glass["ends_at"])

    async def where(self, listing: Listing, data_class: DataClass, action: Action, *, first: int) -> Where:
        """Return which rows of a query `may` would allow, as a condition with parameters numbered from `first`."""
        land, purpose, account = self._looking.territories(), await self._active(), plain_id(self.request.actor.id)
        held = None if purpose is None else self._held(purpose, listing.kind)
        broken = await store.open_glasses(self.connection, account, listing.kind.value, self.now)
        glasses = [GlassBroken(account, plain_id(row["record_id"]), row["ends_at"]) for row in broken]
        found: list[Where] = []
        for glass in (None, *glasses):
            context = Context(self.now, held, glass)
            at = first + sum(len(one.parameters) for one in found)
            found.append(listing.where(self._subject(), action, data_class, context, land, first=at))
        sql = " OR ".join(one.sql for one in found)
        return Where(f"({sql})", tuple(value for one in found for value in one.parameters))

    async def need(self, standing: Standing, data_class: DataClass, action: Action = Action.VIEW) -> Found:
        """Do the same. Raises PurposeRequired where it may not be shown."""
        found = await self.may(standing, data_class, action)
        if not found.allowed:
            raise PurposeRequired(
                "This is not assigned to you: take it over, say what you need it for, or break the glass.",
                record_kind=standing.log_kind,
                record_id=str(standing.id),
                data_class=data_class.value,
            )
        return found

    async def read(
        self,
        found: Iterable[Found],
        action: str,
        sealed_ids: Iterable[UUID],
        kind: EntryKind = EntryKind.VIEW,
        about: Callable[[Opened], Iterable[UUID]] | None = None,
    ) -> Opened:
        """Open sealed records of what was allowed, and note it under `action`.

        `about` returns which incidents the opened texts of a paper are about: a look at them is a look at those too.
        """
        opened = await self._looking.sealer.read(self.connection, sealed_ids)
        self.note(found, action, kind, () if about is None else about(opened))
        return opened

    async def read_file(self, found: Found, action: str, sealed_id: UUID) -> bytes | None:
        """Open a sealed file of what was allowed, and note it. Returns None for one that is erased or restricted: no look."""
        data = await self._looking.sealer.read_blob(self.connection, sealed_id)
        if data is not None:
            self.note([found], action)
        return data

    def note(
        self, found: Iterable[Found], action: str, kind: EntryKind = EntryKind.VIEW, about: Iterable[UUID] = ()
    ) -> None:
        """Note that what was allowed is shown, and `about` which incidents it is, where the record is none itself.

        It is one entry for each ground on which it was allowed.

        Raises RuntimeError for what was not allowed: that is a fault of ours.
        """
        seen = list(found)
        if not seen or not all(one.allowed for one in seen):
            raise RuntimeError("nothing is shown that was not decided on")
        told = _about(about)
        by_ground: dict[tuple[UUID, str, UUID | None, UUID | None], list[Found]] = {}
        for one in seen:
            # What one purpose shows and what a broken glass shows of the same page are two entries, each with its own why.
            purpose_id = None if one.purpose is None else one.purpose.id
            by_ground.setdefault((one.standing.id, one.by, purpose_id, one.glass_id), []).append(one)
        for same in by_ground.values():
            first = same[0]
            self.trace(kind, action, first.standing, purpose=first.purpose, details=_details(same) | told)

    def trace(
        self,
        kind: EntryKind,
        action: str,
        standing: Standing,
        *,
        purpose: Purpose | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Note an entry about a record; it is written when the look ends well."""
        self._entries.append(
            entry_of(
                self.request,
                kind,
                action,
                standing.log_kind,
                standing.id,
                standing.label,
                territory_id=standing.territory_id,
                purpose_id=None if purpose is None else purpose.id,
                details=details,
            )
        )

    async def purpose(self) -> Purpose | None:
        """Return the purpose of whoever looks that holds now."""
        return await self._active()

    def trace_search(self, action: str, label: str, purpose: Purpose | None, call: Found | None = None) -> None:
        """Note a search that could have found a person, whatever it found; `call` is the one being taken, if it rests on that."""
        purpose_id = None if purpose is None else purpose.id
        # Nothing shows yet that anybody called, so a search that finds nothing is asked about as one that finds somebody.
        details = None if call is None else _details([call])
        entry = entry_of(
            self.request, EntryKind.LOOK_UP, action, "find", None, label, purpose_id=purpose_id, details=details
        )
        self._entries.append(entry)

    def note_found(self, found: Found, record_id: UUID, label: str, territory_id: int, action: str) -> None:
        """Note that a search showed an incident; `found` may rest on another record, such as the call being taken."""
        if not found.allowed:
            raise RuntimeError("nothing is shown that was not decided on")
        self._entries.append(
            entry_of(
                self.request,
                EntryKind.LOOK_UP,
                action,
                "incident",
                record_id,
                label,
                territory_id=territory_id,
                purpose_id=None if found.purpose is None else found.purpose.id,
                details=_details([found]),
            )
        )

    def mark(self, found: Iterable[Found]) -> JSON:
        """Return how a page says what is shown and why: by what, until when, which classes, to whom, when."""
        seen = list(found)
        shown = [one for one in seen if one.allowed]
        refused = [one for one in seen if not one.allowed]
        explained = [self._looking.decider.explain(one.question) for one in refused]
        asks = any(one.asks_purpose for one in explained)
        ends = min((one.until for one in shown if one.until is not None), default=None)
        return mark(
            self.request.actor.display_name,
            self.now,
            by=shown[0].by if shown else None,
            needed=None if not refused else "purpose" if asks else "right",
            classes=(one.data_class.value for one in shown),
            until=ends,
        )

    @property
    def entries(self) -> list[Entry]:
        """What is to be written when the look ends well."""
        return self._entries

    def _question(self, standing: Standing, data_class: DataClass, action: Action) -> Question:
        return question_of(self.request.actor, standing, data_class, action, self._looking.territories(), self.now)

    def _subject(self) -> Subject:
        return _subject(self.request.actor, self._looking.territories())

    def _held(self, purpose: Purpose, kind: RecordKind) -> PurposeHeld:
        below = self._looking.territories().subtree(purpose.territory_id)
        return purpose.held(plain_id(self.request.actor.id), below, kind)

    async def _active(self) -> Purpose | None:
        if not self._purpose_known:
            looking = self._looking
            self._purpose = await active_purpose(self.connection, looking.incidents, self.request.actor, self.now)
            self._purpose_known = True
        return self._purpose

    async def _open_glass(self, standing: Standing) -> store.Record | None:
        if standing.kind is not RecordKind.INCIDENT:
            return None
        account_id = self.request.actor.id
        return await store.open_glass(self.connection, account_id, standing.log_kind, standing.id, self.now)


def question_of(
    actor: Actor, standing: Standing, data_class: DataClass, action: Action, land: Land, now: datetime
) -> Question:
    """Return the question whether an actor may do this with a record, as they stand to it and without a purpose."""
    me = frozenset({plain_id(actor.id)})
    resource = Resource(
        kind=standing.kind,
        record=plain_id(standing.id),
        within=within(land, standing.territory_id),
        is_open=standing.is_open or Relation.WRAP_UP in standing.relations,
        recorded_at=standing.recorded_at,
        workers=me if standing.relations else frozenset(),
        own=frozenset(),  # nothing says yet that a record is about an account of the centre
        colleagues=frozenset(),
        shut_out=me if standing.is_shut_out else frozenset(),
    )
    return Question(_subject(actor, land), action, data_class, resource, Context(now))


def _subject(actor: Actor, land: Land) -> Subject:
    return replace(Subject.of(actor, land), account=plain_id(actor.id))


def _details(found: Sequence[Found]) -> JSON:
    """Return what an entry says of why it could be: codes only."""
    first = found[0]
    standing, purpose = first.standing, first.purpose
    return {
        "by": first.by,
        "classes": ",".join(sorted(one.data_class.value for one in found)),
        "policies": ",".join(sorted({id_ for one in found for id_ in one.decision.policy_ids})),
        "self_opened": standing.self_opened or (purpose is not None and purpose.self_opened),
        "edited_before": standing.edited_before or (purpose is not None and purpose.edited_before),
    } | ({} if first.glass_id is None else {"glass_id": str(first.glass_id)})


def _about(incident_ids: Iterable[UUID]) -> JSON:
    """Return the incidents a paper tells of, as whoever answers "who looked at me?" asks for them."""
    ids = sorted({str(id_) for id_ in incident_ids})
    return {"incidents": ids} if ids else {}


class Looking:
    """The looks of one centre."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Clock,
        territories: Callable[[], Land],
        incidents: Incidents,
        decider: Decider,
        group: Group,
    ) -> None:
        self.sealer = sealer
        self.territories = territories
        self.incidents = incidents
        self.decider = decider
        self._database = database
        self._clock = clock
        self._group = group

    @asynccontextmanager
    async def look(self, request: Request) -> AsyncIterator[Look]:
        """Run a look: the block ends well only when what was noted in it is durable in the log, so show nothing inside it.

        All of it is read as of one moment, and nothing can be written: so its entries may share a commit with those of other
        looks (ADR 0020). A refusal leaves an entry too.
        """
        async with self.refusing(request), self._database.snapshot() as connection:
            look = Look(connection, request, self._clock.now(), self)
            yield look
        if look.entries:
            await self._group.append(look.now, look.entries)

    async def correct(self, act: Act, standing: Standing, data_class: DataClass, action: str) -> None:
        """Decide, inside an act, whether its actor may write this class of data anew, and leave the act's entry of it.

        Raises PurposeRequired.
        """
        look = Look(act.connection, act.request, act.now, self)
        look.note([await look.need(standing, data_class, Action.CORRECT)], action, EntryKind.CORRECTION)
        act.entries.extend(look.entries)

    @asynccontextmanager
    async def refusing(self, request: Request) -> AsyncIterator[None]:
        """Leave the entry of a refusal for an act in which one was raised."""
        try:
            yield
        except PurposeRequired as refused:
            await self._leave_refusal(request, refused)
            raise

    async def why(self, request: Request, standing: Standing, data_class: DataClass) -> JSON:
        """Return whether this class of data of a record may be shown now, and by which rule, in words."""
        async with self._database.snapshot() as connection:
            look = Look(connection, request, self._clock.now(), self)
            found = await look.may(standing, data_class)
        explained = self.decider.explain(found.question)
        return {
            "allowed": found.allowed,
            "by": found.by or None,
            "relations": [relation.value for relation in standing.relations],
            "policy_ids": list(found.decision.policy_ids),
            "words": {language: list(explained.words(language)) for language in LANGUAGES},
            "asks_purpose": not found.allowed and explained.asks_purpose,
            "until": None if found.until is None else iso(found.until),
        }

    async def _leave_refusal(self, request: Request, refused: PurposeRequired) -> None:
        entry = entry_of(
            request,
            EntryKind.REFUSAL,
            "look.refused",
            refused.details["record_kind"],
            UUID(refused.details["record_id"]),
            "purpose_required",
            details={"classes": refused.details["data_class"]},
        )
        await self._group.append(self._clock.now(), [entry])
