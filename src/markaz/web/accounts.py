"""The routes of accounts: an administrator makes them and says what they may do, but never for himself."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from markaz.core import identity
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.audit import access_entry
from markaz.core.errors import Forbidden, InvalidInput, NotFound
from markaz.core.events import Event
from markaz.core.identity.appointers import lock_appointers, needed_of
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind, roles_of
from markaz.core.permissions import Grant, Permission, Role, check_offices_apart, holds, require, territory_filter
from markaz.core.routes import declares, reply, reply_of
from markaz.programmes.incidents import shapes
from markaz.programmes.oversight.appointments.service import divided
from markaz.web.centre import Centre

P = Permission
GRANTS_MAX = 50


class GrantBody(BaseModel):
    """A role in a territory and everything below it."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    territory_id: shapes.TerritoryRef


class GrantsBody(BaseModel):
    """Everything an account may do; what is not named ends."""

    model_config = ConfigDict(extra="forbid")

    grants: list[GrantBody] = Field(max_length=GRANTS_MAX)


class AccountBody(GrantsBody):
    """A new person's account."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.@-]+$")]
    display_name: shapes.ShortText
    password: Annotated[str, StringConstraints(min_length=identity.MIN_PASSWORD_LENGTH, max_length=200)]


def accounts_router(centre: Centre) -> APIRouter:
    """Return the routes of accounts."""
    router = APIRouter(prefix="/api/accounts", tags=["accounts"])
    administrator = centre.guard.requires(P.ACCOUNT_MANAGE)
    needs = declares(P.ACCOUNT_MANAGE)

    @router.get("", openapi_extra=needs)
    async def accounts(
        request: Annotated[Request, Depends(administrator)],
        after: Annotated[str, Query(max_length=100), AfterValidator(shapes.storable)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """Return a page of the accounts with a grant in your territories, by login; at the top also those that hold nothing."""
        territories = territory_filter(request.actor, P.ACCOUNT_MANAGE, centre.tree)
        return reply(200, {"items": await _listed(centre, request, territories, after, limit)})

    @router.post("", status_code=201, openapi_extra=needs)
    async def create(body: AccountBody, request: Annotated[Request, Depends(administrator)]) -> Response:
        """Create a person's account; what takes two people waits for the second and is named in `waiting`."""

        async def work(act: Act) -> Answer:
            wanted = _granted(centre, act, body.grants)
            grants, others = divided((), wanted)
            account_id, event = await identity.create_account(
                act.connection,
                login=body.login,
                display_name=body.display_name,
                password=body.password,
                grants=grants,
                by=act.actor.id,
                at=act.now,
            )
            _note(act, event)
            waiting = await _asked(centre, act, account_id, others)
            return Answer(201, {"id": str(account_id), "waiting": waiting})

        return reply_of(await centre.spine.acts.run(request, work))

    @router.put("/{account_id}/grants", openapi_extra=needs)
    async def set_grants(
        account_id: UUID, body: GrantsBody, request: Annotated[Request, Depends(administrator)]
    ) -> Response:
        """Replace what an account may do, its streams end at once; what takes two people waits for the second."""

        async def work(act: Act) -> Answer:
            if account_id == act.actor.id:
                raise Forbidden("Nobody changes their own rights: ask another administrator.")
            await lock_appointers(act.connection)
            held = await identity.locked_grants(act.connection, account_id)
            mine = [holds(act.actor, P.ACCOUNT_MANAGE, one.territory_id, centre.tree) for one in held]
            if held and not any(mine):
                raise NotFound("There is no such account in your territory.", what="account")
            if not all(mine):
                raise Forbidden("This account also holds rights elsewhere: ask the administrator above both.")
            wanted = _granted(centre, act, body.grants)
            at_once, _ = divided(held, wanted)
            needed = await needed_of(act.connection, account_id, held, at_once, centre.tree)
            grants, others = divided(held, wanted, needed)
            event = await identity.set_grants(act.connection, account_id, grants, by=act.actor.id, at=act.now)
            _note(act, event, held)
            return Answer(200, {"id": str(account_id), "waiting": await _asked(centre, act, account_id, others)})

        return reply_of(await centre.spine.acts.run(request, work))

    return router


async def _listed(
    centre: Centre, request: Request, territories: Sequence[int], after: str, limit: int
) -> list[dict[str, object]]:
    """Return a page of accounts, and enter that it was read."""
    async with centre.database.transaction() as connection:
        items = await identity.list_accounts(
            connection, territories, with_free=centre.tree.root_id in territories, after=after, limit=limit
        )
        shown = {"shown": len(items)}
        entry = entry_of(
            request, EntryKind.ADMINISTRATION, "accounts.listed", "accounts", None, "accounts", details=shown
        )
        await append(connection, centre.clock.now(), [entry])
    return items


async def _asked(centre: Centre, act: Act, account_id: UUID, others: list[tuple[Grant, str]]) -> list[str]:
    """Ask for a second person for each of these changes and return the ids of what waits."""
    ask = centre.governing.appointments.ask_within
    return [str(await ask(act, account_id, grant, change)) for grant, change in others]


def _note(act: Act, event: Event, held: Sequence[Grant] = ()) -> None:
    act.events.append(event)
    act.entries.append(access_entry(event, roles_of(act.actor.grants), held))


def _granted(centre: Centre, act: Act, bodies: list[GrantBody]) -> tuple[Grant, ...]:
    for index, body in enumerate(bodies):
        if centre.tree.current(body.territory_id) is None:
            raise InvalidInput("There is no such territory.", field=f"grants.{index}.territory_id")
        require(act.actor, P.ACCOUNT_MANAGE, body.territory_id, centre.tree)
    granted = tuple(dict.fromkeys(Grant(body.role, body.territory_id) for body in bodies))
    check_offices_apart(granted)
    return granted
