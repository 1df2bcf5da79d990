"""What must stand before a centre holds data of real people: each missing thing is named with what to do."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.governance import governance_text

from markaz.core.live import Facts, Finding, NotReady, check_ready, findings
from markaz.core.permissions import Role, opens_person_data
from markaz.core.retention import Governance, parse_governance
from markaz.core.settings import STRONG_ROLES, Settings
from markaz.core.stated import is_ground, is_named, is_stated

TODAY = date(2026, 11, 22)
FACTS = Facts(frozenset({Role.DATA_PROTECTION_OFFICER, Role.APPEAL_BODY}), (), witnesses=1, is_demo=False)
SETTINGS = Settings(home=Path("/nowhere"), secure_cookies=True)
OFF: dict[str, Any] = {
    "log_checkpoints": False, "review_asked_per_day": 0, "watch_clocks": False, "history": False,
}  # fmt: skip
NAMELESS: dict[str, Any] = {
    "offices": frozenset({Role.DATA_PROTECTION_OFFICER}), "unnamed": frozenset({Role.APPEAL_BODY}),
}  # fmt: skip
ONLY_WARNED = {"outside witness", "length of retention", "second factor at the provider"}


def whole(review: str = "2027-06-01") -> Governance:
    return parse_governance(governance_text(review))


def missing(found: list[Finding]) -> set[str]:
    return {one.what for one in found if one.missing is not None and not one.warning}


def test_a_centre_with_everything_is_ready() -> None:
    found = findings(SETTINGS, whole(), FACTS, TODAY)
    assert missing(found) == set()
    check_ready(found)


def test_a_fresh_centre_is_told_everything_at_once() -> None:
    found = findings(
        Settings(home=Path("/nowhere"), trial=True, second_factor_roles=frozenset(), **OFF),
        parse_governance(""),
        Facts(frozenset(), ("column x.y: z",), 0, True, ("both",), "trial", frozenset(), ("the role x",), True),
        TODAY,
    )
    assert missing(found) == {one.what for one in found} - ONLY_WARNED
    with pytest.raises(NotReady) as refused:
        check_ready(found)
    guide = (Path(__file__).parents[2] / "docs/guides/going-live.md").read_text()
    for one in parse_governance("").classes:
        assert refused.value.message.count(one.id) >= 2, f"{one.id} is not named: ground and day of review"
        assert one.id in guide
    for word in ("controller", "legal_ground", "review_on", "impact_assessment", "appeal_body", "MARKAZ_TRIAL=1"):
        assert word in refused.value.message


@pytest.mark.parametrize(
    ("facts", "settings", "what"),
    [
        (replace(FACTS, offices=frozenset({Role.APPEAL_BODY})), SETTINGS, "data protection officer"),
        (replace(FACTS, offices=frozenset({Role.DATA_PROTECTION_OFFICER})), SETTINGS, "appeal body"),
        (replace(FACTS, is_demo=True), SETTINGS, "no demo accounts"),
        (replace(FACTS, made_for="trial"), SETTINGS, "no trial or training data"),
        (replace(FACTS, mixed=("one.for.all",)), SETTINGS, "offices apart"),
        (replace(FACTS, schema=("column parties.religion: refused",)), SETTINGS, "closed lists"),
        (FACTS, Settings(home=Path("/nowhere")), "TLS"),
        (FACTS, SETTINGS.model_copy(update={"second_factor_roles": STRONG_ROLES - {Role.CALL_TAKER}}), "second factor"),
        (FACTS, SETTINGS.model_copy(update={"log_checkpoints": False}), "signed log"),
        (FACTS, SETTINGS.model_copy(update={"review_asked_per_day": 0}), "review of looks"),
        (FACTS, SETTINGS.model_copy(update={"watch_clocks": False}), "watch over clocks"),
        (FACTS, SETTINGS.model_copy(update={"trial": True}), "no trial, training or demo mode"),
        (replace(FACTS, has_history=True), SETTINGS.model_copy(update={"history": False}), "history"),
        (replace(FACTS, unbound=("the table calls",)), SETTINGS, "row security"),
        (replace(FACTS, **NAMELESS), SETTINGS, "appeal body"),
    ],
)
def test_each_thing_alone_refuses(facts: Facts, settings: Settings, what: str) -> None:
    found = findings(settings, whole(), facts, TODAY)
    assert missing(found) == {what}
    with pytest.raises(NotReady):
        check_ready(found)


def test_no_outside_witness_and_a_late_review_warn_and_refuse_nothing() -> None:
    found = findings(SETTINGS, whole(review="2026-01-01"), replace(FACTS, witnesses=0), TODAY)
    assert {one.what for one in found if one.warning} == {"outside witness", "retention schedule"}
    assert "unwitnessed" in next(one.missing or "" for one in found if one.what == "outside witness")
    check_ready(found)


def test_an_assessment_of_tomorrow_is_none() -> None:
    found = findings(SETTINGS, whole(), FACTS, date(2026, 4, 30))
    assert missing(found) == {"impact assessment"}


def test_every_role_that_opens_a_person_s_data_needs_a_second_factor() -> None:
    """Of those that people hold only the observer's does not; services have keys."""
    assert set(Role) - STRONG_ROLES == {Role.OBSERVER, Role.IMPORTER, Role.UNIT_DEVICE}
    assert Settings(home=Path("/nowhere")).second_factor_roles == STRONG_ROLES
    assert {role for role in Role if opens_person_data(role)} <= STRONG_ROLES


@pytest.mark.parametrize(
    ("old", "new", "what", "said"),
    [
        ('name = "Centre"', 'name = "x"', "controller", "name of [controller]"),
        ('address = "1 Street"', 'address = "-----"', "controller", "address of [controller]"),
        ('contact = "office@centre.example"', 'contact = "aaaaaaaa"', "controller", "contact of [controller]"),
        ('reference = "DPIA 4"', 'reference = "tbd"', "impact assessment", "reference"),
        ("Law 7, article 3", "lawlawlaw", "legal ground of each data class", "the law and its article"),
        ("Law 7, article 3", "xx xx xx xx xx", "legal ground of each data class", "2 words with 8 letters or digits"),
    ],
)
def test_a_placeholder_is_no_statement_and_what_to_write_is_said(old: str, new: str, what: str, said: str) -> None:
    text = governance_text("2027-06-01")
    assert old in text
    found = findings(SETTINGS, parse_governance(text.replace(old, new)), FACTS, TODAY)
    assert missing(found) == {what}
    assert said in next(one.missing or "" for one in found if one.what == what)


def test_short_honest_statements_pass() -> None:
    for text in ("ИИВ Тошкент", "Toshkent, Yunusobod 1", "+998 71 123 45 67", "DPIA 4", "28/2026"):
        assert is_stated(text), text
    for ground in ("Law 7, article 3", "ЎРҚ-547, 5-модда", "Закон 547, ст. 5", "GDPR art. 6"):
        assert is_ground(ground), ground
    assert is_named("dpo", "Dilnoza Karimova")
    for name in ("dpo.one", "DPO.One", "x", "....."):
        assert not is_named("dpo.one", name)


def test_what_may_be_lawful_is_only_asked_about() -> None:
    long = governance_text("2027-06-01").replace("[class.callers]\n", "[class.callers]\nends_after_days = 36525\n")
    provided = SETTINGS.model_copy(update={"provider_issuer": "https://id.example"})
    found = findings(provided, parse_governance(long), FACTS, TODAY)
    asked = {one.what for one in found if one.warning and one.missing is not None}
    assert asked == {"length of retention", "second factor at the provider"}
    check_ready(found)
