"""The audit pack: what was done in a period, signed, in one file that the stand-alone witness checks without a server."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.people import Person

from markaz import witness
from markaz.core.permissions import Role
from markaz.kit.clock import FakeClock, iso
from markaz.programmes.oversight.packs import store as pack_store

SECOND = timedelta(seconds=1)
OpenCentre = Callable[..., Any]


async def a_day(running: RunningCentre, clock: FakeClock) -> dict[str, Any]:
    """Looks, an appointment and checkpoints of some seconds; return the incident that was looked at."""
    tick = running.centre.checkpointer.tick
    await tick()
    officer = await running.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(officer, caller={"name": "Canary Caller", "phone": "+998 90 1"}, note="canary note")
    await officer.get(f"/api/incidents/{incident['id']}")
    first, second = [await running.person(Role.ADMINISTRATOR, land) for land in (Land.ROOT, Land.REGION)]
    body = {"account_id": str(officer.id), "role": "auditor", "territory_id": int(Land.WEST), "change": "give"}
    asked = await first.post("/api/oversight/appointments", body)
    assert (await second.post(f"/api/oversight/appointments/{asked.json()['id']}/approval")).status_code == 200
    for _ in range(3):
        clock.advance(SECOND)
        await tick()
    return incident


async def packed(auditor: Person, clock: FakeClock, folder: Path) -> Path:
    """Fetch the pack of the last hour and unpack it."""
    since, until = iso(clock.now() - timedelta(hours=1)), iso(clock.now())
    answer = await auditor.get("/api/oversight/packs", since=since, until=until)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        file.extractall(folder)
    return folder


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("markaz-pack-*"))


async def test_a_pack_holds_what_was_done_verifies_offline_and_shows_every_change(
    open_centre_with: OpenCentre, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock()
    running = await open_centre_with(clock)
    incident = await a_day(running, clock)
    auditor = await running.person(Role.AUDITOR, Land.ROOT)
    folder = await packed(auditor, clock, tmp_path / "pack")
    assert witness.main(["verify", str(folder)]) == 0
    assert "the audit pack is signed by the log" in capsys.readouterr().out
    of = {path.stem: json.loads(path.read_text()) for path in (folder / "pack").glob("*.json")}
    assert {"use", "purposes", "glass", "refusals", "access", "deletions", "people", "register", "period"} == set(of)
    (look,) = [row for row in of["use"] if row["action"] == "incident.read_sealed"]
    assert (look["entries"], look["people"], look["roles"]) == (1, 1, [f"duty_officer@{Land.WEST}"])
    assert "appointment.given" in {row["action"] for row in of["access"]}
    assert of["register"]["policy_hash"]
    assert {path.suffix for path in (folder / "pack" / "policies").iterdir()} >= {".cedar", ".toml"}
    openings = [json.loads(line)["opening"] for line in (folder / "entries.jsonl").read_text().splitlines()]
    assert incident["id"] in {one["record_id"] for one in openings}
    every = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [word for word in (b"Canary", b"canary note", b"+998") if word in every]
    for name, was, becomes in CHANGES:
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        before = (copy / name).read_text() if (copy / name).exists() else ""
        (copy / name).write_text(becomes if was is None else before.replace(was, becomes))
        assert witness.main(["verify", str(copy)]) == 3, name
        shutil.rmtree(copy)
    (folder / "pack" / "glass.json").unlink()
    assert witness.main(["verify", str(folder)]) == 3


# A file of the pack, what stood there (None: everything) and what somebody made of it.
CHANGES: tuple[tuple[str, str | None, str], ...] = (
    ("pack/use.json", None, "[]"),
    ("pack/extra.json", None, "{}"),
    ("pack/policies/desk.cedar", None, "permit (principal, action, resource);"),
    ("pack.txt", "pack 1\n", "pack 1\n" + "0" * 64 + "  no.json\n"),
    ("entries.jsonl", "incident.read_sealed", "incident.read_nothing"),
)


async def test_making_a_pack_is_an_entry_and_leaves_no_file_behind(
    open_centre_with: OpenCentre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    clock = FakeClock()
    running = await open_centre_with(clock)
    await a_day(running, clock)
    officer = await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    await packed(officer, clock, tmp_path / "unpacked")
    rows = await running.rows("SELECT kind, actor_id FROM audit_entries WHERE action = 'audit.pack'")
    assert [(row["kind"], row["actor_id"]) for row in rows] == [("export", officer.id)]
    assert not left_in(tmp_path)
    for since, until, status in (
        (clock.now(), clock.now() - SECOND, 422),
        (clock.now() - timedelta(days=32), clock.now(), 422),
        (clock.now() - SECOND, clock.now() + timedelta(days=1), 422),
        (clock.now() - timedelta(days=9), clock.now() - timedelta(days=8), 409),
    ):
        answer = await officer.get("/api/oversight/packs", since=iso(since), until=iso(until))
        assert answer.status_code == status, answer.text
    assert not left_in(tmp_path)
    monkeypatch.setattr(pack_store, "ROWS_MOST", 1)
    half = await officer.get("/api/oversight/packs", since=iso(clock.now() - timedelta(days=1)), until=iso(clock.now()))
    assert (half.status_code, half.json()["code"]) == (422, "invalid_input"), "a list is never cut in silence"
    assert not left_in(tmp_path)


async def test_nobody_but_those_who_watch_gets_a_pack_and_everybody_the_register(centre: RunningCentre) -> None:
    period = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    for role in set(Role) - {Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}:
        person = await centre.person(role, Land.ROOT)
        assert (await person.get("/api/oversight/packs", **period)).status_code == 403, role
    below = await centre.person(Role.AUDITOR, Land.REGION)
    assert (await below.get("/api/oversight/packs", **period)).status_code == 403
    register = (await (await centre.person(Role.OBSERVER, Land.WEST)).get("/api/oversight/register")).json()
    callers = register["classes"][0]
    assert (callers["id"], callers["legal_ground"], callers["held"]["calls"]["sealed"]) == (
        "callers",
        None,
        ["sealed_id"],
    )
    assert set(callers["names"]) == {"uz-Latn", "uz-Cyrl", "ru", "en"}
    assert {rule["id"] for rule in register["rules"]} >= {"never-administrator", "purpose"}
    assert "administrator" not in register["seen_by"]
