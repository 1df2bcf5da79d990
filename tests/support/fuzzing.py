"""Requests made from the API's own OpenAPI document, aimed at records that exist, sent over a loopback socket.

Schemathesis makes each request from the schema (valid and broken ones); `aimed` then puts real ids and versions into
most of them, so that they get past "not found" and into the commands. Others are the right call of the operation's row
(tests/support/operations.py) with one field made up.
"""

import asyncio
import copy
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from tests.support.centre import RunningCentre, opened_centre
from tests.support.desk import assign, open_incident, register_unit
from tests.support.land import Land
from tests.support.live import serving
from tests.support.operation import Call, World, make_world
from tests.support.operations import OPERATIONS
from tests.support.people import Person

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.permissions import OFFICES, ROLE_PERMISSIONS, Grant, Role
from markaz.core.settings import Settings
from markaz.kit.clock import iso

AIMED = 0.75  # of the ids; the others stay as they were made
RIGHT = 0.2  # of the requests begin as a right call
BENT = 0.8  # of those have one field from the schema's own invention
NOBODY = STRANGER = 0.03  # of the requests
REQUEST_TIMEOUT_S = 20
NEW_RECORDS = {"/api/incidents": "incident_id", "/api/units": "unit_id"}
TIMES = ("at", "fix_at")
ENDLESS = "GET /api/stream"  # a stream has no last byte to wait for; test_permissions_scope.py reads it
OFFICE_ROLES = (*sorted(OFFICES, reverse=True), Role.ADMINISTRATOR)
PERSON_ROLES = (Role.SUPERVISOR, *OFFICE_ROLES)
AT_THE_DESK = frozenset(permission.value for permission in ROLE_PERMISSIONS[Role.SUPERVISOR])
# What only a member of a crew does, on a phone.
CREW_ONLY = ROLE_PERMISSIONS[Role.UNIT_OFFICER] - frozenset().union(*(ROLE_PERMISSIONS[role] for role in PERSON_ROLES))


@dataclass
class Target:
    """A served centre: who asks, and the records that requests are aimed at."""

    url: str
    document: dict[str, Any]
    person: dict[str, str]  # the session of a supervisor, who works at the desk
    importer: dict[str, str]  # the key of an importer
    known: dict[str, list[Any]]
    versions: dict[str, int]  # of each record, as its last answer told
    running: RunningCentre
    loop: asyncio.AbstractEventLoop
    asker: Person  # behind `person`
    offices: tuple[
        Person, ...
    ]  # one of each that administers or oversees: held together they would close each other out
    officer: Person  # a member of a crew
    world: World

    def right_call(self, label: str) -> Call | None:
        """Make fresh records for an operation and return the right call for them, None for one without a row."""
        row = next((operation for operation in OPERATIONS if operation.name == label), None)
        if row is None:
            return None
        call: Call = self.ask(row.prepare(self.world))
        if call.ready is not None:
            self.ask(call.ready(self.officer if row.permission in CREW_ONLY else self.by_right(row.permission.value)))
        return call

    def by_right(self, needs: str) -> Person:
        """Return who holds a right: the desk where it may, else an office that does."""
        if needs in AT_THE_DESK:
            return self.asker
        rights = [{permission.value for permission in ROLE_PERMISSIONS[role]} for role in OFFICE_ROLES]
        return next((one for one, held in zip(self.offices, rights, strict=True) if needs in held), self.asker)

    def ask(self, coroutine: Any) -> Any:
        """Run a coroutine on the server's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(REQUEST_TIMEOUT_S)


@contextmanager
def served_target(settings: Settings, access: DatabaseAccess) -> Iterator[Target]:
    """Serve a centre with some records from a thread of its own while the block runs."""
    ready: list[Target | BaseException] = []
    is_ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with opened_centre(settings, access) as running, serving(running) as url:
            ready.append(await _target(running, url))
            is_ready.set()
            while not done.is_set():  # noqa: ASYNC110 - the other side is a thread
                await asyncio.sleep(0.05)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            # Whatever ends the server must end the test, which waits in another thread.
            ready.append(error)
            is_ready.set()
            raise

    thread = threading.Thread(target=copy_context().run, args=(run,))
    thread.start()
    try:
        is_ready.wait(REQUEST_TIMEOUT_S)
        target = ready[0]
        if isinstance(target, BaseException):
            raise target
        yield target
    finally:
        done.set()
        thread.join()


async def _target(running: RunningCentre, url: str) -> Target:
    person = await running.newcomer(Grant(Role.SUPERVISOR, Land.ROOT))
    offices = tuple([await running.newcomer(Grant(role, Land.ROOT)) for role in OFFICE_ROLES])
    importer = await running.newcomer(Grant(Role.IMPORTER, Land.ROOT))
    incidents = [await open_incident(person, caller={"name": "A"}, note="n") for _ in range(6)]
    units = [await register_unit(person, f"F{n}", Land.REGION) for n in range(6)]
    sent = [await assign(person, i, u) | {"unit_id": u["id"]} for i, u in zip(incidents[:3], units[:3], strict=True)]
    known = {
        "incident_id": [i["id"] for i in incidents],
        "unit_id": [u["id"] for u in units],
        "sent": sent,
        "account_id": [str((await running.newcomer(Grant(Role.OBSERVER, Land.WEST))).id), str(offices[-1].id)],
        "territory_id": [int(land) for land in Land],
        "corrects_seq": [i["seq"] - 1 for i in sent],
        "call_key": ["a", "b", "c"],
        "source": ["one", "two"],
        "category": ["theft", "fire"],
        "priority": ["1", "2"],
        "channel": ["phone"],
        "outcome": ["resolved"],
        "kind": ["patrol_car"],
    }
    document = (await running.nobody.get("/openapi.json")).json()
    versions = {record["id"]: record["version"] for record in [*incidents, *units, *sent]}
    return Target(
        url,
        document,
        person.credentials,
        importer.credentials,
        known,
        versions,
        running,
        asyncio.get_running_loop(),
        person,
        offices,
        await running.newcomer(Grant(Role.UNIT_OFFICER, Land.ROOT)),
        await make_world(running),
    )


@dataclass
class Tally:
    """What came back."""

    by_operation: dict[str, Counter[int]] = field(default_factory=dict)

    def add(self, operation: str, status: int) -> None:
        """Count one answer."""
        self.by_operation.setdefault(operation, Counter())[status] += 1

    @property
    def statuses(self) -> Counter[int]:
        """Return how often each status came back."""
        return sum(self.by_operation.values(), Counter())

    @property
    def never_served(self) -> set[str]:
        """Return the operations that refused every request."""
        return {name for name, statuses in self.by_operation.items() if min(statuses) >= 300}


def fuzz(target: Target, cases: int, seed: int) -> Tally:
    """Send about `cases` requests over all operations and check each answer. Raises AssertionError with a curl line."""
    rng, tally = random.Random(seed), Tally()
    found = [result.ok() for result in schemathesis.openapi.from_dict(target.document).get_all_operations()]  # type: ignore[union-attr]
    operations = [operation for operation in found if operation.label != ENDLESS]
    with_input = [o for o in operations if o.body or any(True for _ in o.iter_parameters())]
    each = -(-cases // (2 * len(with_input)))  # an operation without input is sent once
    with requests.Session() as session:
        for operation in operations:
            right = target.right_call(operation.label)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                _run_one(target, session, operation.as_strategy(generation_mode=mode), right, (each, seed, rng, tally))
    return tally


def _run_one(
    target: Target,
    session: requests.Session,
    strategy: Any,
    right: Call | None,
    chance: tuple[int, int, random.Random, Tally],
) -> None:
    each, seed, rng, tally = chance

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=each,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=strategy)
    def send(case: "Case[Any]") -> None:
        is_first = right is not None and case.operation.label not in tally.by_operation
        sent = _righted(case, rng, right, bent=0.0) if is_first else aimed(case, target, rng, right)
        _send(target, session, sent, rng, tally)

    # Nothing can be wrong about an operation without any input: then there is no such request to make.
    with suppress(hypothesis.errors.Unsatisfiable):
        send()


def _send(target: Target, session: requests.Session, case: "Case[Any]", rng: random.Random, tally: Tally) -> None:
    headers = {**_credentials(target, case, rng, tally), "Idempotency-Key": f"{rng.getrandbits(64):x}"}
    session.cookies.clear()
    response = case.call(base_url=target.url, session=session, headers=headers, timeout=REQUEST_TIMEOUT_S)
    tally.add(case.operation.label, response.status_code)
    sent = (
        case.as_curl_command(headers)
        if not isinstance(case.body, bytes)
        else f"{case.method} {case.path} {case.body!r}"
    )
    told = f"{response.status_code} {response.content[:500]!r}\n{sent}"
    assert response.status_code < 500, told
    assert response.status_code in {405, 431, *map(_status, case.operation.definition.raw["responses"])}, told
    if response.status_code >= 400:
        assert set(response.json()) == {"code", "message", "details", "request_id"}, told
        return
    if case.method == "POST" and b"version" in response.content:
        answered = response.json()
        path = case.path_parameters or {}
        record = path.get("incident_id") or path.get("unit_id") or answered.get("id")
        if record is not None and "version" in answered:
            target.versions[record] = answered["version"]
        if case.path in NEW_RECORDS:
            target.known[NEW_RECORDS[case.path]].append(answered["id"])


def _credentials(target: Target, case: "Case[Any]", rng: random.Random, tally: Tally) -> dict[str, str]:
    """Return who asks: mostly somebody who may, sometimes the other, sometimes nobody."""
    if rng.random() < NOBODY and case.operation.label in tally.by_operation:
        return {}
    needs = case.operation.definition.raw["x-permission"]
    is_importers = any(needs == permission.value for permission in ROLE_PERMISSIONS[Role.IMPORTER])
    is_other = rng.random() < STRANGER and case.operation.label in tally.by_operation
    # Ending the session, as signing in anew does too, would leave the rest of the run to nobody, so only the service, which has none, asks for it.
    if is_importers != is_other or case.operation.label.endswith(" /api/session"):
        return target.importer
    return target.officer.credentials if needs in CREW_ONLY else target.by_right(needs).credentials


def _status(declared: Any) -> int:
    return int(declared)


def aimed(case: "Case[Any]", target: Target, rng: random.Random, right: Call | None) -> "Case[Any]":
    """Return the case with most of its ids, versions, codes and times replaced by ones that fit, or as a right call."""
    if right is not None and rng.random() < RIGHT:
        return _righted(case, rng, right)  # as is, or nearly
    known, path = target.known, case.path_parameters or {}
    for name in path:
        if name in known and rng.random() < AIMED:
            path[name] = rng.choice(known[name])
    if isinstance(case.body, dict):
        body: dict[str, Any] = _aim(case.body, known, rng)
        if "version" in body and rng.random() < AIMED:
            body["version"] = target.versions.get(str(path.get("incident_id") or path.get("unit_id")), 1)
        case.body = body
    if case.path.endswith(("/stages", "/corrections")) and path and rng.random() < AIMED:
        _aim_at_a_sending(case, rng.choice(known["sent"]), target)
    return case


def _righted(case: "Case[Any]", rng: random.Random, right: Call | None, *, bent: float = BENT) -> "Case[Any]":
    assert right is not None
    made_up = case.body
    case.path_parameters = {name: str(value) for name, value in right.path.items()}
    case.query = {name: str(value) for name, value in right.query.items()}
    if right.body is not None:
        case.body = copy.deepcopy(right.body)
        if isinstance(case.body, dict) and isinstance(made_up, dict) and made_up and rng.random() < bent:
            name = rng.choice(sorted(made_up))
            case.body[name] = made_up[name]
    return case


def _aim_at_a_sending(case: "Case[Any]", sending: dict[str, Any], target: Target) -> None:
    """Let a stage or a correction be of a unit that was sent there."""
    case.path_parameters["incident_id"] = sending["id"]
    if "unit_id" in case.path_parameters:
        case.path_parameters["unit_id"] = sending["unit_id"]
    if isinstance(case.body, dict):
        case.body["version"] = target.versions[sending["id"]]
        if "corrects_seq" in case.body:
            case.body |= {"unit_id": sending["unit_id"], "corrects_seq": sending["seq"] - 1, "stage": "assigned"}


def _aim(value: Any, known: dict[str, list[Any]], rng: random.Random) -> Any:
    if isinstance(value, list):
        return [_aim(inner, known, rng) for inner in value[:20]]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, inner in value.items():
        hits = rng.random() < AIMED
        if hits and name in known:
            result[name] = rng.choice(known[name])
        elif hits and name in TIMES:
            result[name] = iso(datetime.now(UTC))
        elif not (hits and name == "occurred_at"):  # left out, it means now
            result[name] = _aim(inner, known, rng)
    return result
