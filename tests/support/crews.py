"""Crews as tests use them: log-ons that must succeed, and officers who are free again."""

from typing import Any

from tests.support.centre import RunningCentre
from tests.support.people import Person


async def log_on(
    person: Person, unit: dict[str, Any], *crew: Person, crew_size: int = 1, **more: Any
) -> dict[str, Any]:
    """Log a crew on to a unit and return {id, version, seq}; an officer who sends it is one of them."""
    body = {"crew": [str(one.id) for one in crew], "crew_size": crew_size, **more}
    response = await person.post(f"/api/units/{unit['id']}/log-on", body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def free(running: RunningCentre, person: Person) -> None:
    """Let somebody be on no unit, past every rule: for tests whose records others left behind."""
    await running.as_owner("UPDATE unit_crews SET is_open = false WHERE account_id = $1", person.id)
