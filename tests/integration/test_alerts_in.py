"""Warnings of other senders: kept once, shown with what is known of their signature, ended only by whom they are from."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.alerts import foreign, foreign_info, issued
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.contracts.alerts import MsgType, Status
from markaz.core.permissions import Role
from markaz.core.settings import Settings
from markaz.programmes.alerts import cap
from markaz.programmes.alerts.message import Message, cap_time
from markaz.programmes.alerts.signing import KNOWN_FOLDER, Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def importer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.IMPORTER, Land.REGION)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def observer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.OBSERVER, Land.WEST_SOUTH)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("elsewhere"), None, "duty@elsewhere.example")


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("forger"), None, "duty@elsewhere.example")


@pytest.fixture
def now(shared_centre: RunningCentre) -> datetime:
    return shared_centre.centre.clock.now()


@pytest.fixture
def known(shared_centre: RunningCentre, elsewhere: Signer, now: datetime) -> None:
    folder = shared_centre.centre.settings.home / KNOWN_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "elsewhere.pem").write_bytes(elsewhere.certificate_pem(now))


async def receive(importer: Person, data: bytes) -> dict[str, Any]:
    response = await importer.post("/api/alerts/received", data)
    assert response.status_code in {200, 201}, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def current(person: Person) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in (await person.get("/api/alerts")).json()["current"]}


def about(message: Message, now: datetime, msg_type: MsgType, **changes: Any) -> Message:
    reference = f"{message.sender},{message.identifier},{cap_time(message.sent)}"
    return foreign(now, sender=message.sender, msg_type=msg_type, references=reference, **changes)


async def test_a_received_warning_is_shown_with_the_state_of_its_signature(
    importer: Person, observer: Person, now: datetime, elsewhere: Signer, forger: Signer, known: None
) -> None:
    signed = elsewhere.sign(cap.tree_of(foreign(now)), now)
    cases = {
        "none": cap.write(foreign(now)),
        "valid_known": signed,
        "valid_unknown": forger.sign(cap.tree_of(foreign(now)), now),
        "broken": elsewhere.sign(cap.tree_of(foreign(now)), now).replace(b"valley", b"galley"),
    }
    for state, data in cases.items():
        answer = await receive(importer, data)
        item = (await current(observer))[answer["id"]]
        assert (answer["signature"], item["signature"], item["state"]) == (state, state, "received")
        assert item["texts"]["en"]["headline"] == "Strong wind tomorrow"
        assert (await observer.get(f"/api/alerts/{answer['id']}/cap")).content == data


async def test_the_same_message_is_kept_once(shared_centre: RunningCentre, importer: Person, now: datetime) -> None:
    data = cap.write(foreign(now))
    first, before = await receive(importer, data), await shared_centre.seq()
    again = await receive(importer, data)
    assert (first["is_new"], again["is_new"], again["id"]) == (True, False, first["id"])
    assert await shared_centre.seq() == before


async def test_our_own_message_coming_back_is_no_foreign_one(
    shared_centre: RunningCentre, importer: Person, now: datetime
) -> None:
    author = await shared_centre.person(Role.DUTY_OFFICER, Land.REGION)
    releaser = await shared_centre.person(Role.SUPERVISOR, Land.REGION)
    alert = await issued(author, releaser, now)
    data = (await shared_centre.nobody.get(f"/api/public/alerts/{alert['id']}/cap")).content
    assert await receive(importer, data) == {"id": alert["id"], "is_new": False, "signature": "own"}


async def test_another_text_under_the_same_name_is_refused_unless_its_sender_is_sure(
    importer: Person, observer: Person, now: datetime, elsewhere: Signer, known: None
) -> None:
    real = foreign(now)
    forged = replace(real, infos=(foreign_info(now, headline="All is well"),))
    first = await receive(importer, cap.write(forged))
    refused = await importer.post("/api/alerts/received", cap.write(real))
    assert (refused.status_code, refused.json()["details"]["state"]) == (409, "disputed")
    sure = await receive(importer, elsewhere.sign(cap.tree_of(real), now))
    shown = await current(observer)
    assert first["id"] not in shown
    assert shown[sure["id"]]["texts"]["en"]["headline"] == "Strong wind tomorrow"


async def test_updates_and_cancels_supersede_what_they_name_in_either_order(
    importer: Person, observer: Person, now: datetime
) -> None:
    first = foreign(now)
    kept = await receive(importer, cap.write(first))
    update = about(first, now, MsgType.UPDATE)
    updated = await receive(importer, cap.write(update))
    shown = await current(observer)
    assert kept["id"] not in shown
    assert updated["id"] in shown
    cancelled = await receive(importer, cap.write(about(update, now, MsgType.CANCEL)))
    assert not {updated["id"], cancelled["id"]} & set(await current(observer))
    early = foreign(now)
    await receive(importer, cap.write(about(early, now, MsgType.CANCEL)))
    late = await receive(importer, cap.write(early))
    assert late["id"] not in await current(observer)


async def test_a_signed_warning_is_not_silenced_by_an_unsigned_or_strange_cancel(
    importer: Person, observer: Person, now: datetime, elsewhere: Signer, forger: Signer, known: None
) -> None:
    real = foreign(now)
    kept = await receive(importer, elsewhere.sign(cap.tree_of(real), now))
    await receive(importer, cap.write(about(real, now, MsgType.CANCEL)))
    await receive(importer, forger.sign(cap.tree_of(about(real, now, MsgType.CANCEL)), now))
    await receive(importer, cap.write(replace(about(real, now, MsgType.CANCEL), sender="another@sender.example")))
    assert kept["id"] in await current(observer)
    await receive(importer, elsewhere.sign(cap.tree_of(about(real, now, MsgType.CANCEL)), now))
    assert kept["id"] not in await current(observer)


async def test_a_foreign_cancel_never_ends_a_warning_of_ours(
    shared_centre: RunningCentre, importer: Person, observer: Person, now: datetime
) -> None:
    author = await shared_centre.person(Role.DUTY_OFFICER, Land.REGION)
    alert = await issued(author, await shared_centre.person(Role.SUPERVISOR, Land.REGION), now)
    own = cap.read((await shared_centre.nobody.get(f"/api/public/alerts/{alert['id']}/cap")).content)
    await receive(importer, cap.write(about(own, now, MsgType.CANCEL)))
    assert alert["id"] in await current(observer)


async def test_what_has_expired_is_over_on_arrival(importer: Person, observer: Person, now: datetime) -> None:
    past = (now - timedelta(hours=1)).replace(microsecond=0)
    old = foreign(now - timedelta(hours=5), infos=(foreign_info(now, expires=past),))
    answer = await receive(importer, cap.write(old))
    lists = (await observer.get("/api/alerts")).json()
    assert answer["id"] not in {item["id"] for item in lists["current"]}
    assert answer["id"] in {item["id"] for item in lists["past"]}


async def test_hostile_words_reach_the_screen_as_harmless_text(
    importer: Person, observer: Person, now: datetime
) -> None:
    hostile = foreign_info(
        now, headline="\u202egninraw<script>alert(1)</script>", description="A" * 100_000, event="<b>" * 200
    )
    answer = await receive(importer, cap.write(foreign(now, status=Status.TEST, infos=(hostile,))))
    item = (await current(observer))[answer["id"]]
    assert item["texts"]["en"]["headline"] == "\ufffdgninraw<script>alert(1)</script>"
    whole = (await observer.get(f"/api/alerts/{answer['id']}")).json()
    assert len(whole["message"]["infos"][0]["description"]) == 20_000


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY l0 "lol">{LAUGHS}]><alert>&l9;</alert>'.encode()


async def test_bombs_and_rubbish_are_refused_in_one_sentence_and_leave_nothing(
    shared_centre: RunningCentre, importer: Person, now: datetime
) -> None:
    before = await shared_centre.seq()
    long_name = cap.write(foreign(now, identifier="x" * 300))
    for data, status in (
        (BOMB, 422),
        (b"<html>502</html>", 422),
        (b"", 422),
        (b"\x00\x01", 422),
        (b"<a>" * 9_000, 422),
        (long_name, 422),
        (b"x" * 600_000, 413),
    ):
        response = await importer.post("/api/alerts/received", data)
        assert response.status_code == status, response.text
        assert set(response.json()) == {"code", "message", "details", "request_id"}
        assert b"xxxx" not in response.content
    assert await shared_centre.seq() == before


async def test_the_command_line_keeps_a_file_and_says_what_it_is(
    shared_centre: RunningCentre, observer: Person, now: datetime, tmp_path: Path
) -> None:
    file, bomb = tmp_path / "alert.xml", tmp_path / "bomb.xml"
    message = foreign(now, infos=(foreign_info(now, headline="From a file"),))
    file.write_bytes(cap.write(message))
    bomb.write_bytes(BOMB)
    settings = shared_centre.centre.settings
    told = [await asyncio.to_thread(markaz, settings, "alerts", "import", str(path)) for path in (file, file, bomb)]
    headlines = [
        item["texts"]["en"]["headline"] for item in (await current(observer)).values() if "en" in item["texts"]
    ]
    assert headlines.count("From a file") == 1
    assert told[0] == (0, "alert.xml: kept, signature none\n", "")
    assert told[1] == (0, "alert.xml: here already, signature none\n", "")
    assert told[2][0] == 1
    assert "DTD" in told[2][2]


def markaz(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    assert settings.database_url is not None
    assert settings.database_owner_url is not None
    environment = os.environ | {
        "MARKAZ_HOME": str(settings.home),
        "MARKAZ_DATABASE_URL": settings.database_url.get_secret_value(),
        "MARKAZ_DATABASE_OWNER_URL": settings.database_owner_url.get_secret_value(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "markaz.cli.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
