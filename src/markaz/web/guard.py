"""Who is asking: session cookie or service key, the declared permission, the rate limit, and the body's keyed hash.

Deny by default: a route gets its actor only through `requires(permission)`, and a route without one does not start.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request as HttpRequest
from fastapi import Response
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from markaz.core import identity, reach
from markaz.core.acts import Request
from markaz.core.db.pool import Database
from markaz.core.errors import Forbidden, InvalidInput, NotSignedIn, RateLimited
from markaz.core.identity.sessions import SignedIn, late_session_of, session_of
from markaz.core.identity.ways import SecondFactorNeeded
from markaz.core.permissions import Actor, Hierarchy, Permission
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings
from markaz.kit.clock import Clock
from markaz.web.cookies import SESSION_COOKIE, TRAINING_COOKIE, Cookies

__all__ = [
    "SESSION_COOKIE",
    "TRAINING_COOKIE",
    "Guard",
    "RateLimiter",
    "check_routes",
    "check_same_origin",
]

IDEMPOTENCY_KEY_MAX = 100
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
EMERGENCIES_PER_S = 20.0  # an account's other requests never use these up; beyond it somebody abuses the button
BUCKETS_MAX = 20_000  # accounts remembered by the rate limiter; beyond it the longest idle are forgotten


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimiter:
    """A token bucket per account: `rate` a second, bursts of two seconds' worth."""

    def __init__(self, default_per_s: float) -> None:
        self._default_per_s = default_per_s
        self._buckets: dict[Any, _Bucket] = {}

    def take(self, actor: Actor) -> None:
        """Take one token. Raises RateLimited with `retry_after_s` when none is left."""
        self.take_key(actor.id, actor.rate_limit_per_s or self._default_per_s)

    def take_key(self, key: Any, per_s: float) -> None:
        """Take one token of any key, such as a log-in name that is being guessed at."""
        now = time.monotonic()
        burst = max(per_s * 2, 5.0)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= BUCKETS_MAX:
                for idle in sorted(self._buckets, key=lambda k: self._buckets[k].at)[: BUCKETS_MAX // 2]:
                    del self._buckets[idle]
            bucket = self._buckets[key] = _Bucket(burst, now)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * per_s)
        bucket.at = now
        if bucket.tokens < 1.0:
            wait_s = (1.0 - bucket.tokens) / per_s
            raise RateLimited("Too many requests: wait a moment.", retry_after_s=round(wait_s, 3))
        bucket.tokens -= 1.0


class Guard:
    """Turns an HTTP request into the request of a known actor."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Clock,
        settings: Settings,
        is_full: Callable[[SignedIn], bool],
        hierarchy: Callable[[], Hierarchy],
    ) -> None:
        self._database = database
        self._is_full = is_full
        self.reaches = reach.Reaches(hierarchy)
        self._sealer = sealer
        self._clock = clock
        self.cookies = Cookies(settings)
        self.cookie = self.cookies.session
        self.limiter = RateLimiter(settings.rate_limit_per_s)

    def requires(self, permission: Permission) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return a dependency that yields the request of an actor who holds `permission` somewhere.

        Where the right must hold is decided by the service, which knows the record.
        """
        return Requirement(self, permission)

    def requires_own_session(self) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return a dependency for what a person does to the own account: served before a needed second factor too."""
        return Requirement(self, Permission.SIGNED_IN, is_own=True)

    def requires_for_help(self, permission: Permission) -> Callable[[HttpRequest], Awaitable[Request]]:
        """Return a dependency for a call for help: it also takes a session whose time was over lately.

        `is_late` of the request's state says so. It draws on a rate of its own.
        """
        return Requirement(self, permission, is_help=True)

    def let_call_late(self, http: HttpRequest, response: Response) -> None:
        """Let the browser of this request bring its session also after its end."""
        token = http.cookies.get(self.cookie)
        if token is not None and http.cookies.get(self.cookies.late) != token:
            self.cookies.give_late(response, token)

    async def admit(
        self, http: HttpRequest, permission: Permission, *, is_own: bool = False, is_help: bool = False
    ) -> Request:
        """Return the request of an actor who holds `permission` somewhere, or raise what refuses it."""
        http.state.is_late = False
        try:
            actor, session = await self._who(http)
        except NotSignedIn:
            if not is_help:
                raise
            session = await self._who_late(http)
            actor, http.state.is_late = session.actor, True
        is_full = session is None or self._is_full(session)
        if not is_own and not is_full:
            raise SecondFactorNeeded
        # Before a needed second factor nothing is in reach but what is one's own.
        reach.enter(self.reaches.of(actor if is_full else replace(actor, grants=())))
        if is_help or permission is Permission.EMERGENCY_RAISE:
            self.limiter.take_key(("emergency", actor.id), EMERGENCIES_PER_S)
        else:
            self.limiter.take(actor)
        if permission not in actor.permissions():
            raise Forbidden("Your role does not include this right: ask your supervisor.", permission=permission)
        http.state.actor_id = str(actor.id)
        http.state.session_expires_at = None if session is None else session.expires_at
        http.state.session = session
        key, body_hash = None, b""
        if http.method not in SAFE_METHODS:
            key = _idempotency_key(http)
            body_hash = self._sealer.body_hash(http.url.path.encode() + b"\n" + await http.body())
        return Request(actor, http.state.request_id, key, body_hash)

    async def _who(self, http: HttpRequest) -> tuple[Actor, SignedIn | None]:
        """Return who sent this, with their session. Raises NotSignedIn, or Forbidden for another origin."""
        scheme, _, key = http.headers.get("authorization", "").partition(" ")
        async with self._database.connection() as connection:
            if scheme.lower() == "bearer":
                return await identity.actor_of_service_key(connection, key), None
            token = http.cookies.get(self.cookie)
            if token is None:
                raise NotSignedIn("Sign in first.")
            if http.method not in SAFE_METHODS:
                check_same_origin(http)
            session = await session_of(connection, token, now=self._clock.now())
            return session.actor, session

    async def _who_late(self, http: HttpRequest) -> SignedIn:
        """Return who held the session that this phone still brings. Raises NotSignedIn, or Forbidden for another origin."""
        token = http.cookies.get(self.cookies.late) or http.cookies.get(self.cookie)
        if token is None or "authorization" in http.headers:
            raise NotSignedIn("Sign in first.")
        check_same_origin(http)
        async with self._database.connection() as connection:
            return await late_session_of(connection, token, now=self._clock.now())


@dataclass(frozen=True, slots=True)
class Requirement:
    """A route's dependency on a right: an object, so that the start can read which right it is."""

    guard: Guard
    permission: Permission
    is_own: bool = False
    is_help: bool = False

    async def __call__(self, http: HttpRequest) -> Request:
        """Yield the request of an actor who holds the right."""
        return await self.guard.admit(http, self.permission, is_own=self.is_own, is_help=self.is_help)


def check_same_origin(http: HttpRequest) -> None:
    """Raise Forbidden when a browser says that another site sent this (cross-site request forgery)."""
    site = http.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise Forbidden("This request came from another site.")
    origin = http.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != http.headers.get("host"):
        raise Forbidden("This request came from another site.")


def _idempotency_key(http: HttpRequest) -> str:
    key = http.headers.get("idempotency-key", "")
    if not key or len(key) > IDEMPOTENCY_KEY_MAX or not key.isprintable():
        raise InvalidInput(
            f"Send a header Idempotency-Key of 1 to {IDEMPOTENCY_KEY_MAX} characters, new for each act and the same "
            "when you send that act again.",
            field="Idempotency-Key",
        )
    return key


def check_routes(routes: Sequence[BaseRoute]) -> None:
    """Raise RuntimeError unless every route declares one permission and requires that same one: no start without.

    Routes of included routers are looked into; a route of any other kind has nothing to declare and is refused.
    """
    problems = []
    for route in iter_route_contexts(routes):
        named = (getattr(route, "openapi_extra", None) or {}).get("x-permission")
        required = (
            {
                dependency.call.permission.value
                for dependency in route.dependant.dependencies
                if isinstance(dependency.call, Requirement)
            }
            if named
            else set()
        )
        if named is None:
            problems.append(f"{route.path} declares no permission")
        elif required != ({named} - {Permission.PUBLIC.value}):
            problems.append(f"{route.path} declares {named} and requires {', '.join(sorted(required)) or 'nothing'}")
    if problems:
        raise RuntimeError(f"this centre does not start: {'; '.join(problems)}")
