"""The audit pack: what was done in a period, signed, in one file that the stand-alone witness checks without a server."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.looks import break_glass
from tests.support.people import Person

from markaz import witness
from markaz.core.access.policies import Policies, load, packaged
from markaz.core.in_force import in_force, keep_policies, note_in_force
from markaz.core.log import keys
from markaz.core.log.checkpoints import Checkpointer
from markaz.core.log.exporting import FolderKind, sign_folder
from markaz.core.permissions import Grant, Role
from markaz.core.retention import parse_governance
from markaz.kit.clock import FakeClock, iso
from markaz.programmes.oversight.packs import store as pack_store

SECOND = timedelta(seconds=1)
ALARM = 3
OpenCentre = Callable[..., Any]


@dataclass
class Day:
    """What a day of the test held."""

    officer: Person
    incident: dict[str, Any]
    others: str  # the incident opened by broken glass
    erased: str
    versions: list[Policies]


def versions() -> list[Policies]:
    """The policies of this version, and a later one that says the same in other words."""
    first = packaged()
    later = load({**first.files, "never.cedar": first.files["never.cedar"] + "// A later version.\n"})
    assert later.hash != first.hash
    return [first, later]


async def comes_into_force(running: RunningCentre, policies: Policies) -> None:
    """Start the centre with these policies, as `markaz serve` does, and let a second pass under them."""
    centre, now = running.centre, running.centre.clock.now()
    async with centre.database.transaction() as connection:
        await keep_policies(connection, now, policies)
        await note_in_force(connection, now, in_force(parse_governance(""), policies))
    home = centre.settings.home
    await Checkpointer(centre.database, centre.clock, home, policy_hash=lambda: policies.hash).tick()


async def role_changes(running: RunningCentre, officer: Person) -> None:
    """Give somebody an office in the middle of the day: two administrators."""
    first, second = [await running.person(Role.ADMINISTRATOR, land) for land in (Land.ROOT, Land.REGION)]
    body = {"account_id": str(officer.id), "role": "supervisor", "territory_id": int(Land.WEST), "change": "give"}
    asked = await first.post("/api/oversight/appointments", body)
    assert asked.status_code == 201, asked.text
    assert (await second.post(f"/api/oversight/appointments/{asked.json()['id']}/approval")).status_code == 200


async def a_day(running: RunningCentre, clock: FakeClock) -> Day:
    """A look before and after a change of role and of policies, a broken glass with its verdict, a refusal, an erasure."""
    found = versions()
    await comes_into_force(running, found[0])
    clock.advance(SECOND)
    officer = await running.person(Role.DUTY_OFFICER, Land.WEST)
    taker = await running.person(Role.CALL_TAKER)
    caller = {"name": "Canary Caller", "phone": "+998 90 1"}
    incident = await open_incident(officer, caller=caller, note="canary note")
    others = (await open_incident(taker, caller=caller))["id"]
    erased = (await open_incident(taker, caller=caller))["id"]
    assert (await officer.get(f"/api/incidents/{incident['id']}")).json()["sealed"]
    viewer = await running.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST_SOUTH))
    assert (await viewer.get("/api/hazards", incident=others)).status_code == 403
    glass = await break_glass(viewer, others)
    assert (await viewer.get(f"/api/incidents/{others}")).json()["sealed"]
    watching = await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    judged = await watching.post(f"/api/access/glass/{glass.json()['id']}/verdict", {"verdict": "justified"})
    assert judged.status_code == 200, judged.text
    assert (await watching.post(f"/api/incidents/{erased}/erasure")).status_code == 200
    await role_changes(running, officer)
    clock.advance(SECOND)
    await comes_into_force(running, found[1])
    assert (await officer.get(f"/api/incidents/{incident['id']}")).json()["sealed"]
    for _ in range(2):
        clock.advance(SECOND)
        await comes_into_force(running, found[1])
    return Day(officer, incident, others, erased, found)


async def packed(auditor: Person, clock: FakeClock, folder: Path, ago: timedelta = timedelta(0)) -> Path:
    """Fetch the pack of the last hour (or of the hour that ended so long ago) and unpack it."""
    since, until = iso(clock.now() - ago - timedelta(hours=1)), iso(clock.now() - ago)
    answer = await auditor.get("/api/oversight/packs", since=since, until=until)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        file.extractall(folder)
    return folder


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("markaz-pack-*"))


async def test_a_pack_holds_what_was_done_as_it_then_was(
    open_centre_with: OpenCentre, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock()
    running = await open_centre_with(clock)
    day = await a_day(running, clock)
    folder = await packed(await running.person(Role.AUDITOR, Land.ROOT), clock, tmp_path / "pack")
    assert witness.main(["verify", str(folder)]) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "this is an audit pack, signed by the log" in said
    assert "are closed" not in said
    assert "in 2 version(s), each as the log names it" in said
    of = {path.stem: json.loads(path.read_text()) for path in (folder / "pack").glob("*.json")}
    assert {"use", "purposes", "glass", "refusals", "access", "deletions", "people", "register", "period"} == set(of)
    before, after = f"duty_officer@{Land.WEST}", f"supervisor@{Land.WEST}"
    looks = [row for row in of["use"] if (row["kind"], row["action"]) == ("view", "incident.read_sealed")]
    assert {(tuple(row["roles"]), row["entries"]) for row in looks} == {
        ((before,), 1),
        ((before, after), 1),
        ((f"duty_officer@{Land.WEST_SOUTH}",), 1),
    }
    (glass,) = of["glass"]
    assert (glass["record_id"], glass["ground"], glass["verdict"]) == (day.others, "life", "justified")
    assert glass["judged_by"] == str((await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)).id)
    (refused,) = of["refusals"]
    assert refused["roles"] == [f"duty_officer@{Land.WEST_SOUTH}"]
    deletions = of["deletions"]
    assert [(row["action"], row["record_id"]) for row in deletions["entries"]] == [("incident.erased", day.erased)]
    assert deletions["certificates"] == []
    given = {(row["action"], row["record_id"]) for row in of["access"]}
    assert ("appointment.given", str(day.officer.id)) in given
    in_force = [row["details"]["policies"] for row in of["access"] if row["action"] == "policy.in_force"]
    assert in_force == [version.hash for version in day.versions]
    assert of["register"]["policy_hash"] == day.versions[0].hash
    for version in day.versions:
        texts = {path.name: path.read_text() for path in (folder / "pack" / "policies" / version.hash).iterdir()}
        assert texts == dict(version.files)
    openings = [json.loads(line)["opening"] for line in (folder / "entries.jsonl").read_text().splitlines()]
    assert day.incident["id"] in {one["record_id"] for one in openings}
    every = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [word for word in (b"Canary", b"canary note", b"+998") if word in every]


async def test_no_file_of_a_pack_can_be_changed_added_or_taken_away(
    open_centre_with: OpenCentre, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock()
    running = await open_centre_with(clock)
    day = await a_day(running, clock)
    folder = await packed(await running.person(Role.AUDITOR, Land.ROOT), clock, tmp_path / "pack")
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(files) > 20
    copy = tmp_path / "copy"
    for name in files:
        whole = (folder / name).read_bytes()
        for changed in (None, whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:]):
            shutil.copytree(folder, copy)
            if changed is None:
                (copy / name).unlink()
            else:
                (copy / name).write_bytes(changed)
            assert witness.main(["verify", str(copy)]) in {1, 3}, (name, changed is None)
            shutil.rmtree(copy)
    (folder / "pack" / "extra.json").write_text("{}")
    assert witness.main(["verify", str(folder)]) == 3
    (folder / "pack" / "extra.json").unlink()
    ring = keys.load(running.centre.settings.home)
    assert ring is not None
    later = day.versions[1].hash
    for what, harm in HARM_TO_POLICIES.items():
        # Even whoever holds the key of the log and signs the pack anew cannot show other policies than those in force.
        shutil.copytree(folder, copy)
        harm(copy / "pack" / "policies" / later)
        sign_folder(copy, ring)
        assert witness.main(["verify", str(copy)]) == 3, what
        assert "policies" in capsys.readouterr().err, what
        shutil.rmtree(copy)
    sign_folder(folder, ring)
    assert witness.main(["verify", str(folder)]) == 0


HARM_TO_POLICIES: dict[str, Callable[[Path], object]] = {
    "changed": lambda folder: (folder / "desk.cedar").write_text("permit (principal, action, resource);"),
    "file left out": lambda folder: (folder / "never.cedar").unlink(),
    "file added": lambda folder: (folder / "wider.cedar").write_text("permit (principal, action, resource);"),
    "version left out": shutil.rmtree,
    "version added": lambda folder: shutil.copytree(folder, folder.with_name("0" * 64)),
}


Harm = Callable[[Path], object]


def close_entries(folder: Path, *, closed: str | None = None, upto: int = 4) -> None:
    """Take the openings of the first entries away."""
    lines = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    for one in lines[:upto]:
        one |= {"salt": None, "opening": None, "closed": closed}
    (folder / "entries.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))


def restate(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def turn_into_an_export(folder: Path) -> None:
    """Leave nothing that tells that it was a pack."""
    shutil.rmtree(folder / "pack")
    restate(folder, format=FolderKind.LOG)


def turn_into_one_that_promises_nothing(folder: Path) -> None:
    turn_into_an_export(folder)
    restate(folder, openings=False)


def all_at_once(folder: Path) -> None:
    """What the attacker did."""
    (folder / "pack").rename(folder / "lists")
    (folder / "lists" / "glass.json").write_text("[]")
    close_entries(folder)


# Each with and without the signature: none of them may pass for another sort of folder.
HARM_TO_FORM: dict[str, Harm] = {
    "all at once": all_at_once,
    "lists in another folder": lambda folder: (folder / "pack").rename(folder / "lists"),
    "an export": turn_into_an_export,
    "an export that promises nothing": turn_into_one_that_promises_nothing,
    "another kind": lambda folder: restate(folder, format="markaz-log/1"),
    "more in the manifest": lambda folder: restate(folder, comment=""),
    "made in time to come": lambda folder: restate(folder, made_at="2999-01-01T00:00:00Z"),
    "promises nothing": lambda folder: restate(folder, openings=False),
    "a list fewer": lambda folder: (folder / "pack" / "glass.json").unlink(),
    "a file more": lambda folder: (folder / "pack" / "gloss.json").write_text("[]"),
    "a folder more": lambda folder: (folder / "pack" / "drafts").mkdir(),
    "a link": lambda folder: (folder / "pack" / "policies" / "link").symlink_to(folder),
    "openings taken": close_entries,
    "openings said to have ended": lambda folder: close_entries(folder, closed="ended"),
    "openings said not to be asked for": lambda folder: close_entries(folder, closed="not_asked"),
    "openings gone for a reason of its own": lambda folder: close_entries(folder, closed="secret"),
}


async def test_a_pack_never_passes_for_another_folder_and_never_lacks_what_it_promises(
    open_centre_with: OpenCentre, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock()
    running = await open_centre_with(clock)
    await a_day(running, clock)
    folder = await packed(await running.person(Role.AUDITOR, Land.ROOT), clock, tmp_path / "pack")
    ring = keys.load(running.centre.settings.home)
    assert ring is not None
    whole = (folder / "signed.txt").read_text()
    for what, harm in HARM_TO_FORM.items():
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        harm(copy)
        for signature in (whole, None, "anew"):
            if signature == "anew" and what in {"an export", "another kind"}:
                continue  # the log's own key may sign an export, and signs no other kind of folder
            (copy / "signed.txt").unlink(missing_ok=True)
            if signature == "anew":
                sign_folder(copy, ring)
            elif signature is not None:
                (copy / "signed.txt").write_text(signature)
            assert witness.main(["verify", str(copy)]) == ALARM, (what, signature)
        shutil.rmtree(copy)
    close_entries(folder)
    sign_folder(folder, ring)
    capsys.readouterr()
    assert witness.main(["verify", str(folder)]) == ALARM
    count = len((folder / "entries.jsonl").read_text().splitlines())
    assert f"4 of {count} entries are closed: their content is not proven" in capsys.readouterr().err


async def test_an_opening_may_be_missing_after_a_year_and_not_before(
    open_centre_with: OpenCentre, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr(witness, "clock", lambda: int(clock.now().timestamp()))
    running = await open_centre_with(clock)
    await a_day(running, clock)
    # A year later the centre's own round would keep one checkpoint of an hour, and this day had no more than one.
    await running.as_owner("UPDATE log_checkpoints SET is_kept = true")
    gone = await running.rows("SELECT FROM audit_entries WHERE kind = 'view'")
    await running.as_owner("DELETE FROM audit_entries WHERE kind = 'view'")
    end = clock.now()
    for age, code in ((timedelta(0), ALARM), (timedelta(days=364), ALARM), (timedelta(days=366), 0)):
        clock.advance(end + age - clock.now())
        auditor = await running.newcomer(Grant(Role.AUDITOR, Land.ROOT))
        folder = await packed(auditor, clock, tmp_path / f"{age.days}", age)
        capsys.readouterr()
        assert witness.main(["verify", str(folder)]) == code, age
        said, total = capsys.readouterr(), len((folder / "entries.jsonl").read_text().splitlines())
        assert f"{len(gone)} of {total} entries are closed: their content is not proven" in said.out + said.err


async def test_a_centre_keeps_the_policies_that_it_starts_with(open_centre_with: OpenCentre, tmp_path: Path) -> None:
    clock = FakeClock()
    running = await open_centre_with(clock)
    for _ in range(3):
        await running.centre.checkpointer.tick()
        clock.advance(SECOND)
    folder = await packed(await running.person(Role.AUDITOR, Land.ROOT), clock, tmp_path / "pack")
    assert witness.main(["verify", str(folder)]) == 0
    assert [path.name for path in (folder / "pack" / "policies").iterdir()] == [packaged().hash]


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
