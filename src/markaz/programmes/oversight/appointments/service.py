"""Gives and takes rights that one person alone must not give or take: one asks, another of that territory approves.

Whoever can approve is made by two people as well, so nobody makes a second self that approves for them. The one who
is appointed decides nothing of it. Giving or taking an office is a public entry of the log.

Where only two can appoint, neither ends alone: the one asks, and the other, who would end, agrees or refuses. Each step
of that is a public entry too.

Claims of the organisation's provider ask too, never for an office. What they ask for is approved by somebody who
manages no accounts: an administrator may well be the one who fills the provider's groups (ADR 0018).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from markaz.core import identity
from markaz.core.access import two_people
from markaz.core.access.two_people import Asked
from markaz.core.acts import Act, Acts, Answer, Request, entry_of
from markaz.core.audit import access_entry
from markaz.core.db.pool import Database
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotPossibleNow
from markaz.core.identity.appointers import lock_appointers, needed_of
from markaz.core.log.entry import EntryKind, roles_of
from markaz.core.permissions import (
    APPOINTING,
    OFFICES,
    Actor,
    Grant,
    Permission,
    Role,
    check_offices_apart,
    holds,
    require,
    takes_two_people,
)
from markaz.core.permissions import territory_filter as filter_of
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import Clock
from markaz.programmes.oversight.appointments import store

P = Permission
KIND = "appointment"
LIFE = timedelta(days=7)
GIVE, TAKE = "give", "take"
JSON = dict[str, Any]


class Appointments:
    """The offices of a centre, and the rights that take two people."""

    def __init__(self, database: Database, acts: Acts, clock: Clock, territories: Callable[[], TerritoryTree]) -> None:
        self._database = database
        self._acts = acts
        self._clock = clock
        self._territories = territories

    async def ask(self, request: Request, account_id: UUID, grant: Grant, change: str) -> Answer:
        """Ask for a second person. Raises InvalidInput, NotFound, NotPossibleNow or Forbidden saying why not."""

        async def work(act: Act) -> Answer:
            request_id = await self.ask_within(act, account_id, grant, change)
            return Answer(201, {"id": str(request_id)})

        return await self._acts.run(request, work)

    async def ask_within(self, act: Act, account_id: UUID, grant: Grant, change: str) -> UUID:
        """Ask within an act under way, and return the id of what waits now."""
        tree = self._territories()
        if tree.current(grant.territory_id) is None:
            raise InvalidInput("There is no such territory.", field="territory_id")
        require(act.actor, P.APPOINTMENT_MAKE, grant.territory_id, tree)
        _check_takes_two(grant.role, change)
        if account_id == act.actor.id:
            raise Forbidden("Nobody appoints or removes themselves: ask somebody else to ask.")
        await lock_appointers(act.connection)
        if await store.account(act.connection, account_id) is None:
            raise NotFound("There is no such account of a person.", what="account")
        held = await identity.locked_grants(act.connection, account_id)
        if (grant in held) is (change == GIVE):
            raise NotPossibleNow("This account has it already." if change == GIVE else "This account does not hold it.")
        if change == GIVE:
            check_offices_apart((*held, grant))
        elif grant.role not in OFFICES:
            await _check_needed(act, account_id, held, grant, tree)
        what = _what(account_id, grant, change)
        if await store.is_waiting(act.connection, KIND, orjson.dumps(what).decode(), act.now):
            raise NotPossibleNow("This waits for a second person already.", state="asked")
        request_id = await two_people.ask(act, KIND, what, grant.territory_id, LIFE)
        self._enter(act, "appointment.asked", account_id, what, grant.territory_id)
        return request_id

    async def ask_for_provider(self, act: Act, grants: Sequence[Grant]) -> None:
        """Ask for what claims give the actor of this act, unless it waits already or was refused within a week.

        What earlier claims asked for and these do not is taken back: nobody approves what the provider says no more.
        """
        for row in await store.asked_by_claims(act.connection, KIND, act.actor.id, act.now):
            what = orjson.loads(row["what"])
            if Grant(Role(what["role"]), what["territory_id"]) not in grants:
                await two_people.withdraw(act, row["id"], KIND)
                self._enter(act, "appointment.withdrawn", act.actor.id, what, what["territory_id"])
        for grant in grants:
            await self._ask_for_provider(act, grant)

    async def _ask_for_provider(self, act: Act, grant: Grant) -> None:
        what = _what(act.actor.id, grant, GIVE)
        if grant.role in OFFICES or not takes_two_people(grant.role):
            raise InvalidInput("No provider asks for this role.", field="role")
        if await store.was_asked(act.connection, KIND, orjson.dumps(what).decode(), act.now - LIFE):
            return
        await two_people.ask(act, KIND, what, grant.territory_id, LIFE)
        self._enter(act, "appointment.asked", act.actor.id, what, grant.territory_id)

    async def approve(self, request: Request, request_id: UUID) -> Answer:
        """Approve as the second person: from the commit on it holds.

        Raises as two_people.approve does, and NotPossibleNow when it is so already or the account was closed meanwhile.
        """

        async def work(act: Act) -> Answer:
            await self._check_near(act, request_id)
            await lock_appointers(act.connection)
            asked = await two_people.approve(act, request_id, KIND)
            account_id, grant, change = _of(asked)
            _check_not_own(act.actor, asked)
            if not _may_approve(asked, act.actor):
                raise Forbidden("The provider asks for this: somebody who manages no accounts must approve it.")
            held = await identity.locked_grants(act.connection, account_id)
            if (grant in held) is (change == GIVE) or await store.account(act.connection, account_id) is None:
                raise NotPossibleNow("This has become pointless since it was asked for: refuse it.", state="pointless")
            rest = tuple(one for one in held if one != grant)
            grants = (*rest, grant) if change == GIVE else rest
            event = await identity.set_grants(act.connection, account_id, grants, by=act.actor.id, at=act.now)
            act.events.append(event)
            act.entries.append(access_entry(event, roles_of(act.actor.grants), held))
            self._enter(
                act, f"appointment.{'given' if change == GIVE else 'taken'}", account_id, asked.what, asked.territory_id
            )
            return Answer(200, {"id": str(request_id), "account_id": str(account_id)})

        return await self._acts.run(request, work)

    async def refuse(self, request: Request, request_id: UUID) -> Answer:
        """Refuse as the second person. Raises as `approve` does."""

        async def work(act: Act) -> Answer:
            await self._check_near(act, request_id)
            asked = await two_people.refuse(act, request_id, KIND)
            account_id, _, _ = _of(asked)
            _check_not_own(act.actor, asked)
            self._enter(act, "appointment.refused", account_id, asked.what, asked.territory_id)
            return Answer(200, {"id": str(request_id)})

        return await self._acts.run(request, work)

    async def withdraw(self, request: Request, request_id: UUID) -> Answer:
        """Take one's own request back."""

        async def work(act: Act) -> Answer:
            await self._check_near(act, request_id)
            asked = await two_people.withdraw(act, request_id, KIND)
            account_id, _, _ = _of(asked)
            self._enter(act, "appointment.withdrawn", account_id, asked.what, asked.territory_id)
            return Answer(200, {"id": str(request_id)})

        return await self._acts.run(request, work)

    async def view(self, actor: Actor) -> JSON:
        """Return who holds the offices and what waits, in the territories of which the actor may know."""
        territories = filter_of(actor, P.GOVERNANCE_READ, self._territories())
        now = self._clock.now()
        async with self._database.connection() as connection:
            held = await store.holders(connection, [role.value for role in sorted(OFFICES)], territories)
            waiting = await two_people.waiting(connection, [KIND], territories, now)
            people = await store.people(connection, [UUID(one.what["account_id"]) for one in waiting])
        return {
            "offices": [
                {
                    "role": row["role"],
                    "territory_id": row["territory_id"],
                    "account": {"id": str(row["id"]), "name": row["display_name"]},
                }
                for row in held
            ],
            "waiting": [self._waiting(one, actor, people) for one in waiting],
        }

    def _waiting(self, asked: Asked, actor: Actor, people: Mapping[UUID, Any]) -> JSON:
        account_id, grant, change = _of(asked)
        concerned = people[account_id]
        others = account_id != actor.id or _may_agree(asked)
        decides = asked.asked_by != actor.id and others and P.APPOINTMENT_MAKE in actor.permissions()
        return {
            "id": str(asked.id),
            "change": change,
            "role": grant.role.value,
            "territory_id": grant.territory_id,
            # A name is what the provider says; the log-in tells two of one name apart, and who comes from the provider.
            "account": {"id": str(account_id), "name": concerned["display_name"], "login": concerned["login"]},
            **{name: value for name, value in asked.wire().items() if name in {"asked_by", "asked_at", "ends_at"}},
            "by_provider": _is_of_provider(asked),
            "may_decide": decides,
            "may_approve": decides and _may_approve(asked, actor),
            "may_withdraw": asked.asked_by == actor.id,
        }

    async def _check_near(self, act: Act, request_id: UUID) -> None:
        """Raise NotFound, the same as for no request at all, for one of another territory."""
        territory_id = await store.territory_of(act.connection, request_id)
        if territory_id is None or not holds(act.actor, P.APPOINTMENT_MAKE, territory_id, self._territories()):
            raise NotFound("There is no such request.", what="two_person_request")

    def _enter(self, act: Act, action: str, account_id: UUID, what: Mapping[str, Any], territory_id: int) -> None:
        """Append the entry; offices, and taking from the last two who appoint, are told to everybody, other rights are not."""
        stated = {"change": what["change"], "role": what["role"], "territory_id": territory_id}
        is_public = Role(what["role"]) in OFFICES or what["change"] == TAKE
        act.entries.append(
            entry_of(
                act.request,
                EntryKind.ACCESS_CHANGE,
                action,
                "account",
                account_id,
                f"{what['change']} {what['role']}",
                territory_id=territory_id,
                details=stated,
                public={"action": action, "account_id": str(account_id), **stated} if is_public else {},
            )
        )


def divided(
    held: Sequence[Grant], wanted: Sequence[Grant], needed: Sequence[Grant] = ()
) -> tuple[tuple[Grant, ...], list[tuple[Grant, str]]]:
    """Return what one person may set at once, and what needs a second: (grant, give or take).

    `needed` are grants of the last two who appoint: they stay until their holder agrees, as an office stays.
    """
    now = tuple(one for one in wanted if one in held or not takes_two_people(one.role))
    stays = tuple(one for one in held if one not in wanted and (one.role in OFFICES or one in needed))
    gives = [(one, GIVE) for one in wanted if one not in now]
    return (*now, *stays), [*gives, *((one, TAKE) for one in stays)]


def _check_not_own(actor: Actor, asked: Asked) -> None:
    account_id, _, _ = _of(asked)
    if actor.id == account_id and not _may_agree(asked):
        raise Forbidden("Nobody decides about their own appointment.")


def _may_agree(asked: Asked) -> bool:
    """Say whether the one concerned decides: of the last two who appoint nobody else is left who could."""
    _, grant, change = _of(asked)
    return change == TAKE and grant.role not in OFFICES


async def _check_needed(
    act: Act, account_id: UUID, held: Sequence[Grant], grant: Grant, territories: TerritoryTree
) -> None:
    rest = [one for one in held if one != grant]
    if not await needed_of(act.connection, account_id, held, rest, territories):
        raise InvalidInput(
            "This takes no second person while two others can appoint: change the account.", field="role"
        )


def _is_of_provider(asked: Asked) -> bool:
    """Say whether claims asked: in the console nobody asks for themselves."""
    return str(asked.what["account_id"]) == str(asked.asked_by)


def _may_approve(asked: Asked, actor: Actor) -> bool:
    return not (_is_of_provider(asked) and P.ACCOUNT_MANAGE in actor.permissions())


def _check_takes_two(role: Role, change: str) -> None:
    if change not in {GIVE, TAKE}:
        raise InvalidInput("change is give or take.", field="change")
    if change == TAKE and role not in OFFICES | APPOINTING:
        raise InvalidInput("Only an office needs two people to be taken away: change the account.", field="role")
    if not takes_two_people(role):
        raise InvalidInput("This role needs no second person: change the account.", field="role")


def _what(account_id: UUID, grant: Grant, change: str) -> JSON:
    return {
        "account_id": str(account_id),
        "change": change,
        "role": grant.role.value,
        "territory_id": grant.territory_id,
    }


def _of(asked: Asked) -> tuple[UUID, Grant, str]:
    what = asked.what
    return UUID(what["account_id"]), Grant(Role(what["role"]), what["territory_id"]), what["change"]
