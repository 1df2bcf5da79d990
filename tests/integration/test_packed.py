"""Large reads are packed for whoever can unpack them, and say the same."""

from tests.support.centre import RunningCentre
from tests.support.desk import open_incident

from markaz.core import routes
from markaz.core.permissions import Role


async def test_a_large_snapshot_is_packed_and_says_the_same(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    await open_incident(officer)
    plain = await officer.client.get("/api/snapshot", headers={"accept-encoding": "identity"})
    limit, routes.PACKED_FROM_BYTES = routes.PACKED_FROM_BYTES, 10
    try:
        packed = await officer.client.get("/api/snapshot", headers={"accept-encoding": "gzip"})
    finally:
        routes.PACKED_FROM_BYTES = limit
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "accept-encoding"
    assert packed.json()["incidents"] == plain.json()["incidents"] != []
