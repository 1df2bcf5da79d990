"""The routes by which people come in and go out, and the one that says who one is."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from markaz.core import identity, reach
from markaz.core.acts import Request
from markaz.core.db.pool import Connection
from markaz.core.errors import MarkazError, NotPossibleNow, NotSignedIn
from markaz.core.identity.provider_sign_in import AWAY_LIFE, CODE_MAX, Returned
from markaz.core.identity.providers import ProviderRefused
from markaz.core.identity.sessions import Level, SignedIn, session_of
from markaz.core.identity.signing_in import Opened
from markaz.core.identity.steps import StepEnded, StepKind
from markaz.core.permissions import Actor, Permission
from markaz.core.routes import declares, reply
from markaz.kit.clock import iso
from markaz.programmes.incidents.positions import STALE_AFTER_S
from markaz.web.centre import Centre
from markaz.web.guard import check_same_origin

log = logging.getLogger(__name__)

P = Permission
PASSKEY_STEPS_PER_S = 5.0  # of one address: a person asks once, and a whole office stands behind one address
CODES_PER_S = 0.5  # of one address, for recovery codes: they are too long to be guessed, but looking costs

Login = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.@-]+$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
RecoveryCode = Annotated[str, StringConstraints(min_length=16, max_length=40, pattern=r"^[A-Za-z2-7 -]+$")]
CREDENTIAL_KEYS_MAX = 12


class SignInBody(BaseModel):
    """A login and its password."""

    model_config = ConfigDict(extra="forbid")

    login: Login
    password: Password


class CodeBody(BaseModel):
    """The code that follows a password: a one-time code, or a recovery code in its place."""

    model_config = ConfigDict(extra="forbid")

    code: OneTimeCode | None = None
    recovery_code: RecoveryCode | None = None


class PasskeyAskBody(BaseModel):
    """Whose passkey is asked for; without a login the browser offers those it knows."""

    model_config = ConfigDict(extra="forbid")

    login: Login | None = None


class CredentialBody(BaseModel):
    """What the browser's authenticator answered, as PublicKeyCredential.toJSON() writes it."""

    model_config = ConfigDict(extra="forbid")

    credential: dict[str, Any] = Field(max_length=CREDENTIAL_KEYS_MAX)


def sign_in_router(centre: Centre) -> APIRouter:
    """Return the routes of signing in and out."""
    router = APIRouter(prefix="/api", tags=["session"])
    _add_password(router, centre)
    _add_passkey(router, centre)
    _add_provider(router, centre)
    _add_session(router, centre)
    return router


def _add_password(router: APIRouter, centre: Centre) -> None:
    cookies, signing_in, public = centre.guard.cookies, centre.signing_in, declares(P.PUBLIC)

    @router.post("/session", openapi_extra=public, responses={202: {"description": "A one-time code is asked for."}})
    async def sign_in(body: SignInBody, http: HttpRequest) -> Response:
        """Sign in; the session is a cookie that scripts cannot read. 202 asks for a one-time code."""
        check_same_origin(http)
        result = await signing_in.by_password(body.login, body.password, cookies.visitor(http))
        if isinstance(result, Opened):
            return await _opened(centre, http, result)
        response = reply(202, {"next": "code"})
        cookies.give_step(response, StepKind.CODE, result.step)
        return response

    @router.post("/session/code", openapi_extra=public)
    async def sign_in_with_code(body: CodeBody, http: HttpRequest) -> Response:
        """Finish a sign-in by password with a one-time code, or with a recovery code in its place."""
        check_same_origin(http)
        visitor = cookies.visitor(http)
        if body.recovery_code is not None:
            centre.guard.limiter.take_key(("recovery", visitor.address), CODES_PER_S)
        code, is_recovery = body.recovery_code or body.code or "", body.recovery_code is not None
        step = cookies.step(http, StepKind.CODE)
        result = await signing_in.by_code(step, code, is_recovery=is_recovery, visitor=visitor)
        return await _opened(centre, http, result, StepKind.CODE)


def _add_passkey(router: APIRouter, centre: Centre) -> None:
    cookies, signing_in, public = centre.guard.cookies, centre.signing_in, declares(P.PUBLIC)

    @router.post("/session/passkey/options", openapi_extra=public)
    async def passkey_options(body: PasskeyAskBody, http: HttpRequest) -> Response:
        """Return what the browser needs to sign with a passkey; the challenge lives for five minutes and is used once."""
        check_same_origin(http)
        centre.guard.limiter.take_key(("passkey", cookies.visitor(http).address), PASSKEY_STEPS_PER_S)
        options, step = await signing_in.passkey_options(body.login, http.headers.get("host", ""))
        response = reply(200, options)
        cookies.give_step(response, StepKind.PASSKEY, step)
        return response

    @router.post("/session/passkey", openapi_extra=public)
    async def sign_in_with_passkey(body: CredentialBody, http: HttpRequest) -> Response:
        """Sign in with a passkey; it needs no password and no code."""
        check_same_origin(http)
        step = cookies.step(http, StepKind.PASSKEY)
        result = await signing_in.by_passkey(step, body.credential, cookies.visitor(http))
        return await _opened(centre, http, result, StepKind.PASSKEY, StepKind.CODE)


def _add_provider(router: APIRouter, centre: Centre) -> None:
    cookies, signing_in, public = centre.guard.cookies, centre.signing_in, declares(P.PUBLIC)

    @router.post("/session/provider", openapi_extra=public)
    async def to_provider(http: HttpRequest) -> Response:
        """Return where the browser goes to sign in with the organisation's identity provider."""
        check_same_origin(http)
        if centre.provider is None:
            raise NotPossibleNow("This centre has no identity provider: sign in another way.")
        centre.guard.limiter.take_key(("provider", cookies.visitor(http).address), PASSKEY_STEPS_PER_S)
        location, step = await centre.provider.begin()
        response = reply(200, {"location": location})
        cookies.give_step(response, StepKind.PROVIDER, step, AWAY_LIFE)
        return response

    @router.get("/session/provider/return", status_code=303, openapi_extra=public)
    async def from_provider(
        http: HttpRequest,
        code: Annotated[str | None, Query(max_length=CODE_MAX)] = None,
        state: Annotated[str | None, Query(max_length=200)] = None,
        iss: Annotated[str | None, Query(max_length=500)] = None,
        error: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        """Take whom the provider sends back to the console, signed in or told why not; never anywhere else."""
        response = Response(status_code=303, headers={"location": "/", "cache-control": "no-store"})
        try:
            if centre.provider is None:
                raise StepEnded
            returned = Returned(code=code, state=state, issuer=iss, error=error)
            step = cookies.step(http, StepKind.PROVIDER)
            result = await centre.provider.finish(step, returned, cookies.visitor(http))
        except MarkazError as trouble:
            if isinstance(trouble, ProviderRefused):
                log.warning("a sign-in through the identity provider was refused: %s", trouble.cause)
            response.headers["location"] = f"/?sign_in={trouble.code}"
        else:
            async with centre.database.transaction() as connection:
                await _end_before(centre, http, connection)
            cookies.give_opened(response, result, signing_in.life)
        cookies.take_step(response, StepKind.PROVIDER)
        return response


def _add_session(router: APIRouter, centre: Centre) -> None:
    cookies = centre.guard.cookies

    @router.delete("/session", status_code=204, openapi_extra=declares(P.PUBLIC))
    async def sign_out(http: HttpRequest) -> Response:
        """End this session and its streams."""
        check_same_origin(http)
        session = await _session_in(centre, http)
        async with centre.database.transaction() as connection:
            await _end_before(centre, http, connection)
        if session is not None and centre.signing_in.is_full(session):
            centre.presence.leave(session.actor.id)
            with reach.within(centre.guard.reaches.of(session.actor)):
                await centre.ownership.let_go(Request(session.actor, http.state.request_id))
        response = Response(status_code=204)
        cookies.take_session(response)
        return response

    @router.get("/me", openapi_extra=declares(P.SIGNED_IN))
    async def who_am_i(
        http: HttpRequest, request: Annotated[Request, Depends(centre.guard.requires_own_session())]
    ) -> Response:
        """Return who is signed in and what they may do where."""
        return reply(200, me_of(centre, http.state.session or request.actor))


async def _opened(centre: Centre, http: HttpRequest, result: Opened, *over: StepKind) -> Response:
    """Answer a sign-in that succeeded: the session's cookie, and the cookies of the steps that are over taken away."""
    async with centre.database.transaction() as connection:
        session = await session_of(connection, result.session.token, now=centre.clock.now())
        await _end_before(centre, http, connection)
    response = reply(200, me_of(centre, session))
    centre.guard.cookies.give_opened(response, result, centre.signing_in.life)
    for kind in over:
        centre.guard.cookies.take_step(response, kind)
    return response


def me_of(centre: Centre, who: SignedIn | Actor) -> dict[str, Any]:
    """Return what a console must know of who is signed in: `who` is a session, or the actor of a service key."""
    session, actor = (who, who.actor) if isinstance(who, SignedIn) else (None, who)
    is_full = session is None or centre.signing_in.is_full(session)
    return {
        "account": {"id": str(actor.id), "login": actor.login, "display_name": actor.display_name},
        "grants": [{"role": g.role.value, "territory_id": g.territory_id} for g in actor.grants],
        "permissions": sorted(p.value for p in actor.permissions()) if is_full else [],
        "level": Level.FULL if is_full else Level.ENROL,
        "demo": centre.settings.demo,
        "training": centre.settings.training,
        "trial": centre.settings.trial,
        "now": iso(centre.clock.now()),
        "profile": centre.settings.profile.value,
        "stale_after_s": STALE_AFTER_S,
        "basemap": centre.settings.basemap_pmtiles is not None,
    }


async def _session_in(centre: Centre, http: HttpRequest) -> SignedIn | None:
    token = http.cookies.get(centre.guard.cookie)
    if token is None:
        return None
    async with centre.database.connection() as connection:
        try:
            return await session_of(connection, token, now=centre.clock.now())
        except NotSignedIn:
            return None


async def _end_before(centre: Centre, http: HttpRequest, connection: Connection) -> None:
    """End the session this browser came with: a new one takes its place, and none is left behind unseen."""
    token = http.cookies.get(centre.guard.cookie)
    if token is not None:
        await identity.sign_out(connection, token)
        centre.hub.end_session(identity.token_hash(token))
