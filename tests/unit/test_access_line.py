"""Who answers to whom, and when two reasons are the same reason. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from markaz.core.access.line import is_subordinate
from markaz.core.access.model import RecordKind
from markaz.core.access.purpose_rules import REACH, Need, PurposeKind, PurposeRefused, check_words, normalised
from markaz.core.access.purposes import Purpose
from markaz.core.permissions import Grant, Role

SUPERVISOR, OFFICER, DPO = Role.SUPERVISOR, Role.DUTY_OFFICER, Role.DATA_PROTECTION_OFFICER


class Tree:
    """1 holds 2 and 3; 2 holds 4."""

    def subtree(self, territory_id: int) -> frozenset[int]:
        below = {1: {1, 2, 3, 4}, 2: {2, 4}, 3: {3}, 4: {4}}
        return frozenset(below.get(territory_id, set()))


@pytest.mark.parametrize(
    ("who", "of", "answers"),
    [
        ([(OFFICER, 4)], [(SUPERVISOR, 2)], True),
        ([(OFFICER, 2)], [(SUPERVISOR, 2)], True),
        ([(SUPERVISOR, 4)], [(SUPERVISOR, 2)], True),
        ([(SUPERVISOR, 2)], [(SUPERVISOR, 2)], False),  # peers
        ([(SUPERVISOR, 1)], [(SUPERVISOR, 2)], False),  # above
        ([(SUPERVISOR, 3)], [(SUPERVISOR, 2)], False),  # beside
        ([(OFFICER, 2)], [(OFFICER, 2)], False),  # nobody leads
        ([(DPO, 2)], [(SUPERVISOR, 1)], False),  # outside the line
        ([(DPO, 1), (OFFICER, 4)], [(SUPERVISOR, 2)], True),  # but not with a role in it besides
        ([(SUPERVISOR, 2), (OFFICER, 2)], [(SUPERVISOR, 2)], False),
        ([(OFFICER, 4)], [(SUPERVISOR, 3), (SUPERVISOR, 1)], True),
        ([], [(SUPERVISOR, 1)], False),
    ],
)
def test_whoever_works_under_a_supervisor_is_a_subordinate_and_nobody_else(
    who: list[tuple[Role, int]], of: list[tuple[Role, int]], *, answers: bool
) -> None:
    assert is_subordinate([Grant(*one) for one in who], [Grant(*one) for one in of], Tree()) is answers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Same fire as mine", "same  FIRE, as mine!"),
        ("bb bbb its the same fire", "BBBBB it's the same fire"),
        ("Қўшни уйдаги ёнғин", "Qoʻshni uydagi yongʻin"),
        ("Qo'shni uydagi yong'in", "Qoʻshni uydagi yongʻin"),
    ],
)
def test_case_blanks_signs_and_script_make_no_new_reason(one: str, other: str) -> None:
    assert normalised(one) == normalised(other) != ""


def test_reasons_in_a_script_that_nobody_folds_are_still_compared() -> None:
    one, other = "نفس الحريق كما في بلاغي", "اتصلت أمه مرة أخرى الآن"  # two sentences in Arabic
    assert normalised(one) != normalised(other)
    assert normalised(one) == normalised(f" {one} ! ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fourteen chars",
        "a b c d e f g h" + " " * 20,
        "." * 40,
        "a" * 40,
        "\u200b" * 30,
        "ten letter" + "\u200b\u00ad\u2060\u200e\ufeff" * 2,
    ],
)
def test_what_says_too_little_is_no_reason(text: str) -> None:
    with pytest.raises(PurposeRefused):
        check_words(text)


def test_a_purpose_tied_to_a_task_opens_its_one_incident_and_papers_since_that_was_received() -> None:
    about, now = UUID(int=7), datetime(2026, 3, 1, tzinfo=UTC)
    tied = (PurposeKind.REQUEST, UUID(int=2), "r", Need.ANSWER, 4, False, False, now, now + timedelta(minutes=30))
    purpose = Purpose(UUID(int=1), *tied, about=about, since=now - timedelta(days=9))
    incident, paper = (
        purpose.held(UUID(int=3), frozenset({4}), kind) for kind in (RecordKind.INCIDENT, RecordKind.PAPER)
    )
    assert (incident.records, paper.records) == (frozenset({about}), None)
    assert incident.recorded_from == paper.recorded_from == now - timedelta(days=9)
    older = replace(purpose, since=now - timedelta(days=9_000))
    assert older.held(UUID(int=3), frozenset({4}), RecordKind.PAPER).recorded_from == now - REACH[Need.ANSWER]


def test_blanks_do_not_count_and_are_not_kept() -> None:
    assert check_words("  the  same\nfire as mine ") == "the same fire as mine"
