"""The PDF of a summary: set in a bounded child, read back by another program, the same bytes each time."""

import asyncio
import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.support.canary import Canaries
from tests.support.desk import call_body
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.summaries import HOSTILE, NAMES, content, summary, wording

from markaz.core.errors import Unavailable
from markaz.core.permissions import Grant, Role
from markaz.core.press import pdf as pdf_module
from markaz.core.press.pdf import NotSet, Press
from markaz.core.territories.model import LANGUAGES
from markaz.kit.clock import FakeClock
from markaz.programmes.incidents.briefing.paper.report import report_of
from markaz.programmes.incidents.briefing.paper.wording import labels
from markaz.programmes.incidents.briefing.papers import TEMPLATE


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def squeezed(text: str) -> str:
    """Line breaks and narrow spaces are the typesetter's: only the letters count."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_letter_of_the_four_languages_is_on_the_page(language: str) -> None:
    report = report_of(summary(), wording(language), band="training")
    pages = squeezed(text_of(await Press(TEMPLATE).pdf_of(report)))
    assert squeezed(NAMES[1][language]) in pages
    for section in report["sections"]:
        assert squeezed(section["title"]) in pages
        for cell in (cell for row in section["rows"] for cell in row):
            assert squeezed(cell) in pages
    assert "\ufffd" not in pages
    for page in pypdf.PdfReader(io.BytesIO(await Press(TEMPLATE).pdf_of(report))).pages:
        assert report["band"] in page.extract_text()
        assert squeezed("Шаҳноза Oʻktamova, 02.03.2026 09:05:06 (UTC+05:00)") in squeezed(page.extract_text())


async def test_the_same_summary_gives_the_same_bytes_dated_by_its_making() -> None:
    report = report_of(summary(), wording("ru"), band=None)
    first, second = await asyncio.gather(Press(TEMPLATE).pdf_of(report), Press(TEMPLATE).pdf_of(report))
    assert first == second
    meta = pypdf.PdfReader(io.BytesIO(first)).metadata
    assert meta is not None
    assert meta.creation_date == datetime(2026, 3, 2, 3, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_sheet_that_nobody_asked_for_says_so_on_each_page(language: str) -> None:
    report = report_of({**summary(), "access": None}, wording(language), band=None)
    for page in pypdf.PdfReader(io.BytesIO(await Press(TEMPLATE).pdf_of(report))).pages:
        assert squeezed(labels()["no_viewer"][language]) in squeezed(page.extract_text())
        assert "Шаҳноза" not in page.extract_text()


async def test_text_that_looks_like_code_is_set_as_text() -> None:
    pages = squeezed(text_of(await Press(TEMPLATE).pdf_of(report_of(summary(HOSTILE), wording("en"), band=None))))
    assert squeezed(HOSTILE) in pages
    assert "root:" not in pages


async def test_a_child_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = tmp_path / "child.py"
    child.write_text(f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    monkeypatch.setattr(pdf_module, "CHILD", child)
    monkeypatch.setattr(pdf_module, "PATIENCE_S", 1.0)
    with pytest.raises(Unavailable):
        await Press(TEMPLATE).pdf_of({})
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_child_that_fails_says_nothing_of_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text("import sys\nsys.exit(sys.stdin.read())\n")
    monkeypatch.setattr(pdf_module, "CHILD", child)
    with pytest.raises(NotSet) as refused:
        await Press(TEMPLATE).pdf_of({"secret": "Canary"})
    assert "Canary" not in str(refused.value)


async def test_a_country_of_a_thousand_rows_is_set() -> None:
    many = content()
    many["by_area"] = [{"territory_id": n, "n": n} for n in range(208)]
    many["by_category"] = [{"category": f"category {n} of an import", "n": n} for n in range(60)]
    many["corrections"] = many["corrections"] * 200
    report = report_of(summary() | {"content": many}, wording("en"), band="demo")
    assert len(pypdf.PdfReader(io.BytesIO(await Press(TEMPLATE).pdf_of(report))).pages) > 20


async def test_files_of_a_centre_carry_its_band_and_nobody_by_name(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(datetime(2026, 3, 1, 7, tzinfo=UTC))
    desk = await open_centre_with(clock, demo=True)
    officer, canaries = await desk.person(Role.SUPERVISOR), Canaries()
    caller = {"name": canaries.text("caller"), "phone": canaries.phone("phone")}
    body = call_body(caller=caller, address=canaries.text("address"), note=canaries.text("note"))
    incident = (await officer.post("/api/incidents", body)).json()
    made: dict[str, Any] = {"territory_id": int(Land.WEST), "day": "2026-03-01"}
    made["significant"] = [{"incident_id": incident["id"], "sentence": "A shop without light"}]
    id_ = (await officer.post("/api/summaries", made)).json()["id"]
    pdf = await officer.get(f"/api/summaries/{id_}/pdf", language="en")
    table = await officer.get(f"/api/summaries/{id_}/csv", language="ru")
    assert pdf.headers["content-type"] == "application/pdf"
    assert "DEMO" in text_of(pdf.content)
    assert "A shop without light" in text_of(pdf.content)
    assert 'filename="DEMO-summary-2026-03-01-3-v1.csv"' in table.headers["content-disposition"]
    assert canaries.found_in(text_of(pdf.content).encode() + table.content) == []
    again = await officer.get(f"/api/summaries/{id_}/pdf", language="en")
    assert again.content == pdf.content
    colleague = await desk.newcomer(Grant(Role.SUPERVISOR, Land.WEST), login="colleague")
    theirs = text_of((await colleague.get(f"/api/summaries/{id_}/pdf", language="en")).content)
    name = f"Officer {officer.login}, 01.03.2026 12:00:00 (UTC+05:00)"
    assert (name in text_of(pdf.content), name in theirs, "Shown to: Officer colleague" in theirs) == (
        True,
        False,
        True,
    )
    assert name.split(", ")[0] in table.content.decode("utf-8-sig").splitlines()[-1]
    protector = await desk.person(Role.DATA_PROTECTION_OFFICER)
    await protector.post(f"/api/incidents/{incident['id']}/erasure")
    erased = text_of((await officer.get(f"/api/summaries/{id_}/pdf", language="en")).content)
    assert "erased" in erased
    assert "A shop without light" not in erased
    assert (await officer.get(f"/api/summaries/{id_}/pdf", language="fr")).status_code == 422
