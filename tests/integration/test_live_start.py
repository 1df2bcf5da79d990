"""Outside demo, training and trial the server refuses to start until the centre is ready for data of real people."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import orjson
import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.governance import governance_text
from tests.support.land import Land
from tests.support.people import make_person

from markaz.cli import accounts
from markaz.cli.live import look, refuse_unready
from markaz.cli.serve import _ensure_root
from markaz.core import training
from markaz.core.errors import NotPossibleNow
from markaz.core.in_force import in_force, note_in_force
from markaz.core.live import NotReady
from markaz.core.permissions import Grant, Role
from markaz.core.retention import parse_governance
from markaz.core.settings import Settings


async def refuse(centre: RunningCentre, settings: Settings) -> None:
    async with centre.centre.database.connection() as connection:
        await refuse_unready(connection, settings)


async def test_a_centre_becomes_ready_step_by_step(centre: RunningCentre, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secure_cookies=True)
    with pytest.raises(NotReady, match="6 things are missing"):
        await refuse(centre, settings)
    (tmp_path / "governance.toml").write_text(governance_text(), encoding="utf-8")
    with pytest.raises(NotReady, match="2 things are missing"):
        await refuse(centre, settings)
    for role, land in ((Role.APPEAL_BODY, Land.ROOT), (Role.DATA_PROTECTION_OFFICER, Land.WEST)):
        await make_person(centre.centre.database, role.value, (Grant(role, land),), now=centre.centre.clock.now())
    with pytest.raises(NotReady, match="data protection officer"):
        await refuse(centre, settings)  # of a part of the centre only
    top = (Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT),)
    await make_person(centre.centre.database, "dpo", top, now=centre.centre.clock.now())
    await refuse(centre, settings)
    both = await make_person(centre.centre.database, "both", top, now=centre.centre.clock.now())
    await centre.as_owner("INSERT INTO grants VALUES ($1, 'duty_officer', $2)", both, int(Land.WEST))
    with pytest.raises(NotReady, match=r"offices apart: .*\bboth hold both"):
        await refuse(centre, settings)
    await accounts._close(
        centre.access.app_dsn, "both"
    )  # though two could take it in a console, this one does not start
    await refuse(centre, settings)
    with pytest.raises(NotReady, match="TLS"):
        await refuse(centre, settings.model_copy(update={"secure_cookies": False}))
    await centre.as_owner("ALTER TABLE parties ADD religion text")
    with pytest.raises(NotReady, match=r"parties\.religion"):
        await refuse(centre, settings)


@pytest.mark.parametrize("kind", ["demo", "training", "trial"])
async def test_what_holds_no_real_people_starts(centre: RunningCentre, tmp_path: Path, kind: str) -> None:
    await refuse(centre, Settings.model_validate({"home": tmp_path, kind: True}))
    async with centre.centre.database.connection() as connection:
        assert len(await look(connection, Settings(home=tmp_path))) > 6


def test_the_server_itself_refuses_and_says_what_is_missing(centre_settings: Settings, tmp_path: Path) -> None:
    assert centre_settings.database_url is not None
    assert centre_settings.database_owner_url is not None
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")} | {
        "MARKAZ_HOME": str(tmp_path),
        "MARKAZ_DATABASE_URL": centre_settings.database_url.get_secret_value(),
        "MARKAZ_DATABASE_OWNER_URL": centre_settings.database_owner_url.get_secret_value(),
        "MARKAZ_PORT": "0",
    }
    command = [sys.executable, "-m", "markaz.cli.main", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "7 things are missing" in done.stderr
    assert "listens" not in done.stdout


async def test_what_is_in_force_is_said_in_the_log_when_it_changes(centre: RunningCentre) -> None:
    now, stated = centre.centre.clock.now(), in_force(parse_governance(""))
    other = in_force(parse_governance(governance_text()))
    said = []
    for what in (stated, stated, other, stated):
        async with centre.centre.database.transaction() as connection:
            said.append(await note_in_force(connection, now, what))
    assert said == [True, False, True, True]
    assert {name for name in stated if stated[name] != other[name]} == {"schedule"}
    rows = await centre.rows(
        "SELECT l.body FROM log_leaves l JOIN audit_entries e ON e.leaf = l.index ORDER BY l.index"
    )
    assert [orjson.loads(row["body"])["public"] for row in rows] == [stated, other, stated]


async def start(centre: RunningCentre, settings: Settings) -> None:
    """Do what `markaz serve` does with the database before it listens."""
    await _ensure_root(settings, centre.access.app_dsn)


async def ready(centre: RunningCentre, home: Path) -> Settings:
    (home / "governance.toml").write_text(governance_text(), encoding="utf-8")
    for role in (Role.APPEAL_BODY, Role.DATA_PROTECTION_OFFICER):
        grants = (Grant(role, Land.ROOT),)
        await make_person(centre.centre.database, role.value, grants, now=centre.centre.clock.now())
    return Settings(home=home, secure_cookies=True)


async def test_what_was_tried_out_does_not_go_live_and_what_was_only_set_up_does(
    centre: RunningCentre, tmp_path: Path
) -> None:
    settings = await ready(centre, tmp_path)
    trying = settings.model_copy(update={"trial": True})
    await start(centre, trying)
    await refuse(centre, settings)  # nothing was tried out yet
    await open_incident(await centre.person(Role.DUTY_OFFICER))
    for _ in range(2):
        with pytest.raises(NotReady, match=r"made for trial.*new folder"):
            await start(centre, settings)
        await start(centre, trying)  # it stays a trial


async def test_a_live_centre_is_never_served_as_a_trial(centre: RunningCentre, tmp_path: Path) -> None:
    settings = await ready(centre, tmp_path)
    await start(centre, settings)
    await open_incident(await centre.person(Role.DUTY_OFFICER))
    with pytest.raises(NotPossibleNow, match="served for real people"):
        await start(centre, settings.model_copy(update={"trial": True}))
    await start(centre, settings)


async def test_a_training_copy_does_not_go_live(centre: RunningCentre, tmp_path: Path) -> None:
    settings = await ready(centre, tmp_path)
    await centre.as_owner("INSERT INTO job_runs (job, started_at) VALUES ($1, now())", training.MARK)
    with pytest.raises(NotReady, match="made for training"):
        await refuse(centre, settings)
    with pytest.raises(NotPossibleNow, match="training copy"):
        await start(centre, settings)


async def test_the_officer_is_named_and_where_nobody_is_the_machine_makes_another(
    centre: RunningCentre, tmp_path: Path
) -> None:
    settings = await ready(centre, tmp_path)
    await centre.as_owner("UPDATE accounts SET display_name = login WHERE login = 'appeal_body'")
    for _ in range(2):  # two who could give the office in the console, were it running
        await centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT))
    with pytest.raises(NotReady, match="1 things are missing:\n  - appeal body: Say who is"):
        await refuse(centre, settings)
    dsn, password = centre.access.app_dsn, "a password of the machine"
    await accounts._create(dsn, "appeal.two", Role.APPEAL_BODY, "Gulnora Saidova", None, password)
    await refuse(centre, settings)
    with pytest.raises(NotPossibleNow, match="two people give it"):
        await accounts._create(dsn, "appeal.three", Role.APPEAL_BODY, "Aziza Saidova", None, password)


async def test_a_database_without_row_security_is_named(centre: RunningCentre, tmp_path: Path) -> None:
    settings = await ready(centre, tmp_path)
    await centre.as_owner("ALTER TABLE calls DISABLE ROW LEVEL SECURITY")
    with pytest.raises(NotReady, match="row security: Row security does not bind the table calls"):
        await refuse(centre, settings)
    await centre.as_owner("ALTER TABLE calls ENABLE ROW LEVEL SECURITY")
    await refuse(centre, settings)
    owner = await asyncpg.connect(centre.access.owner_dsn)
    try:
        with pytest.raises(NotReady, match=r"row security: .*the (role|table) "):
            await refuse_unready(owner, settings)
    finally:
        await owner.close()
