"""The rows of signing in and of the own account for tests/support/operations.py.

Tests speak to 127.0.0.1, which is no address for passkeys, and bring no cookie of a step: those rows show the refusal.
Passkeys, codes and the provider at work are in tests/integration/test_passkeys.py, test_codes.py and test_provider.py.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

from tests.support.operation import Call, Elsewhere, Operation, World
from tests.support.people import Person, open_session

from markaz.core.identity import codes, token_hash
from markaz.core.permissions import Permission

P = Permission
PUBLIC = Elsewhere.PUBLIC


async def _plain(_w: World) -> Call:
    return Call()


async def _code(_w: World) -> Call:
    return Call(body={"code": "123456"})


async def _credential(_w: World) -> Call:
    return Call(body={"credential": {}})


async def _new_passkey(_w: World) -> Call:
    return Call(body={"name": "My key", "credential": {}})


async def _wrong_proof(_w: World) -> Call:
    return Call(body={"password": "not the password"})


async def add_row_of_passkey(w: World, person: Person, passkey_id: UUID) -> None:
    """Insert a passkey that nobody can sign with."""
    await w.running.rows(
        "INSERT INTO passkeys (id, account_id, credential_id, public_key, sign_count, is_backed_up, name, added_at) "
        "VALUES ($1, $2, $3, '\\x00', 0, false, 'key', now())",
        passkey_id,
        person.id,
        passkey_id.bytes,
    )


async def _passkey(w: World) -> Call:
    passkey_id = uuid4()

    async def ready(person: Person) -> None:
        await add_row_of_passkey(w, person, passkey_id)
        await add_row_of_passkey(w, person, uuid4())  # a way in that is left

    return Call({"passkey_id": str(passkey_id)}, ready=ready)


def _with_codes(w: World) -> Callable[[Person], Awaitable[None]]:
    async def ready(person: Person) -> None:
        await add_row_of_passkey(w, person, uuid4())
        centre = w.running.centre
        async with centre.database.transaction() as connection:
            secret = codes.new_secret()
            await codes.add_codes(connection, centre.sealer, person.id, secret, step=0, now=w.now)

    return ready


async def _codes(w: World) -> Call:
    return Call(ready=_with_codes(w))


async def _session(w: World) -> Call:
    session_id = uuid4()

    async def ready(person: Person) -> None:
        token = await open_session(w.running.centre.database, person.id, now=w.now, life=timedelta(hours=1))
        await w.running.rows("UPDATE sessions SET id = $1 WHERE token_hash = $2", session_id, token_hash(token))

    return Call({"session_id": str(session_id)}, ready=ready)


ACCOUNT_OPERATIONS = (
    Operation("POST /api/session/code", P.PUBLIC, _code, PUBLIC, 409),
    Operation("POST /api/session/passkey/options", P.PUBLIC, lambda _w: _body({}), PUBLIC, 409),
    Operation("POST /api/session/passkey", P.PUBLIC, _credential, PUBLIC, 409),
    Operation("POST /api/session/provider", P.PUBLIC, _plain, PUBLIC, 409),
    Operation("GET /api/session/provider/return", P.PUBLIC, _plain, PUBLIC, 303),
    Operation("GET /api/me/ways", P.SIGNED_IN, _plain, PUBLIC),
    Operation("POST /api/me/proof", P.SIGNED_IN, _wrong_proof, PUBLIC, 403),
    Operation("POST /api/me/passkeys/options", P.SIGNED_IN, _plain, PUBLIC, 409),
    Operation("POST /api/me/passkeys", P.SIGNED_IN, _new_passkey, PUBLIC, 409),
    Operation("DELETE /api/me/passkeys/{passkey_id}", P.SIGNED_IN, _passkey, PUBLIC),
    Operation("POST /api/me/codes/secret", P.SIGNED_IN, _plain, PUBLIC),
    Operation("POST /api/me/codes", P.SIGNED_IN, _code, PUBLIC, 409),
    Operation("DELETE /api/me/codes", P.SIGNED_IN, _codes, PUBLIC),
    Operation("POST /api/me/recovery-codes", P.SIGNED_IN, _codes, PUBLIC, 201),
    Operation("GET /api/me/sessions", P.SIGNED_IN, _plain, PUBLIC),
    Operation("DELETE /api/me/sessions/{session_id}", P.SIGNED_IN, _session, PUBLIC, 204),
    Operation("DELETE /api/me/sessions", P.SIGNED_IN, _plain, PUBLIC),
)


async def _body(body: object) -> Call:
    return Call(body=body)
