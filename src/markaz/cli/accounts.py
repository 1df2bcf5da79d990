"""`markaz accounts`: make the first accounts and service keys of a centre, from its own machine."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from markaz.cli.entering import migrated
from markaz.core import events, identity
from markaz.core.acts import Act
from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import Event
from markaz.core.identity import ways
from markaz.core.identity.appointers import lock_appointers
from markaz.core.log import appending as log
from markaz.core.permissions import OFFICES, Grant, Role
from markaz.core.settings import Settings
from markaz.core.territories import ensure_root, load_tree
from markaz.kit.clock import SystemClock
from markaz.programmes.oversight.appointments.machine import check_may_give, check_may_take
from markaz.programmes.oversight.ground import CENTRE
from markaz.programmes.oversight.tasks.machine import Alone, note_by_machine

app = typer.Typer(help="Accounts and service keys.", no_args_is_help=True)

TerritoryOption = Annotated[str | None, typer.Option(help="Code of the territory; the whole centre without it.")]
KEY_RATE_PER_S = 2_000.0  # an importer replays a city's fortnight in minutes


@app.command("create")
def create(
    login: str,
    role: Role,
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="MARKAZ_NEW_PASSWORD")
    ],
    name: Annotated[str, typer.Option(help="Name shown to others.")] = "",
    territory: TerritoryOption = None,
) -> None:
    """Create a person's account."""
    identity.check_new_password(password)
    in_centre(lambda dsn: _create(dsn, login, role, name or login, territory, password))
    typer.echo(f"account {login} created: {role.value}")


@app.command("create-key")
def create_key(login: str, role: Role, territory: TerritoryOption = None, rate_per_s: float = KEY_RATE_PER_S) -> None:
    """Create a service key and print it once."""
    if role in OFFICES:
        raise InvalidInput("An office is held by a person.", field="role")
    key = in_centre(lambda dsn: _create_key(dsn, login, role, territory, rate_per_s))
    typer.echo(key)


@app.command("close")
def close(login: str) -> None:
    """End an account or service key at once: rights, sessions and streams. What it did keeps its name.

    An office that two people can take away in the console ends there first; one of the last two who may appoint stays.
    """
    in_centre(lambda dsn: _close(dsn, login))
    typer.echo(f"account {login} closed")


@app.command("password")
def password(
    login: str,
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="MARKAZ_NEW_PASSWORD")
    ],
) -> None:
    """Give a person a new password and end their sessions."""
    identity.check_new_password(password)
    in_centre(lambda dsn: _password(dsn, login, password))
    typer.echo(f"account {login} has a new password")


@app.command("reset")
def reset(login: str) -> None:
    """Take passkeys and one-time codes from a person who lost them, and end their sessions; the password stays."""
    in_centre(lambda dsn: _reset(dsn, login))
    typer.echo(f"account {login} has no second factor any more: give it a new password too if a device was stolen")


async def _close(dsn: str, login: str) -> str:
    async def work(connection: Connection, account: _Account, now: datetime) -> Event:
        await check_may_take(connection, account.id, account.held, await load_tree(connection, now.date()))
        return await identity.close_account(connection, login, at=now)

    return await _done_alone(dsn, login, Alone.CLOSED, work)


async def _password(dsn: str, login: str, password: str) -> str:
    async def work(connection: Connection, account: _Account, now: datetime) -> Event:
        return await identity.change_password(connection, login, password, at=now)

    return await _done_alone(dsn, login, Alone.PASSWORD, work)


async def _reset(dsn: str, login: str) -> str:
    async def work(connection: Connection, account: _Account, now: datetime) -> Event:
        if not account.is_person:
            raise NotFound("There is no person's account with this login.", what="account")
        return await ways.reset_second_factors(connection, account.id, at=now)

    return await _done_alone(dsn, login, Alone.RESET, work)


@dataclass(frozen=True, slots=True)
class _Account:
    """An account before something is done to it; its row is locked."""

    id: UUID
    is_person: bool
    held: tuple[Grant, ...]


async def _done_alone(
    dsn: str, login: str, alone: Alone, work: Callable[[Connection, _Account, datetime], Awaitable[Event]]
) -> str:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            row = await connection.fetchrow("SELECT id, kind FROM accounts WHERE login = $1", login)
            if row is None:
                raise NotFound("There is no account with this login.", what="account")
            await lock_appointers(connection)
            held = await identity.locked_grants(connection, row["id"])
            account = _Account(row["id"], row["kind"] == "person", held)
            await _note(connection, await work(connection, account, SystemClock().now()), alone, held)
    finally:
        await database.close()
    return ""


async def _note(connection: Connection, event: Event, alone: Alone, grants: Sequence[Grant]) -> None:
    act = Act(connection, CENTRE, event.occurred_at)
    await note_by_machine(act, event, alone, grants)
    await events.append(connection, act.events)
    await log.append(connection, act.now, act.entries)


def in_centre(work: Callable[[str], Coroutine[Any, Any, str]]) -> str:
    """Run `work` with the application's address while the database runs and is migrated."""
    with running_database(Settings()) as access:
        migrated(access)
        return asyncio.run(work(access.app_dsn))


async def _grants(database: Database, role: Role, territory: str | None) -> tuple[Grant, ...]:
    async with database.transaction() as connection:
        root = await ensure_root(connection)
    async with database.connection() as connection:
        tree = await load_tree(connection, SystemClock().now().date())
        found = root if territory is None else tree.find(territory)
        if found is None:
            raise InvalidInput(f"There is no territory with the code {territory}.", field="territory")
        grants = (Grant(role, found),)
        await check_may_give(connection, grants, tree)
    return grants


async def _create(dsn: str, login: str, role: Role, name: str, territory: str | None, password: str) -> str:
    database = await Database.open(dsn, max_size=1)
    try:
        grants = await _grants(database, role, territory)
        async with database.transaction() as connection:
            account_id, event = await identity.create_account(
                connection,
                login=login,
                display_name=name,
                password=password,
                grants=grants,
                at=SystemClock().now(),
            )
            await _note(connection, event, Alone.MADE, grants)
    finally:
        await database.close()
    return str(account_id)


async def _create_key(dsn: str, login: str, role: Role, territory: str | None, rate_per_s: float) -> str:
    database = await Database.open(dsn, max_size=1)
    try:
        grants = await _grants(database, role, territory)
        async with database.transaction() as connection:
            key, event = await identity.create_service_key(
                connection,
                login=login,
                display_name=login,
                grants=grants,
                rate_limit_per_s=rate_per_s,
                at=SystemClock().now(),
            )
            await _note(connection, event, Alone.MADE, grants)
    finally:
        await database.close()
    return key
