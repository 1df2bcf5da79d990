"""What an administrator does on the machine, and who looks at the log's proofs and at accounts, is an entry of the log."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.support.centre import RunningCentre
from tests.support.land import Land

from markaz.core.permissions import Role
from markaz.web import log as log_routes


async def entries(centre: RunningCentre, action: str) -> list[dict[str, Any]]:
    rows = await centre.rows(
        "SELECT kind, actor_id, reason, details::text AS details FROM audit_entries WHERE action = $1 ORDER BY id",
        action,
    )
    return [dict(row) | {"details": orjson.loads(row["details"])} for row in rows]


def markaz(centre: RunningCentre, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command beside the centre that is being served."""
    settings = centre.centre.settings
    assert settings.database_url is not None
    assert settings.database_owner_url is not None
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")} | {
        "MARKAZ_HOME": str(settings.home),
        "MARKAZ_DATABASE_URL": settings.database_url.get_secret_value(),
        "MARKAZ_DATABASE_OWNER_URL": settings.database_owner_url.get_secret_value(),
    }
    command = [sys.executable, "-m", "markaz.cli.main", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


async def test_a_backup_with_its_keys_is_an_entry_and_one_that_is_refused_is_none(
    centre: RunningCentre, tmp_path: Path
) -> None:
    done = markaz(
        centre, "backup", str(tmp_path / "one"), "--keys", str(tmp_path / "keys"), "--prune-keys", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    (made,) = await entries(centre, "backup.made")
    assert (made["kind"], made["reason"], made["details"]) == ("export", "machine", {"keys_apart": 1})
    assert [one["kind"] for one in await entries(centre, "backup.keys_pruned")] == ["administration"]
    assert markaz(centre, "backup", str(tmp_path / "one")).returncode == 1
    assert len(await entries(centre, "backup.made")) == 1


@pytest.mark.parametrize("openings", [True, False])
async def test_an_export_of_the_log_is_an_entry_that_says_whether_openings_went_out(
    centre: RunningCentre, tmp_path: Path, openings: bool
) -> None:
    await centre.centre.checkpointer.tick()
    done = markaz(
        centre, "log", "export", str(tmp_path / "log"), "--from", "2026-01-01", "--to", "2126-01-01",
        *(["--openings"] if openings else []),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (said,) = await entries(centre, "log.exported")
    assert (said["kind"], said["details"]["openings"]) == ("export", int(openings))
    assert said["details"]["from"].startswith("2026-01-01")


async def test_what_is_brought_in_from_the_machine_is_an_entry(centre: RunningCentre, tmp_path: Path) -> None:
    places, terrain = tmp_path / "streets.csv", tmp_path / "terrain.csv"
    places.write_text("id,name,lon,lat\n1,First street,69.2,41.3\n", encoding="utf-8")
    (code,) = (await centre.rows("SELECT code FROM territories WHERE id = $1", int(Land.WEST)))[0]
    terrain.write_text(f"code,terrain\n{code},urban\n", encoding="utf-8")
    for arguments, action in (
        (("places", "import", str(places), "--kind", "street"), "places.imported"),
        (("places", "remove", "streets"), "places.removed"),
        (("territories", "terrain", str(terrain)), "territories.terrain_set"),
    ):
        done = markaz(centre, *arguments)
        assert done.returncode == 0, done.stderr
        assert [one["kind"] for one in await entries(centre, action)] == ["administration"], action


async def test_reading_a_proof_and_the_list_of_accounts_is_an_entry_of_whoever_read(centre: RunningCentre) -> None:
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    auditor = await centre.person(Role.AUDITOR, Land.ROOT)
    shown = len((await administrator.get("/api/accounts")).json()["items"])
    (listed,) = await entries(centre, "accounts.listed")
    assert (listed["kind"], listed["actor_id"], listed["details"]) == (
        "administration",
        administrator.id,
        {"shown": shown},
    )
    await centre.centre.checkpointer.tick()
    found = await auditor.get("/api/log/proofs/0")
    assert found.status_code == 200, found.text
    (read,) = await entries(centre, "log.proof_read")
    assert (read["kind"], read["actor_id"], read["details"]) == ("review", auditor.id, {"index": 0})
    assert (await auditor.get("/api/log/proofs/999")).status_code == 404
    assert len(await entries(centre, "log.proof_read")) == 1


async def test_a_proof_whose_look_cannot_be_entered_is_not_shown(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = await centre.person(Role.AUDITOR, Land.ROOT)
    await (await centre.person(Role.ADMINISTRATOR, Land.ROOT)).get("/api/accounts")
    await centre.centre.checkpointer.tick()

    async def fails(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(log_routes, "append", fails)
    answer = await auditor.get("/api/log/proofs/0")
    assert answer.status_code == 500
    assert "commitment" not in answer.text
