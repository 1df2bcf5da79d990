"""What a person is told: offices and codes, months that end where they should, and words in four languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from markaz.contracts.rights import Stay
from markaz.core.errors import InvalidInput
from markaz.core.permissions import Role
from markaz.core.territories.model import LANGUAGES
from markaz.programmes.oversight.reviews import page
from markaz.programmes.oversight.rights import paper
from markaz.programmes.oversight.rights.domain import (
    Office,
    SeenLook,
    What,
    Why,
    clocks,
    disclosed,
    folded,
    joined,
    months_after,
    offices_of,
    what_of,
    why_of,
)


def look(entry_id: int) -> SeenLook:
    at = datetime(2026, 3, 1, entry_id, tzinfo=UTC)
    return SeenLook(entry_id, at, UUID(int=9), (Office("dispatcher", 3),), What.READ, Why.WORK, UUID(int=1), "7")


def test_stays_at_one_incident_that_touch_are_one_and_others_stay_apart() -> None:
    def stay(since: int | None, until: int | None, incident: int = 1) -> Stay:
        begins, ends = (None if hour is None else datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (since, until))
        return Stay(UUID(int=incident), str(incident), datetime(2026, 3, 1, tzinfo=UTC), begins, ends)

    assert joined([stay(5, None), stay(1, 3), stay(None, 2)]) == [stay(None, 3), stay(5, None)]
    assert joined([stay(1, 9), stay(2, 3), stay(9, None)]) == [stay(1, None)]
    assert joined([stay(None, 1), stay(None, None), stay(None, 1, 2)]) == [stay(None, None), stay(None, 1, 2)]
    assert joined([]) == []


def test_the_newest_look_is_told_first() -> None:
    assert [one.entry_id for one in disclosed([look(1), look(3), look(2)])] == [3, 2, 1]


def test_what_one_officer_read_within_a_minute_is_one_line_and_nobody_elses_joins_it() -> None:
    first = look(1)
    again = replace(first, entry_id=2, at=first.at + timedelta(seconds=59))
    later = replace(first, entry_id=3, at=first.at + timedelta(minutes=1))
    other = replace(again, entry_id=4, actor_id=UUID(int=8))
    searched = replace(again, entry_id=5, why=Why.SEARCH)
    elsewhere = replace(again, entry_id=6, incident_id=UUID(int=2))
    told = disclosed([first, again, later, other, searched, elsewhere])
    assert [one.entry_id for one in folded(told)] == [3, 6, 5, 4, 2]
    assert folded([]) == []


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [("2026-01-31", 1, "2026-02-28"), ("2028-02-29", 12, "2029-02-28"), ("2026-11-15", 3, "2027-02-15")],
)
def test_months_end_where_a_calendar_ends_them(start: str, months: int, end: str) -> None:
    assert months_after(datetime.fromisoformat(f"{start}T10:00+00:00"), months).date().isoformat() == end


def test_more_than_twelve_months_are_refused() -> None:
    for months in (0, 13):
        with pytest.raises(InvalidInput):
            months_after(datetime(2026, 1, 1, tzinfo=UTC), months)


def test_entries_are_told_by_their_codes() -> None:
    assert (what_of("view"), what_of("look_up"), what_of("something new")) == (What.READ, What.FOUND, What.READ)
    assert why_of("view", "incident.read_sealed", False, False) is Why.WORK
    assert why_of("view", "incident.read_sealed", True, False) is Why.PURPOSE
    assert why_of("look_up", "find.caller_phone", False, False) is Why.SEARCH
    assert why_of("look_up", "right.found", False, False) is Why.REQUEST
    assert why_of("break_glass", "glass.broken", False, False) is Why.EMERGENCY
    assert why_of("view", "incident.read_sealed", False, True) is Why.EMERGENCY
    assert why_of("view", "summary.read_sealed", False, True) is Why.EMERGENCY
    assert offices_of(["dispatcher@3", "dispatcher@3"]) == (Office("dispatcher", 3),)
    assert offices_of([]) == (Office(None, None),)


def test_every_request_has_a_clock_and_every_word_four_languages() -> None:
    assert min(clocks().values()) >= 1
    words = paper.labels()
    assert {f"role.{role.value}" for role in Role} <= set(words)
    assert {f"what.{what}" for what in What} | {f"why.{why}" for why in Why} <= set(words)
    assert all(set(names) == set(LANGUAGES) for names in [*words.values(), *page.labels().values()])


def test_what_a_person_wrote_is_never_taken_for_a_pattern_of_ours() -> None:
    wording = paper.Wording("en", lambda id_, _tag: str(id_), ZoneInfo("Asia/Tashkent"))
    assert wording.say("reasons", reasons="{numbers} <b>&") == "Reasons: {numbers} <b>&"
