"""Looking at person data as tests do it: an incident taken over, a purpose stated, the glass broken."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.people import Person


def new_words() -> str:
    """Return a reason nobody gave before."""
    return f"whether the second caller means the same fire {secrets.token_hex(4)}"


async def take_over(person: Person, incident_id: str) -> None:
    """Make an incident this person's own, as the desk does with one key."""
    card = (await person.get(f"/api/incidents/{incident_id}")).json()
    if card["incident"]["owner_id"] == str(person.id):
        return
    answer = await person.post(
        f"/api/incidents/{incident_id}/owner", {"to": "me", "version": card["incident"]["version"]}
    )
    assert answer.status_code == 200, answer.text


def owner_of(incident_id: str) -> Callable[[Person], Awaitable[None]]:
    """Return what makes somebody ready to look at an incident."""

    async def ready(person: Person) -> None:
        await take_over(person, incident_id)

    return ready


async def state_purpose(
    person: Person, reference: str, *, need: str = "joint_work", incident: str | None = None, **changes: Any
) -> httpx.Response:
    """State a purpose tied to an incident of theirs."""
    body = {"kind": "incident", "reference": reference, "need": need, "text": new_words()}
    if incident is not None:
        body["incident"] = incident
    return await person.post("/api/access/purposes", body | changes)


async def break_glass(person: Person, incident_id: str, **changes: Any) -> httpx.Response:
    """Break the glass over an incident."""
    body = {"incident": incident_id, "ground": "life", "sentence": "she does not answer any more"}
    return await person.post("/api/access/glass", body | changes)


async def own_incident(person: Person, territory: Land = Land.WEST_SOUTH) -> dict[str, Any]:
    """Open an incident that a caller with a number reported."""
    return await open_incident(person, territory, caller={"name": "Somebody", "phone": "+998 90 000 00 01"})
