"""Signing in through the organisation's provider: going there with a step in the browser's cookie, and coming back with it."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from markaz.core import events
from markaz.core.acts import Act, Request
from markaz.core.db.pool import Connection, Database
from markaz.core.identity.accounts import account_actor
from markaz.core.identity.mapping import ClaimMapping
from markaz.core.identity.provider_accounts import AwaitsApproval, NoGrants, TakenIn, take_in
from markaz.core.identity.providers import Provider, ProviderRefused, new_secret
from markaz.core.identity.signing_in import Opened, SigningIn, Visitor
from markaz.core.identity.steps import StepKind, spend
from markaz.core.log import appending
from markaz.core.permissions import Grant, Hierarchy
from markaz.kit.clock import Clock

log = logging.getLogger(__name__)

AWAY_LIFE = timedelta(minutes=10)  # to sign in there, with whatever factor the organisation asks for
CODE_MAX = 2_000  # characters; providers send some hundred


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brings back in the address."""

    code: str | None
    state: str | None
    issuer: str | None
    error: str | None


class ProviderSignIn:
    """Signs people in through one provider. `find` knows the codes of territories, `territories` what is below which.

    `ask` asks for a second person who approves these grants for the actor of that act, unless somebody was asked already,
    and takes back what earlier claims asked for and these do not.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signing_in: SigningIn,
        provider: Provider,
        mapping: ClaimMapping,
        find: Callable[[str], int | None],
        territories: Callable[[], Hierarchy],
        ask: Callable[[Act, Sequence[Grant]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._signing_in = signing_in
        self._mapping = mapping
        self._find = find
        self._territories = territories
        self._ask = ask
        self.provider = provider

    async def begin(self) -> tuple[str, str]:
        """Return where the browser goes, and the step for its cookie. Raises ProviderAway."""
        values = {"state": new_secret(), "nonce": new_secret(), "verifier": new_secret()}
        location = await self.provider.location(values["state"], values["nonce"], values["verifier"])
        return location, self._signing_in.steps.seal(StepKind.PROVIDER, values, self._clock.now(), AWAY_LIFE)

    async def finish(self, step_text: str | None, returned: Returned, visitor: Visitor) -> Opened:
        """Open a session for whom the provider vouches.

        Raises StepEnded, ProviderRefused, ProviderAway, NoGrants or AwaitsApproval. The step is taken in any case.
        """
        now, issuer = self._clock.now(), self.provider.config.issuer
        step = self._signing_in.steps.open(StepKind.PROVIDER, step_text, now)
        if not hmac.compare_digest(step.values["state"].encode(), (returned.state or "").encode()):
            raise ProviderRefused("the state is another browser's")
        async with self._database.transaction() as connection:
            await spend(connection, step)
        if returned.issuer is not None and returned.issuer != issuer:  # RFC 9207: an answer mixed up between providers
            raise ProviderRefused("another provider answered")
        if returned.error is not None or not returned.code or len(returned.code) > CODE_MAX:
            raise ProviderRefused("the provider sent no code")
        claims = await self.provider.claims(returned.code, step.values["verifier"], step.values["nonce"], now)
        given = self._mapping.grants(claims, self._find)
        opened: Opened | None = None
        async with self._database.transaction() as connection:
            taken = await take_in(
                connection, claims, given,
                mapping=self._mapping, issuer=issuer, territories=self._territories(), now=now,
            )  # fmt: skip
            if taken.account_id is not None and taken.grants:
                opened = await self._signing_in.by_provider(connection, taken.account_id, visitor, now)
            await self._record(connection, taken)
        if opened is None:
            raise AwaitsApproval if taken.asked else NoGrants
        return opened

    async def _record(self, connection: Connection, taken: TakenIn) -> None:
        """Ask for the second person where one is needed, then write events and entries: the last statements."""
        now, told, entries = self._clock.now(), list(taken.events), list(taken.entries)
        if taken.account_id is not None:
            act = await self._act_of(connection, taken.account_id)
            await self._ask(act, taken.asked)
            told += act.events
            entries += act.entries
        if told:
            await events.append(connection, told)
        if entries:
            await appending.append(connection, now, entries)

    async def _act_of(self, connection: Connection, account_id: UUID) -> Act:
        """Return an act in which the person signing in asks: it is their own claims that ask for the right."""
        actor = await account_actor(connection, account_id)
        return Act(connection, Request(actor, "identity_provider"), self._clock.now())
