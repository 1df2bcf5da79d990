"""Signing in through the organisation's provider: going there with a step in the browser's cookie, and coming back with it."""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from markaz.core import events
from markaz.core.db.pool import Database
from markaz.core.identity.mapping import ClaimMapping
from markaz.core.identity.provider_accounts import NoGrants, take_in
from markaz.core.identity.providers import Provider, ProviderRefused, new_secret
from markaz.core.identity.signing_in import Opened, SigningIn, Visitor
from markaz.core.identity.steps import StepKind, spend
from markaz.core.log import appending
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
    """Signs people in through one provider. `find` knows the codes of territories."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signing_in: SigningIn,
        provider: Provider,
        mapping: ClaimMapping,
        find: Callable[[str], int | None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._signing_in = signing_in
        self._mapping = mapping
        self._find = find
        self.provider = provider

    async def begin(self) -> tuple[str, str]:
        """Return where the browser goes, and the step for its cookie. Raises ProviderAway."""
        values = {"state": new_secret(), "nonce": new_secret(), "verifier": new_secret()}
        location = await self.provider.location(values["state"], values["nonce"], values["verifier"])
        return location, self._signing_in.steps.seal(StepKind.PROVIDER, values, self._clock.now(), AWAY_LIFE)

    async def finish(self, step_text: str | None, returned: Returned, visitor: Visitor) -> Opened:
        """Open a session for whom the provider vouches.

        Raises StepEnded, ProviderRefused, ProviderAway or NoGrants. The step is taken in any case.
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
            taken = await take_in(connection, claims, given, mapping=self._mapping, issuer=issuer, now=now)
            if taken.account_id is not None:
                opened = await self._signing_in.by_provider(connection, taken.account_id, visitor, now)
            if taken.events:
                await events.append(connection, taken.events)
            if taken.entries:
                await appending.append(connection, now, taken.entries)
        if opened is None:
            raise NoGrants
        return opened
