"""Stored summaries as PDF and CSV, in any of the four languages. What is on paper is what is stored; nothing is counted."""

from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from markaz.core.acts import Request
from markaz.core.codes import CodeTables
from markaz.core.errors import NotFound
from markaz.core.press.pdf import Press
from markaz.core.territories import TerritoryTree
from markaz.programmes.incidents.briefing.paper.report import report_of
from markaz.programmes.incidents.briefing.paper.table import csv_of
from markaz.programmes.incidents.briefing.paper.wording import Wording
from markaz.programmes.incidents.briefing.summaries import Summaries

TEMPLATE = Path(__file__).with_name("paper") / "summary.typ"
EXPORTED = "summary.exported"  # the action of the audit entry, where a summary holds sentences


class Papers:
    """Puts summaries on paper. `band` is the label of a centre that is not live: `demo`, `training`, `trial`, or None."""

    def __init__(
        self, summaries: Summaries, codes: CodeTables, territories: Callable[[], TerritoryTree], band: str | None
    ) -> None:
        self._summaries = summaries
        self._codes = codes
        self._territories = territories
        self._band = band
        self._press = Press(TEMPLATE)

    async def pdf(self, request: Request, summary_id: UUID, language: str) -> tuple[bytes, str]:
        """Return the PDF of a summary and the name of its file; to the same viewer at the same moment it is the same bytes."""
        summary = await self._summaries.read(request, summary_id, EXPORTED)
        words = self._words(language, summary["content"]["time_zone"])
        pdf = await self._press.pdf_of(report_of(summary, words, band=self._band))
        return pdf, f"summary-{summary['day']}-{summary['territory_id']}-v{summary['version']}.pdf"

    async def csv(self, request: Request, summary_id: UUID, language: str) -> tuple[bytes, str]:
        """Return the CSV of a summary and the name of its file; the first part of the name says what is not live."""
        summary = await self._summaries.read(request, summary_id, EXPORTED)
        words = self._words(language, summary["content"]["time_zone"])
        band = "" if self._band is None else f"{self._band.upper()}-"
        name = f"{band}summary-{summary['day']}-{summary['territory_id']}-v{summary['version']}.csv"
        return csv_of(summary, words), name

    def _words(self, language: str, time_zone: str) -> Wording:
        return Wording(language, self._codes, self._names, ZoneInfo(time_zone))

    def _names(self, territory_id: int) -> Mapping[str, str]:
        try:
            return self._territories().get(territory_id).names
        except NotFound:
            return {}
