"""The routes of one's own account: the ways in, the proof of who one is, and the sessions. Nobody else's account."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from markaz.core.identity import codes, passkeys, sessions, token_hash, ways
from markaz.core.identity.enrolment import Proven, changeable_ways, factor_added
from markaz.core.identity.qr import qr_of
from markaz.core.identity.sessions import Method, SignedIn
from markaz.core.identity.steps import StepKind, spend
from markaz.core.identity.ways import ProofNeeded, ProofRefused, WayChange, ways_event
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Permission
from markaz.core.routes import declares, reply, reply_of
from markaz.kit.clock import iso
from markaz.programmes.incidents import shapes
from markaz.web.centre import Centre
from markaz.web.sign_in import CREDENTIAL_KEYS_MAX, CredentialBody, OneTimeCode, Password, me_of

P = Permission

PasskeyName = Annotated[
    str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True), AfterValidator(shapes.storable)
]


class ProofBody(BaseModel):
    """A proof of who one is: a password, with a one-time code where there are codes; or a passkey's answer."""

    model_config = ConfigDict(extra="forbid")

    password: Password | None = None
    code: OneTimeCode | None = None
    credential: dict[str, Any] | None = Field(None, max_length=CREDENTIAL_KEYS_MAX)


class NewPasskeyBody(CredentialBody):
    """A new passkey under its owner's own words."""

    name: PasskeyName


class NewCodesBody(BaseModel):
    """The code that shows that the secret has arrived in the app."""

    model_config = ConfigDict(extra="forbid")

    code: OneTimeCode


class Added:
    """One adding of a second factor: what it does to the sessions goes with the act; the browser is told after it."""

    def __init__(self, centre: Centre, http: HttpRequest, session: SignedIn, method: Method) -> None:
        self._centre, self._session, self._method = centre, session, method
        self._token = http.cookies[centre.guard.cookie]
        self._proven = Proven(None, ())

    async def within(self, act: Act, change: WayChange) -> None:
        """Raise this session, end those that the password alone opened, and note it."""
        self._proven = await factor_added(act.connection, self._session, self._token, self._method, act.now)
        note(act, change, sessions_ended=len(self._proven.ended))

    def told(self, response: Response) -> Response:
        """End the streams of what ended and give the browser its new token. Called once the act is committed."""
        for key in self._proven.ended:
            self._centre.hub.end_session(key)
        if self._proven.token is not None:
            give_raised(self._centre, response, self._token, self._proven.token)
        return response


def own_account_router(centre: Centre) -> APIRouter:
    """Return the routes of one's own account."""
    router = APIRouter(prefix="/api/me", tags=["own account"])
    _add_ways(router, centre)
    _add_passkeys(router, centre)
    _add_codes(router, centre)
    _add_recovery_codes(router, centre)
    _add_sessions(router, centre)
    return router


def _add_ways(router: APIRouter, centre: Centre) -> None:
    own, needs = centre.guard.requires_own_session(), declares(P.SIGNED_IN)
    signing_in, cookies = centre.signing_in, centre.guard.cookies

    @router.get("/ways", openapi_extra=needs)
    async def own_ways(http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """Return the ways in of this account; no secret is among them."""
        session = session_in(http)
        async with centre.database.transaction() as connection:
            held = await ways.ways_of(connection, request.actor.id)
            keys = await passkeys.own_passkeys(connection, request.actor.id)
        body = {
            "has_password": held.has_password,
            "has_codes": held.has_codes,
            "recovery_codes_left": held.recovery_codes_left,
            "has_provider": held.has_provider,
            "passkeys": keys,
            "passkeys_at": None if signing_in.site is None else signing_in.site.origin,
            "is_second_factor_needed": signing_in.needs_second_factor(request.actor.grants),
            "proof_ends_at": iso(session.proven_at + sessions.FRESH),
        }
        return reply(200, body)

    @router.post("/proof", openapi_extra=needs)
    async def prove(body: ProofBody, http: HttpRequest, _request: Annotated[Request, Depends(own)]) -> Response:
        """Prove once more who one is; the ways in may be changed for five minutes, under a new session token."""
        session, token = session_in(http), http.cookies[centre.guard.cookie]
        try:
            if body.credential is not None:
                step = cookies.step(http, StepKind.PASSKEY)
                fresh = await signing_in.prove_by_passkey(session, token, step, body.credential)
            elif body.password is not None:
                fresh = await signing_in.prove_by_password(session, token, body.password, body.code)
            else:
                raise InvalidInput("Send a password or a passkey's answer.", field="password")
        except NotSignedIn as error:
            raise ProofRefused from error
        return await raised(centre, token, fresh)


def _add_passkeys(router: APIRouter, centre: Centre) -> None:
    own, full, needs = centre.guard.requires_own_session(), centre.guard.requires(P.SIGNED_IN), declares(P.SIGNED_IN)
    signing_in, cookies = centre.signing_in, centre.guard.cookies

    @router.post("/passkeys/options", openapi_extra=needs)
    async def options(http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """Return what the browser needs to make a passkey for this account."""
        session = proven(centre, http)
        site, challenge = signing_in.site_at(http.headers.get("host", "")), passkeys.new_challenge()
        async with centre.database.transaction() as connection:
            await changeable_ways(connection, session)  # before a finger is asked for, and once more in the act
            held = await passkeys.held_by(connection, request.actor.id)
        values = {"challenge": challenge.hex(), "session": session.id.hex}
        response = reply(200, passkeys.options_to_add(site, request.actor, challenge, held))
        step = signing_in.steps.seal(StepKind.ADD_PASSKEY, values, centre.clock.now())
        cookies.give_step(response, StepKind.ADD_PASSKEY, step)
        return response

    @router.post("/passkeys", status_code=201, openapi_extra=needs)
    async def add(body: NewPasskeyBody, http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """Add a passkey. A session that had to add a second factor is a full one from here on."""
        session = proven(centre, http)
        site = signing_in.site_at(http.headers.get("host", ""))
        text, added = cookies.step(http, StepKind.ADD_PASSKEY), Added(centre, http, session, Method.PASSKEY)

        async def work(act: Act) -> Answer:
            step = signing_in.steps.open(StepKind.ADD_PASSKEY, text, act.now)
            check_own(step.values, session)
            await changeable_ways(act.connection, session)
            await spend(act.connection, step)
            passkey_id = await passkeys.add_passkey(
                act.connection,
                site,
                act.actor.id,
                name=body.name,
                credential=body.credential,
                challenge=bytes.fromhex(step.values["challenge"]),
                now=act.now,
            )
            await added.within(act, WayChange.PASSKEY_ADDED)
            return Answer(201, {"id": str(passkey_id)})

        return added.told(reply_of(await centre.spine.acts.run(request, work)))

    @router.delete("/passkeys/{passkey_id}", openapi_extra=needs)
    async def remove(passkey_id: UUID, http: HttpRequest, request: Annotated[Request, Depends(full)]) -> Response:
        """Remove a passkey; never the last way in."""
        session = proven(centre, http)

        async def work(act: Act) -> Answer:
            held = await changeable_ways(act.connection, session)
            if not await passkeys.remove_passkey(act.connection, act.actor.id, passkey_id):
                raise NotFound("You have no such passkey.", what="passkey")
            is_needed = signing_in.needs_second_factor(act.actor.grants)
            ways.check_may_remove(held, passkeys=held.passkeys - 1, has_codes=held.has_codes, is_needed=is_needed)
            note(act, WayChange.PASSKEY_REMOVED)
            return Answer(200, {"id": str(passkey_id)})

        return reply_of(await centre.spine.acts.run(request, work))


def _add_codes(router: APIRouter, centre: Centre) -> None:
    own, full, needs = centre.guard.requires_own_session(), centre.guard.requires(P.SIGNED_IN), declares(P.SIGNED_IN)
    signing_in, cookies = centre.signing_in, centre.guard.cookies

    @router.post("/codes/secret", openapi_extra=needs)
    async def secret(http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """Return a new secret for an authenticator app. It counts only once a code of it has come back."""
        session, fresh = proven(centre, http), codes.new_secret()
        async with centre.database.transaction() as connection:
            await changeable_ways(connection, session)  # before a code is scanned, and once more in the act
        issuer = "Markaz" if signing_in.site is None else f"Markaz {signing_in.site.host}"
        uri = codes.uri_of(fresh, request.actor.login, issuer)
        response = reply(200, {"secret": fresh, "uri": uri, "qr": qr_of(uri)})
        values = {"secret": fresh, "session": session.id.hex}
        step = signing_in.steps.seal(StepKind.ADD_CODES, values, centre.clock.now())
        cookies.give_step(response, StepKind.ADD_CODES, step)
        return response

    @router.post("/codes", status_code=201, openapi_extra=needs)
    async def add(body: NewCodesBody, http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """Add one-time codes, or replace them; return recovery codes, once."""
        session, text = proven(centre, http), cookies.step(http, StepKind.ADD_CODES)
        added = Added(centre, http, session, Method.CODE)
        made: list[str] = []

        async def work(act: Act) -> Answer:
            step = signing_in.steps.open(StepKind.ADD_CODES, text, act.now)
            check_own(step.values, session)
            used = codes.matching_step(step.values["secret"], body.code, act.now, 0)
            if used is None:
                raise InvalidInput(
                    "This is not the code of the new secret: look at the clock of the phone.", field="code"
                )
            await changeable_ways(act.connection, session)
            await spend(act.connection, step)
            await codes.add_codes(
                act.connection, centre.sealer, act.actor.id, step.values["secret"], step=used, now=act.now
            )
            made[:] = await codes.make_recovery_codes(act.connection, act.actor.id)
            await added.within(act, WayChange.CODES_ADDED)
            return Answer(201, {})

        answer = await centre.spine.acts.run(request, work)
        # Shown once and never kept: whoever sends the same act again gets none and makes new ones.
        return added.told(reply(answer.status, {**answer.body, "recovery_codes": made}))

    @router.delete("/codes", openapi_extra=needs)
    async def remove(http: HttpRequest, request: Annotated[Request, Depends(full)]) -> Response:
        """Remove one-time codes and their recovery codes."""
        session = proven(centre, http)

        async def work(act: Act) -> Answer:
            held = await changeable_ways(act.connection, session)
            if not await codes.remove_codes(act.connection, act.actor.id):
                raise NotFound("You have no one-time codes.", what="codes")
            is_needed = signing_in.needs_second_factor(act.actor.grants)
            ways.check_may_remove(held, passkeys=held.passkeys, has_codes=False, is_needed=is_needed)
            note(act, WayChange.CODES_REMOVED)
            return Answer(200, {})

        return reply_of(await centre.spine.acts.run(request, work))


def _add_recovery_codes(router: APIRouter, centre: Centre) -> None:
    own, needs = centre.guard.requires(P.SIGNED_IN), declares(P.SIGNED_IN)

    @router.post("/recovery-codes", status_code=201, openapi_extra=needs)
    async def recovery_codes(http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """Make new recovery codes; the ones before end."""
        session = proven(centre, http)
        made: list[str] = []

        async def work(act: Act) -> Answer:
            if not (await changeable_ways(act.connection, session)).has_codes:
                raise NotFound("You have no one-time codes.", what="codes")
            made[:] = await codes.make_recovery_codes(act.connection, act.actor.id)
            note(act, WayChange.RECOVERY_CODES_MADE)
            return Answer(201, {})

        answer = await centre.spine.acts.run(request, work)
        return reply(answer.status, {**answer.body, "recovery_codes": made})


def _add_sessions(router: APIRouter, centre: Centre) -> None:
    own, needs = centre.guard.requires(P.SIGNED_IN), declares(P.SIGNED_IN)

    @router.get("/sessions", openapi_extra=needs)
    async def own_sessions(http: HttpRequest, _request: Annotated[Request, Depends(own)]) -> Response:
        """Return where this account is signed in."""
        async with centre.database.connection() as connection:
            items = await sessions.own_sessions(connection, session_in(http), centre.clock.now())
        return reply(200, {"items": items})

    @router.delete("/sessions/{session_id}", status_code=204, openapi_extra=needs)
    async def end(session_id: UUID, http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """End one of one's own sessions and its streams; one signs out of the present one instead."""
        if session_id == session_in(http).id:
            raise InvalidInput("This is the session you use: sign out instead.", field="session_id")
        async with centre.database.transaction() as connection:
            ended = await sessions.end_session(connection, request.actor.id, session_id)
        if ended is None:
            raise NotFound("You have no such session.", what="session")
        centre.hub.end_session(ended)
        return Response(status_code=204)

    @router.delete("/sessions", openapi_extra=needs)
    async def end_others(http: HttpRequest, request: Annotated[Request, Depends(own)]) -> Response:
        """End every other session of this account and their streams."""
        async with centre.database.transaction() as connection:
            ended = await sessions.end_other_sessions(connection, request.actor.id, session_in(http).id)
        for key in ended:
            centre.hub.end_session(key)
        return reply(200, {"ended": len(ended)})


def session_in(http: HttpRequest) -> SignedIn:
    """Return the session of a request. Raises Forbidden for a service, which has none."""
    session = http.state.session
    if not isinstance(session, SignedIn):
        raise Forbidden("A service has no session of its own.")
    return session


def proven(centre: Centre, http: HttpRequest) -> SignedIn:
    """Return the session of a request whose holder proved lately who they are. Raises ProofNeeded."""
    session = session_in(http)
    if not session.is_fresh(centre.clock.now()):
        raise ProofNeeded
    return session


def check_own(values: Mapping[str, str], session: SignedIn) -> None:
    """Raise Forbidden for a step that was begun in another session: a planted one adds nothing."""
    if values["session"] != session.id.hex:
        raise Forbidden("This step was begun in another session: begin again.")


def note(act: Act, change: WayChange, **details: int) -> None:
    """Add the event and the log entry of a change of the ways in."""
    territory_id = min((grant.territory_id for grant in act.actor.grants), default=0)
    act.events.append(ways_event(act.actor.id, change, territory_id, act.actor.id, act.now))
    act.entries.append(
        entry_of(
            act.request,
            EntryKind.ACCESS_CHANGE,
            change.value,
            "account",
            act.actor.id,
            "own_account",
            territory_id=territory_id or None,
            details=details,
        )
    )


async def raised(centre: Centre, before: str, fresh: str) -> Response:
    """Answer a session that has a new token: the cookie changes, and the streams of the old token end."""
    async with centre.database.connection() as connection:
        session = await sessions.session_of(connection, fresh, now=centre.clock.now())
    response = reply(200, me_of(centre, session))
    give_raised(centre, response, before, fresh)
    return response


def give_raised(centre: Centre, response: Response, before: str, fresh: str) -> None:
    """Set the new token of a session and end the streams of the one before."""
    centre.hub.end_session(token_hash(before))
    centre.guard.cookies.give_session(response, fresh, centre.signing_in.life)
