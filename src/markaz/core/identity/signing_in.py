"""Signing in: by password, by password and code, by passkey; and proving once more who one is.

Every cause of refusal costs the same work and says the same words. Nothing here knows HTTP: who asks is a `Visitor`, what
goes back is a session, or a step that the browser keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotPossibleNow, NotSignedIn
from markaz.core.identity import codes, guessing, passkeys, passwords, ways
from markaz.core.identity.passkeys import Site
from markaz.core.identity.sessions import Level, Method, Session, SignedIn, open_session, raise_session
from markaz.core.identity.spraying import WrongByAddress
from markaz.core.identity.steps import Step, StepEnded, StepKind, Steps, spend
from markaz.core.identity.turns import Turns
from markaz.core.permissions import Grant, Role
from markaz.core.sealing import Sealer
from markaz.kit.clock import Clock
from markaz.kit.ids import plain_id

AT_ONCE = 2  # each password takes 19 MiB and a core: guessing must leave the rest to the desk
NO_SITE = "Passkeys need the address of this centre: set MARKAZ_PUBLIC_URL, as in https://markaz.example."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from: address, the token of a known browser if it holds one, and its coarse name."""

    address: str
    browser: str | None
    agent: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A session was opened; `browser` is the token by which this browser is known from now on."""

    session: Session
    browser: str


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password is right and a one-time code is asked for; `step` goes into the browser's cookie."""

    step: str


class SigningIn:
    """Signs people in to one centre. `site` is where passkeys work; None where no public address is set."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Clock,
        *,
        site: Site | None,
        strong_roles: frozenset[Role],
        life: timedelta,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._turns = Turns(AT_ONCE)
        self._wrong = WrongByAddress()
        self._guess_secret = sealer.derived_key("sign-in guesses")
        self.steps = Steps(sealer.derived_key("sign-in steps"))
        self.site = site
        self.strong_roles = strong_roles
        self.life = life

    async def by_password(self, login: str, password: str, visitor: Visitor) -> Opened | CodeNeeded:
        """Check a password. Raises NotSignedIn, PasskeyNeeded or RateLimited."""
        account, key = await self._looked_at(login, password, visitor)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await guessing.forgive(connection, key)
            held = await ways.ways_of(connection, account.id)
            if held.has_codes:
                values = {"account": account.id.hex, "version": str(account.access_version)}
                return CodeNeeded(self.steps.seal(StepKind.CODE, values, now))
            needed = ways.needs_second_factor(await _grants(connection, account.id), self.strong_roles)
            level = ways.level_by_password(held, is_needed=needed)
            if level is not None:
                return await self._open(connection, account.id, level, Method.PASSWORD, visitor, now)
        raise ways.PasskeyNeeded

    async def by_code(self, step_text: str | None, code: str, *, is_recovery: bool, visitor: Visitor) -> Opened:
        """Check the code that follows a password. Raises StepEnded, NotSignedIn or RateLimited."""
        now = self._clock.now()
        step = self.steps.open(StepKind.CODE, step_text, now)
        account_id = UUID(hex=step.values["account"])
        key = None if is_recovery else await self._count_code(account_id, visitor, now)
        async with self._database.transaction() as connection:
            await spend(connection, step)
            version = await connection.fetchval(
                "SELECT access_version FROM accounts WHERE id = $1 AND is_active FOR UPDATE", account_id
            )
            if str(version) != step.values["version"]:
                raise StepEnded
            if is_recovery:
                is_right = await codes.use_recovery_code(connection, account_id, code, now)
            else:
                is_right = await codes.use_code(connection, self._sealer, account_id, code, now)
            if not is_right:
                # Raised inside, so that the step is not taken: a mistyped code is typed again.
                raise NotSignedIn("The code is wrong, too old, or was used before.")
            if key is not None:
                await guessing.forgive(connection, key)
            method = Method.RECOVERY_CODE if is_recovery else Method.CODE
            return await self._open(connection, account_id, Level.FULL, method, visitor, now)

    async def passkey_options(self, login: str | None, host: str) -> tuple[dict[str, Any], str]:
        """Return what the browser needs to sign with a passkey, and the step for its cookie.

        Raises NotPossibleNow where passkeys do not work, with what to do about it.
        """
        site = self.site_at(host)
        challenge = passkeys.new_challenge()
        allowed: list[bytes] = []
        if login is not None:
            async with self._database.connection() as connection:
                allowed = await passkeys.credentials_of(connection, login, self._guess_secret)
        step = self.steps.seal(StepKind.PASSKEY, {"challenge": challenge.hex()}, self._clock.now())
        return passkeys.options_to_sign(site, challenge, allowed), step

    async def by_passkey(self, step_text: str | None, credential: Mapping[str, Any], visitor: Visitor) -> Opened:
        """Check a signature. Raises StepEnded or NotSignedIn."""
        now = self._clock.now()
        step = await self._take(step_text, now)
        async with self._database.transaction() as connection:
            account_id = await self._signer(connection, step, credential, now)
            return await self._open(connection, account_id, Level.FULL, Method.PASSKEY, visitor, now)

    async def by_provider(self, connection: Connection, account_id: UUID, visitor: Visitor, now: datetime) -> Opened:
        """Open a session for whom the organisation's provider vouched, inside the caller's transaction."""
        return await self._open(connection, account_id, Level.FULL, Method.PROVIDER, visitor, now)

    async def prove_by_password(self, session: SignedIn, token: str, password: str, code: str | None) -> str:
        """Renew the proof of a session by password, and code where there are codes; return the session's new token.

        Raises NotSignedIn, InvalidInput naming `code` where one is missing, or RateLimited.
        """
        # A count of its own: somebody at a desk left open must not make its owner wait elsewhere.
        key = guessing.guess_key(self._guess_secret, "proof", session.actor.id.hex, session.id.hex)
        async with self._turns.turn(f"account {session.actor.id.hex}"):
            now = self._clock.now()
            await self._count(key, now)
            account = await self._fitting(session.actor.login, password)
        async with self._database.transaction() as connection:
            has_codes = await codes.has_codes(connection, account.id)
            if has_codes:
                if code is None:
                    raise InvalidInput("Add the one-time code.", field="code")
                if not await codes.use_code(connection, self._sealer, account.id, code, now):
                    raise NotSignedIn("The code is wrong, too old, or was used before.")
            await guessing.forgive(connection, key)
            return await raise_session(connection, token, now=now, method=Method.CODE if has_codes else None)

    async def prove_by_passkey(
        self, session: SignedIn, token: str, step_text: str | None, credential: Mapping[str, Any]
    ) -> str:
        """Renew the proof of a session by a passkey of its own account; return the session's new token."""
        now = self._clock.now()
        step = await self._take(step_text, now)
        async with self._database.transaction() as connection:
            if await self._signer(connection, step, credential, now) != session.actor.id:
                raise NotSignedIn("This passkey was not accepted.")
            return await raise_session(connection, token, now=now, method=Method.PASSKEY)

    def site_at(self, host: str) -> Site:
        """Return where passkeys work. Raises NotPossibleNow at any other address, naming the right one."""
        if self.site is None:
            raise NotPossibleNow(NO_SITE)
        if host.lower() != self.site.origin.partition("://")[2]:
            raise NotPossibleNow(f"Passkeys work at {self.site.origin} only: open that address.")
        return self.site

    def needs_second_factor(self, grants: tuple[Grant, ...]) -> bool:
        """Say whether somebody with these grants needs a second factor."""
        return ways.needs_second_factor(grants, self.strong_roles)

    def is_full(self, session: SignedIn) -> bool:
        """Say whether a session may do what its rights say: a role given since by which more is needed counts too."""
        by_password_alone = session.method is Method.PASSWORD and self.needs_second_factor(session.actor.grants)
        return session.level is Level.FULL and not by_password_alone

    async def _take(self, step_text: str | None, now: datetime) -> Step:
        """Open a passkey's step and take it for good: a challenge is answered once, rightly or wrongly."""
        step = self.steps.open(StepKind.PASSKEY, step_text, now)
        async with self._database.transaction() as connection:
            await spend(connection, step)
        return step

    async def _signer(self, connection: Connection, step: Step, credential: Mapping[str, Any], now: datetime) -> UUID:
        if self.site is None:
            raise NotPossibleNow(NO_SITE)
        challenge = bytes.fromhex(step.values["challenge"])
        return await passkeys.use_passkey(connection, self.site, credential, challenge, now)

    async def _looked_at(self, login: str, password: str, visitor: Visitor) -> tuple["_Account", bytes]:
        """Return the account that a password opens, and the key under which this try was counted.

        A browser that is known has a line and a count of its own; everything else shares those of its address. All work on
        the database but one look at a browser's token is done in a turn, so that a flood leaves connections to the desk.
        """
        place = guessing.coarse_address(visitor.address)
        is_known = visitor.browser is not None and await self._is_known(login, visitor.browser)
        if not is_known:
            self._wrong.check(place, self._clock.now())  # before the line: a place that must wait fills none
        where = f"browser {visitor.browser}" if is_known else place
        async with self._turns.turn(where):
            now = self._clock.now()
            if not is_known:
                self._wrong.check(place, now)  # and once more: those before it in the line were wrong meanwhile
            key = guessing.guess_key(self._guess_secret, "password", login, where)
            await self._count(key, now)
            try:
                return await self._fitting(login, password), key
            except NotSignedIn:
                if not is_known:
                    self._wrong.count(place, now)
                raise

    async def _is_known(self, login: str, browser: str | None) -> bool:
        async with self._database.connection() as connection:
            return await guessing.is_known(connection, login, browser)

    async def _fitting(self, login: str, password: str) -> "_Account":
        """Return the account that a password opens. Called in a turn."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT id, password_hash, access_version FROM accounts "
                "WHERE login = $1 AND is_active AND kind = 'person'",
                login,
            )
        is_right = await passwords.fits(None if row is None else row["password_hash"], password)
        if row is None or not is_right:
            raise NotSignedIn("The login or the password is wrong.")
        return _Account(plain_id(row["id"]), row["access_version"])

    async def _count_code(self, account_id: UUID, visitor: Visitor, now: datetime) -> bytes:
        """Count codes from all unknown places together: six digits would not outlast guessing from many addresses."""
        async with self._database.connection() as connection:
            login = await connection.fetchval("SELECT login FROM accounts WHERE id = $1", account_id)
            is_known = await guessing.is_known(connection, login or "", visitor.browser)
        where = f"browser {visitor.browser}" if is_known else "elsewhere"
        key = guessing.guess_key(self._guess_secret, "code", account_id.hex, where)
        await self._count(key, now)
        return key

    async def _count(self, key: bytes, now: datetime) -> None:
        async with self._database.transaction() as connection:
            await guessing.count_try(connection, key, now)

    async def _open(
        self, connection: Connection, account_id: UUID, level: Level, method: Method, visitor: Visitor, now: datetime
    ) -> Opened:
        session = await open_session(
            connection, account_id, level=level, method=method, agent=visitor.agent, now=now, life=self.life
        )
        return Opened(session, await guessing.know_browser(connection, account_id, visitor.browser, now))


@dataclass(frozen=True, slots=True)
class _Account:
    id: UUID
    access_version: int


async def _grants(connection: Connection, account_id: UUID) -> tuple[Grant, ...]:
    rows = await connection.fetch("SELECT role, territory_id FROM grants WHERE account_id = $1", account_id)
    return tuple(Grant(Role(row["role"]), row["territory_id"]) for row in rows)
