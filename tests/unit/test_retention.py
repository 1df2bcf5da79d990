"""The retention schedule as data: every class named, nothing without an end, and what is built in says what code does."""

from datetime import timedelta

import pytest

from markaz.core.acts import KEEP_ANSWERS_DAYS
from markaz.core.errors import InvalidInput
from markaz.core.refusals.guard import load_lists
from markaz.core.retention import Ending, check_keys_days, erasure_days, parse_governance
from markaz.programmes.incidents.calls import drafts, hazards
from markaz.programmes.incidents.crews import holds
from markaz.programmes.incidents.positions import KEEP_DAYS
from markaz.programmes.oversight.retention.service import unended
from markaz.programmes.oversight.rights.domain import clocks
from markaz.web.background import KEEP_REPORTS

PACKAGED = parse_governance("")
ENDED_ELSEWHERE = (
    *("drafts", "hazard_notes", "positions", "held_positions", "sessions", "kept_answers", "phone_reports"),
    "history",
)


def test_every_table_that_names_a_class_stands_in_that_class_and_the_other_way_round() -> None:
    tables = load_lists().tables
    search = {"sealed_search"}  # goes with whatever it finds
    for each in PACKAGED.classes:
        assert {name for name, table in tables.items() if table.ends == each.id} - search == set(each.tables), each.id


def test_a_backup_of_keys_lives_no_longer_than_an_erasure_may_take() -> None:
    assert erasure_days() == clocks()["erasure"] == 10
    assert PACKAGED.backup_keys_days == parse_governance("backup_keys_days = 14\n").backup_keys_days == 14
    assert parse_governance("backup_keys_days = 1\n").backup_keys_days == 1
    for days in (15, 30, 366):
        with pytest.raises(InvalidInput, match=f"is {days}, .* 10 working days, which are 14 days"):
            parse_governance(f"backup_keys_days = {days}\n")
    with pytest.raises(InvalidInput, match="3 working days, which are 3 days"):
        check_keys_days(PACKAGED.backup_keys_days, 3)


def test_every_class_ends_by_somebody() -> None:
    assert unended(PACKAGED, ENDED_ELSEWHERE) == []
    assert [each.id for each in PACKAGED.classes if each.action is Ending.KEEP] == ["staff"]


def test_the_detail_of_history_ends_before_the_schedule_erases_anybody_in_it() -> None:
    """Else each night would write the month of three years ago once more."""
    people = ("callers", "parties", "vehicles", "attachments", "notes")
    assert PACKAGED.of("history").life <= min(PACKAGED.of(name).life for name in people)


def test_what_is_built_in_says_what_the_code_does() -> None:
    built_in = {
        "drafts": drafts.LIFE,
        "hazard_notes": hazards.LIFE_MOST,
        "positions": timedelta(days=KEEP_DAYS),
        "held_positions": holds.LONGEST,
        "kept_answers": timedelta(days=KEEP_ANSWERS_DAYS),
        "phone_reports": KEEP_REPORTS,
        "sessions": timedelta(hours=72),  # the longest that MARKAZ_SESSION_HOURS takes
    }
    assert {name: PACKAGED.of(name).life for name in built_in} == built_in
    assert all(PACKAGED.of(name).fixed for name in built_in)


def test_a_deployment_states_grounds_and_may_change_what_is_not_built_in() -> None:
    stated = parse_governance(
        '[class.callers]\nlegal_ground = "Law 1, article 2"\nends_after_days = 400\nreview_on = 2027-01-01\n'
    )
    callers = stated.of("callers")
    assert (callers.legal_ground, callers.ends_after_days, str(callers.review_on)) == (
        "Law 1, article 2",
        400,
        "2027-01-01",
    )
    assert stated.version != PACKAGED.version
    assert parse_governance("").version == PACKAGED.version


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[class.drafts]\nends_after_days = 3\n", "class.drafts.ends_after_days is built in"),
        ("[class.religion]\nends_after_days = 3\n", "there is no class religion"),
        ("[class.callers]\nends_after_days = 0\n", "class.callers.ends_after_days"),
        ("[class.callers]\nnever_ends = true\n", "class.callers.never_ends"),
        ("[controller]\nname = 'A'\n", "controller.address"),
        ("[controller\n", "this is not TOML"),
    ],
)
def test_a_slip_of_the_pen_is_named(text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        parse_governance(text)
