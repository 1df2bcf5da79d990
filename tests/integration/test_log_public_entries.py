"""A public entry is one that anybody reads, without an account, and checks with the witness's own file."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.transparency import entry

import markaz
from markaz import witness as stand_alone
from markaz.cli import accounts as cli
from markaz.core.log import keys, witnesses
from markaz.core.log.appending import append
from markaz.core.log.note import Checkpoint, KeyType, Note, Signer
from markaz.core.log.public_entries import PAGE_MOST
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock

PATH = "/api/log/public-entries"
APPOINTMENTS = "/api/oversight/appointments"
ALARM = 3


@pytest.fixture
async def busy(open_centre_with: OpenCentre) -> RunningCentre:
    """A centre with forty looks, then an auditor appointed by two, then forty looks."""
    clock = FakeClock()
    running = await open_centre_with(clock)
    await running.centre.checkpointer.tick()
    await looks(running, clock)
    one, two = [await running.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT)) for _ in range(2)]
    chosen = await running.newcomer(login="chosen")
    body = {"account_id": str(chosen.id), "role": "auditor", "territory_id": int(Land.ROOT), "change": "give"}
    asked = await one.post(APPOINTMENTS, body)
    assert (await two.post(f"{APPOINTMENTS}/{asked.json()['id']}/approval")).status_code == 200
    await looks(running, clock)
    return running


async def looks(running: RunningCentre, clock: FakeClock, count: int = 40) -> None:
    clock.advance(timedelta(seconds=300))
    async with running.centre.database.transaction() as connection:
        await append(connection, clock.now(), [entry(n) for n in range(count)])
    await passes(running, clock)


async def passes(running: RunningCentre, clock: FakeClock) -> None:
    clock.advance(timedelta(seconds=5))
    await running.centre.checkpointer.tick()


def vkey(running: RunningCentre) -> str:
    ring = keys.load(running.centre.settings.home)
    assert ring is not None
    return ring.signer.verifier.vkey


def said(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(one["entry"]["body"])["public"] for one in page["items"]]


async def test_anybody_reads_who_was_appointed_and_checks_it_offline(
    busy: RunningCentre, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await busy.nobody.get(PATH)
    assert answer.status_code == 200
    page = answer.json()
    assert [one["action"] for one in said(page) if "action" in one][:2] == ["appointment.given", "appointment.asked"]
    assert (said(page)[0]["role"], page["next_before"]) == ("auditor", None)
    assert all(said(page)), "an entry that tells nobody anything was listed"
    file = tmp_path / "public.json"
    file.write_text(answer.text)
    assert stand_alone.main(["verify", str(file), "--key", vkey(busy)]) == 0
    told = capsys.readouterr().out
    assert '"action": "appointment.given"' in told
    assert told.count("is in the log since") == len(page["items"])
    for place, field, value in (
        ("entry", "body", page["items"][0]["entry"]["body"].replace('"auditor"', '"appeal_body"')),
        ("entry", "index", page["items"][0]["entry"]["index"] - 1),
        ("interval", "salt", "00" * 32),
    ):
        forged = json.loads(answer.text)
        assert forged["items"][0][place][field] != value
        forged["items"][0][place][field] = value
        file.write_text(json.dumps(forged))
        assert stand_alone.main(["verify", str(file), "--key", vkey(busy)]) == ALARM, (place, field)
    file.write_text(answer.text)
    other = Signer.of("markaz.log/other", KeyType.ED25519, Ed25519PrivateKey.generate()).verifier.vkey
    assert stand_alone.main(["verify", str(file), "--key", other]) == ALARM


async def test_nothing_else_of_the_log_and_nothing_personal_is_in_it(busy: RunningCentre) -> None:
    text = (await busy.nobody.get(PATH)).text
    looked = [json.loads(row["body"]) for row in await busy.rows("SELECT body FROM log_leaves")]
    for leaf in looked:
        if not leaf["public"]:
            assert leaf["commitment"] not in text
    assert "opening" not in json.dumps([one["entry"] for one in json.loads(text)["items"]])
    assert "salt" not in json.dumps([one["entry"] for one in json.loads(text)["items"]])
    for secret in ("Officer", "chosen", "incident 2", "newcomer"):
        assert secret not in text


async def test_what_the_machine_did_to_an_office_is_read_outside(busy: RunningCentre) -> None:
    appeal = await busy.newcomer(Grant(Role.APPEAL_BODY, Land.WEST), login="appeal.west")
    await cli._reset(busy.access.app_dsn, appeal.login)
    assert str(appeal.id) not in (await busy.nobody.get(PATH)).text, "no checkpoint covers it yet"
    clock = busy.centre.clock
    assert isinstance(clock, FakeClock)
    await passes(busy, clock)
    newest = said((await busy.nobody.get(PATH, params={"limit": 1})).json())[0]
    assert newest == {
        "action": "account.factors_reset_by_machine",
        "account_id": str(appeal.id),
        "roles": [f"appeal_body@{int(Land.WEST)}"],
    }


async def test_pages_are_bounded_and_lead_through_everything_once(busy: RunningCentre) -> None:
    clock = busy.centre.clock
    assert isinstance(clock, FakeClock)
    async with busy.centre.database.transaction() as connection:
        told = [entry(n, public={"key_id": f"{n:08x}"}) for n in range(2 * PAGE_MOST + 1)]
        await append(connection, clock.now(), told)
    await passes(busy, clock)
    for wrong in ({"limit": PAGE_MOST + 1}, {"limit": 0}, {"before": -1}):
        assert (await busy.nobody.get(PATH, params=wrong)).status_code == 422
    seen: list[int] = []
    before: int | None = 2**53
    while before is not None:
        page = (await busy.nobody.get(PATH, params={"before": before})).json()
        assert len(page["items"]) <= PAGE_MOST
        seen += [one["entry"]["index"] for one in page["items"]]
        before = page["next_before"]
    rows = await busy.rows("SELECT index, convert_from(body, 'UTF8') AS body FROM log_leaves ORDER BY index DESC")
    assert seen == [row["index"] for row in rows if json.loads(row["body"])["public"]]


async def test_a_page_rests_on_what_a_witness_cosigned_where_it_covers_it(busy: RunningCentre) -> None:
    signer = Signer.of(f"{secrets.token_hex(4)}.example/w", KeyType.COSIGNATURE, Ed25519PrivateKey.generate())
    clock = busy.centre.clock
    assert isinstance(clock, FakeClock)
    async with busy.centre.database.transaction() as connection:
        await witnesses.add(connection, clock.now(), signer.verifier.vkey)
    await passes(busy, clock)
    note = (await busy.nobody.get("/api/log/checkpoint")).text
    size, text = Checkpoint.parse(Note.parse(note).text).size, Note.parse(note).text
    line = signer.cosign(text, int(clock.now().timestamp())).line()
    sent = await busy.nobody.post("/api/log/cosignatures", json={"size": size, "cosignature": line})
    assert sent.status_code == 201, sent.text
    await looks(busy, clock)
    newest = (await busy.nobody.get(PATH)).json()
    assert said(newest)[0]["step"] == "pause"  # the time that these tests leap over, stated after the cosignature
    assert Checkpoint.parse(Note.parse(newest["checkpoint"]).text).size > size
    page = (await busy.nobody.get(PATH, params={"before": newest["items"][0]["entry"]["index"]})).json()
    assert Checkpoint.parse(Note.parse(page["checkpoint"]).text).size == size
    assert signer.verifier.name in page["checkpoint"]


async def test_public_entries_are_found_by_an_index_among_many_that_are_not(busy: RunningCentre) -> None:
    await busy.as_owner("ANALYZE log_leaves")
    file = Path(markaz.__file__).parent / "core/log/public_entries.py"
    condition = 'l.body NOT LIKE \'%"public":{},"v":1}\'::bytea'
    assert condition.replace("{}", "{{}}").replace("1}", "1}}") in file.read_text()
    rows = await busy.as_owner(
        f"EXPLAIN SELECT index FROM log_leaves l WHERE {condition} AND index < 1000 ORDER BY index DESC LIMIT 10"
    )
    assert "log_leaves_public" in " ".join(row[0] for row in rows)
