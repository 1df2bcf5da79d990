"""Input nobody means well with: each is refused in the one error shape, naming the field, and leaves nothing behind.

Text that is only odd (markup, SQL, bidirectional controls) is kept and given back to the letter: it is text.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import call_body, open_incident
from tests.support.live import serving
from tests.support.people import Person, new_key
from tests.support.refusals import assert_refused

from markaz.core.permissions import Role
from markaz.web import protocol

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLES = (
    "incidents", "calls", "notes", "units", "assignments", "sealed_fields", "keys.sealed_keys", "sealed_search",
    "audit_entries", "idempotency", "accounts", "grants", "sessions",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def importer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.IMPORTER)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def incident(officer: Person) -> dict[str, Any]:
    return await open_incident(officer)


@pytest_asyncio.fixture(loop_scope="module")
async def nothing_written(
    shared_centre: RunningCentre, incident: dict[str, Any], importer: Person
) -> AsyncIterator[None]:
    """Compare every table and the event counter before and after the test."""

    async def now() -> dict[str, int]:
        counts = {t: (await shared_centre.rows(f"SELECT count(*) AS n FROM {t}"))[0]["n"] for t in TABLES}
        return counts | {"events": await shared_centre.seq()}

    before = await now()
    yield
    assert await now() == before


def with_value(json_path: str, literal: str) -> bytes:
    """Return a right call in which the value at `place.lon` and the like is this literal."""
    body: Any = call_body(caller={"name": "A", "phone": "+998 1"}, note="n", address="a")
    *outer, last = json_path.split(".")
    inner = body
    for part in outer:
        inner = inner[part]
    inner[last] = "@"
    return json.dumps(body).replace('"@"', literal, 1).encode()


MALFORMED = {
    "nothing": b"",
    "a cut off object": b'{"category": "theft"',
    "a second object": b'{"category": "theft"} {}',
    "single quotes": b"{'category': 'theft'}",
    "a comment": b'{"category": "theft" /* here */}',
    "a trailing comma": b'{"category": "theft",}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"17",
    "a string": b'"theft"',
    "broken UTF-8": b'{"category": "theft", "note": "\xff\xfe\xfd"}',
    "an overlong NUL": b'{"category": "theft", "note": "\xc0\x80"}',
    "a hundred thousand brackets": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000,
    "a number of a hundred thousand digits": b'{"version": ' + b"9" * 100_000 + b"}",
    "gzip": bytes.fromhex("1f8b08000000000000034b04004320c0e801000000"),
    "NUL bytes": b"\0" * 100,
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_a_body_that_is_no_json_object_is_refused_naming_the_body(officer: Person, body: bytes) -> None:
    response = await officer.post("/api/incidents", body)
    assert_refused(response, 422, "body")


VALUES = [
    # Coordinates that are on no globe.
    *[("place.lat", v) for v in ("NaN", "Infinity", "-Infinity", "1e309", "-1e309", "91", "-90.0001", "1e308")],
    *[("place.lon", v) for v in ("NaN", "1e309", "181", "-180.0001", '"east"', "null", "[]", "{}")],
    ("place", '"60,40"'),
    ("place", "[60, 40]"),
    ("place", "60"),
    # Times that were never, are not yet, or say too little.
    *[
        ("occurred_at", f'"{v}"')
        for v in (
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59-14:00",
            "1969-12-31T23:59:59Z",
            "2199-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01",
            "yesterday",
            "",
        )
    ],
    *[("occurred_at", v) for v in ("1e309", "NaN", "1e18", "-1e18", "99999999999999999999", "true", "[]")],
    # Words of a closed list.
    *[("category", v) for v in ('"nothing"', '""', "5", "null", "true", "[]", "{}", '"theft\\u0000"', '"THEFT"')],
    ("category", json.dumps("x" * 100_000)),
    ("priority", "2"),
    ("channel", '"phone "'),
    # Text that no table or screen can hold, or too much of it.
    *[("note", v) for v in ('"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"  \\n "', '""', "5", "{}")],
    ("note", json.dumps("x" * 4_001)),
    ("note", json.dumps("x" * 900_000)),
    ("address", json.dumps("x" * 401)),
    ("address", '"\\ud83d"'),
    ("caller.name", '"\\u0000"'),
    ("caller.name", json.dumps("x" * 201)),
    *[("caller.phone", v) for v in ('"ext"', '"+"', '"1\\u00002"', json.dumps("1" * 41), '"\\u0661\\u0662\\u0663"')],
    ("caller", '"Somebody"'),
    ("caller", "[]"),
    # Integers beyond every column.
    *[("territory_id", v) for v in ("0", "-1", "2147483648", "9" * 4_000, "1.5", '"x"', "true", "1e400", "[]")],
]


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(("field", "literal"), VALUES, ids=[f"{f}={v[:30]}" for f, v in VALUES])
async def test_a_wrong_value_is_refused_naming_its_field(officer: Person, field: str, literal: str) -> None:
    response = await officer.post("/api/incidents", with_value(field, literal))
    assert_refused(response, 422, field)


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", ["notes", "__proto__", "x" * 100_000, "\u202ebidi", "<script>", "a\0b"])
async def test_an_unknown_field_is_refused_and_not_quietly_lost(officer: Person, name: str) -> None:
    response = await officer.post("/api/incidents", call_body() | {name: 1})
    assert_refused(response, 422, name if len(name) < 100 else None)


@pytest.mark.usefixtures("nothing_written")
async def test_a_field_whose_name_is_no_text_is_refused(officer: Person) -> None:
    body = json.dumps(call_body())[:-1] + ', "\\ud800": 1}'
    assert_refused(await officer.post("/api/incidents", body.encode()), 422, None)


async def test_of_a_name_given_twice_the_last_value_counts_everywhere(
    shared_centre: RunningCentre, officer: Person
) -> None:
    body = json.dumps(call_body(category="theft"))[:-1] + ', "category": "fire"}'
    opened = (await officer.post("/api/incidents", body.encode())).json()
    card = (await officer.get(f"/api/incidents/{opened['id']}")).json()["incident"]
    event = (await shared_centre.rows("SELECT payload::text AS p FROM events WHERE seq = $1", opened["seq"]))[0]
    assert card["category"] == json.loads(event["p"])["view"]["category"] == "fire"


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_json_under_another_name_is_not_read(officer: Person, content_type: str) -> None:
    body = json.dumps(call_body()).encode()
    response = await officer.post("/api/incidents", body, headers={"Content-Type": content_type})
    assert_refused(response, 422, "body")


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("path", ["/api/incidents", "/api/intake/calls", "/api/session", "/api/units/positions"])
async def test_a_body_over_the_limit_is_refused_unread(
    shared_centre: RunningCentre, officer: Person, path: str
) -> None:
    person = await shared_centre.person(Role.IMPORTER) if "i" in path.split("/")[2][:2] else officer
    for body in (b" " * 1_000_001, json.dumps({"text": "x" * 10_000_000}).encode()):
        response = await person.post(path, body)
        assert_refused(response, 413, None)
        assert response.json()["code"] == "too_large"


@pytest.mark.usefixtures("nothing_written")
async def test_a_note_of_ten_megabytes_is_refused(officer: Person, incident: dict[str, Any]) -> None:
    response = await officer.post(f"/api/incidents/{incident['id']}/notes", {"text": "n" * 10_000_000})
    assert_refused(response, 413, None)


@pytest.mark.usefixtures("nothing_written")
async def test_a_body_that_hides_its_length_is_cut_off_at_the_limit(
    shared_centre: RunningCentre, officer: Person
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(500):
            sent += 100_000
            yield b"x" * 100_000

    headers = {"Idempotency-Key": new_key(), "Content-Type": "application/json"}
    response = await officer.client.post("/api/incidents", content=endless(), headers=headers)
    assert_refused(response, 413, None)
    async with serving(shared_centre) as url, httpx.AsyncClient(base_url=url, headers=officer.credentials) as wire:
        sent = 0
        try:
            response = await wire.post("/api/incidents", content=endless(), headers=headers)
        except httpx.TransportError:  # the server closed the connection while we were still sending
            assert sent < 50_000_000
        else:
            assert_refused(response, 413, None)
        assert (await wire.get("/api/me")).status_code == 200


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": "k" * 10_000},
        {"Idempotency-Key": "\u00a0"},
        {"Idempotency-Key": "a\u00adb"},
    ],
    ids=["long", "space only", "soft hyphen"],
)
async def test_a_hostile_idempotency_key_is_refused(officer: Person, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    response = await officer.client.post("/api/incidents", json=call_body(), headers=raw)
    assert_refused(response, 422, "Idempotency-Key")


@pytest.mark.usefixtures("nothing_written")
async def test_hostile_credentials_are_nobody(shared_centre: RunningCentre) -> None:
    for headers in (
        {"Cookie": "markaz_session=" + "x" * 30_000},
        {"Cookie": "markaz_session=" + "%00"},
        {"Cookie": ";;;==="},
        {"Authorization": "Bearer " + "x" * 30_000},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic bWs6"},
    ):
        stranger = await shared_centre.as_client(uuid4(), "stranger", headers)
        assert_refused(await stranger.get("/api/snapshot"), 401, None)
    raw = [(b"authorization", b"Bearer mk_\xff\xfe_\xb2")]
    assert_refused(await shared_centre.nobody.get("/api/snapshot", headers=raw), 401, None)


@pytest.mark.usefixtures("nothing_written")
async def test_a_strange_request_id_is_replaced_by_ours(officer: Person) -> None:
    words = ("Zulfiya.Ismoilova", "998901112233", "theirs.1234")  # it is kept for ever: nobody is named in it
    for strange in ("x" * 1_000, "short", "a b c d e f g", "<script>alert(1)</script>", *words):
        response = await officer.client.get("/api/me", headers={"X-Request-Id": strange})
        assert response.headers["x-request-id"] != strange
    for theirs in ("0123456789abcdef" * 2, str(uuid4())):
        response = await officer.client.get("/api/me", headers={"X-Request-Id": theirs})
        assert response.headers["x-request-id"] == theirs


@pytest.mark.usefixtures("nothing_written")
async def test_endless_headers_and_addresses_are_cut_off_and_hurt_nobody(
    shared_centre: RunningCentre, officer: Person
) -> None:
    async with serving(shared_centre) as url, httpx.AsyncClient(base_url=url, headers=officer.credentials) as wire:
        try:
            response = await wire.get("/api/me", headers={"X-Long": "x" * 10_000_000})
            assert response.status_code == 400
        except httpx.TransportError:
            pass  # closed in our face is an answer too
        assert_refused(await wire.get("/api/me", headers={"X-Long": "x" * 40_000}), 431, None)
        assert_refused(await wire.get("/api/me?" + "q" * 40_000), 431, None)
        assert (await wire.get("/api/me")).status_code == 200


WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = {
    "nothing": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "blank lines after a whole request": WHOLE + b"\r\n",
    "half a second head": WHOLE + b"GET /healthz HTTP/1.1\r\n",
    "half a body": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
}


async def test_a_peer_that_never_ends_its_request_is_left_and_one_that_listens_is_not(
    shared_centre: RunningCentre, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEAD_WAIT_S", "BODY_WAIT_S"):
        monkeypatch.setattr(protocol, name, 0.2)
    async with serving(shared_centre) as url, asyncio.timeout(30):
        host, port = url.removeprefix("http://").split(":")
        listening, wish = await asyncio.open_connection(host, int(port))
        credentials = "".join(f"{name}: {value}\r\n" for name, value in officer.credentials.items())
        wish.write(
            f"GET /api/stream?after={await shared_centre.seq()} HTTP/1.1\r\nHost: x\r\n{credentials}\r\n".encode()
        )
        assert (await listening.readline()).startswith(b"HTTP/1.1 200")
        for sent in SLOW.values():
            answer, peer = await asyncio.open_connection(host, int(port))
            peer.write(sent)
            await answer.read()  # returns at the end of the connection only
            peer.close()
        incident = await open_incident(officer)
        async with asyncio.timeout(10):
            await listening.readuntil(incident["id"].encode())
        wish.close()


QUERIES = [
    *[("limit", v) for v in ("0", "-1", "201", "1e3", "x", "9" * 5_000, "")],
    *[("status", v) for v in ("", "OPEN", "open;drop", "\0")],
    *[("territory", v) for v in ("0", "-1", "x", "9" * 30)],
    *[("priority", v) for v in ("", "\0", "a" * 81, "<b>", "\ufffd")],
    *[("from", v) for v in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01", "x", "NaN")],
    *[("cursor", v) for v in ("x", "%%%", "=" * 200, "x" * 201, "\0", "\u202e")],
]
CURSORS = {
    "no time zone": "2026-01-01T00:00:00|",
    "the first instant": "0001-01-01T00:00:00+14:00|",
    "the last instant": "9999-12-31T23:59:59-14:00|",
    "no id": "2026-01-01T00:00:00+00:00|",
    "nothing": "",
    "a bar": "|",
}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(("name", "value"), QUERIES, ids=[f"{n}={v[:20]!r}" for n, v in QUERIES])
async def test_a_wrong_query_is_refused_naming_the_parameter(officer: Person, name: str, value: str) -> None:
    assert_refused(await officer.get("/api/incidents", **{name: value}), 422, name)


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("content", CURSORS.values(), ids=CURSORS)
async def test_a_forged_cursor_is_refused(officer: Person, content: str) -> None:
    id_ = str(uuid4()) if content.endswith("|") and content not in {"|", CURSORS["no id"]} else ""
    cursor = base64.urlsafe_b64encode((content + id_).encode()).decode()
    assert_refused(await officer.get("/api/incidents", cursor=cursor), 422, "cursor")


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    "path",
    [
        "/api/incidents/x",
        "/api/incidents/%00",
        "/api/incidents/..%2f..%2fetc%2fpasswd",
        "/api/incidents/' OR 1=1 --",
        "/api/incidents/00000000-0000-4000-8000-000000000001/timeline/../../../me/x",
        "/api/territories/x/counts",
        f"/api/territories/{'9' * 5_000}/counts",
        "/api/territories/-1/counts",
        "/api/territories/99999999999999999999/boundaries",
        "/api/nothing",
        "/api//incidents",
        "/api/%ff%fe",
        "/../../etc/passwd",
    ],
)
async def test_a_path_to_nothing_is_not_found_or_refused(officer: Person, path: str) -> None:
    response = await officer.get(path)
    assert "root:" not in response.text
    if ".." in path and response.status_code == 200:
        assert "<!doctype html>" in response.text  # an address of the console's own: its page, whatever the path
    else:
        assert response.status_code in {404, 422}, response.text[:300]
        assert_refused(response, response.status_code, None)


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("method", ["PATCH", "TRACE", "DELETE", "OPTIONS", "PROPFIND"])
async def test_a_method_that_is_not_there_is_refused_with_those_that_are(officer: Person, method: str) -> None:
    response = await officer.send(method, "/api/incidents")
    assert_refused(response, 405, None)
    assert set(response.headers["allow"].replace(" ", "").split(",")) == {"GET", "POST"}


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 30, "\u00b2", "\u00b9\u00b2", "", " 1"])
async def test_a_strange_stream_cursor_is_refused(officer: Person, last: str) -> None:
    raw = [(b"last-event-id", last.encode("latin-1"))]
    response = await officer.client.get("/api/stream", headers=raw)
    assert_refused(response, 422, "Last-Event-ID")
