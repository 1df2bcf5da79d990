"""What a row of the operations' tables is: a right call, the world its records are made in, and how it is sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from tests.support.centre import RunningCentre
from tests.support.desk import assign, intake_body, open_incident, register_unit
from tests.support.land import Land
from tests.support.people import Person, new_key

from markaz.core.permissions import Permission, Role


class Elsewhere(Enum):
    """What somebody with the right role in another territory gets."""

    REFUSED = "403 or 404, the same as for what does not exist"
    FILTERED = "an answer with nothing of this territory in it"
    PUBLIC = "the same answer: nothing in it belongs to a territory"
    PASSED_ON = "taken, and passed to the desk of the territory it belongs to"


@dataclass(frozen=True)
class Call:
    """One right call. `ids` are the records it names; `marks` are words only the rightful may read in the answer."""

    path: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    ready: Callable[[Person], Awaitable[None]] | None = None  # makes the one who holds the right ready to send it

    def for_ghosts(self) -> "Call":
        """Return the same call for records that do not exist."""
        ghosts = {id_: str(uuid4()) for id_ in self.ids}
        renamed = {name: _renamed(getattr(self, name), ghosts) for name in ("path", "query", "body")}
        return replace(self, ids=(), **renamed)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class World:
    """What the rows make their records with: a centre, and a supervisor and an importer of the whole region."""

    running: RunningCentre
    supervisor: Person
    importer: Person

    @property
    def now(self) -> datetime:
        """Return what time it is in this centre."""
        return self.running.centre.clock.now()

    async def incident(self, **changes: Any) -> dict[str, Any]:
        """Open an incident in the south-west."""
        return await open_incident(self.supervisor, Land.WEST_SOUTH, **changes)

    async def unit(self) -> dict[str, Any]:
        """Register an available unit of the south-west."""
        call_sign = new_key()
        return await register_unit(self.supervisor, call_sign, Land.WEST_SOUTH) | {"call_sign": call_sign}

    async def work(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Open an incident with a unit on its way."""
        incident, unit = await self.incident(), await self.unit()
        return await assign(self.supervisor, incident, unit), unit

    async def taken_in(self) -> str:
        """Take a call of another system in and return its key."""
        key = new_key()
        body = intake_body(key, self.now)
        response = await self.importer.post("/api/intake/calls", body)
        assert response.status_code == 201, response.text
        return key


async def make_world(running: RunningCentre) -> World:
    """Return the world of a centre."""
    return World(
        running,
        await running.person(Role.SUPERVISOR, Land.REGION),
        await running.person(Role.IMPORTER, Land.REGION),
    )


@dataclass(frozen=True)
class Operation:
    """One operation of the OpenAPI document and how it is tested. `served` is the status of a rightful call."""

    name: str  # "POST /api/incidents"
    permission: Permission
    prepare: Callable[[World], Awaitable[Call]]
    elsewhere: Elsewhere
    served: int = 200
    is_central: bool = False  # served only to those who hold the right in the whole centre

    async def send(self, person: Person, call: Call) -> httpx.Response:
        """Send `call` as `person`."""
        method, path = self.name.split()
        path = path.format(**call.path)
        if method == "GET":
            return await person.get(path, **call.query)
        if call.query:
            path = f"{path}?{urlencode(call.query)}"
        return await person.send(method, path, call.body)
