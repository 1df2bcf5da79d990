"""Photos and the key of warnings in a backup: what the desk took comes back as it was, and without keys it is counted as lost."""

import asyncio
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.support.centre import RunningCentre, opened_centre
from tests.support.desk import open_incident
from tests.support.operations_contents import photo_bytes
from tests.support.saved import Place

from markaz.core.db.binaries import client_binaries
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.permissions import Role
from markaz.core.settings import Settings
from markaz.programmes.alerts.signing import Signer


def as_sql(place: Place, dump: Path) -> bytes:
    pg_restore = client_binaries(place.chosen).program("pg_restore")
    return subprocess.run([pg_restore, "-f", "-", dump], capture_output=True, check=True).stdout


async def take_photo(centre: RunningCentre) -> tuple[str, bytes]:
    """Add a photo as an officer does; return its address and what the centre answers for it."""
    officer = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(officer)
    path = f"/api/incidents/{incident['id']}/attachments"
    added = await officer.post(path, photo_bytes())
    assert added.status_code == 201, added.text
    address = f"{path}/{added.json()['id']}"
    photo = await officer.get(address)
    assert photo.status_code == 200, photo.text
    assert photo.content.startswith(b"\xff\xd8\xff")
    return address, photo.content


async def test_a_photo_is_the_same_in_the_restored_centre_and_in_no_dump_in_clear(
    centre: RunningCentre,
    database: DatabaseAccess,
    empty_database: DatabaseAccess,
    centre_settings: Settings,
    tmp_path: Path,
) -> None:
    address, taken = await take_photo(centre)
    person = await centre.person(Role.SUPERVISOR)
    lost = Place(database, centre_settings.home, centre_settings)
    await lost.backup(tmp_path / "data", tmp_path / "keys")
    in_clear = await asyncio.to_thread(as_sql, lost, tmp_path / "data/data.dump")
    assert taken.hex().encode() not in in_clear
    empty = Place(empty_database, tmp_path / "new-home", centre_settings)
    done = await empty.restore(tmp_path / "data", tmp_path / "keys")
    assert done.unreadable == 0
    assert await empty.failed_checks() == {}
    settings = centre_settings.model_copy(update={"home": tmp_path / "new-home"})
    async with opened_centre(settings, empty_database, with_land=False) as restored:
        again = await (await restored.sign_in_again(person.id)).get(address)
        assert again.status_code == 200, again.text
        assert again.content == taken


async def test_a_photo_without_its_key_is_counted_by_restore_and_found_by_check(
    centre: RunningCentre,
    database: DatabaseAccess,
    empty_database: DatabaseAccess,
    centre_settings: Settings,
    tmp_path: Path,
) -> None:
    await take_photo(centre)
    lost = Place(database, centre_settings.home, centre_settings)
    await lost.run("DELETE FROM sealed_fields")  # so that the photo alone is what cannot be read
    await lost.backup(tmp_path / "data", tmp_path / "keys")
    empty = Place(empty_database, tmp_path / "new-home", centre_settings)
    assert (await empty.restore(tmp_path / "data", None)).unreadable == 1
    assert "1 sealed records have neither" in (await empty.failed_checks())["sealed"]


async def test_the_key_that_signs_warnings_is_among_the_keys_and_comes_back(
    database: DatabaseAccess, empty_database: DatabaseAccess, centre_settings: Settings, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    centre = Place(database, tmp_path / "home", centre_settings)
    signer = Signer(centre.folder.home, None, "duty@here.example")
    fingerprint = signer.fingerprint(now)
    await centre.backup(tmp_path / "data", tmp_path / "keys")
    kept = tmp_path / "keys/files/alerts.pem"
    assert kept.read_bytes() == (centre.folder.keys / "alerts.pem").read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not [path for path in (tmp_path / "data").rglob("*") if path.suffix == ".pem"]
    await Place(empty_database, tmp_path / "new-home", centre_settings).restore(tmp_path / "data", tmp_path / "keys")
    assert Signer(tmp_path / "new-home", None, "duty@here.example").fingerprint(now) == fingerprint
