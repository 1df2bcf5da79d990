"""What must stand before a centre holds data of real people: each missing thing is named with what to do."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.support.governance import governance_text

from markaz.core.live import Facts, Finding, NotReady, check_ready, findings
from markaz.core.permissions import Role, opens_person_data
from markaz.core.retention import Governance, parse_governance
from markaz.core.settings import STRONG_ROLES, Settings

TODAY = date(2026, 11, 22)
FACTS = Facts(frozenset({Role.DATA_PROTECTION_OFFICER, Role.APPEAL_BODY}), (), witnesses=1, is_demo=False)
SETTINGS = Settings(home=Path("/nowhere"), secure_cookies=True)


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
        Settings(home=Path("/nowhere"), second_factor_roles=frozenset()),
        parse_governance(""),
        Facts(frozenset(), ("column x.y: z",), 0, True, ("both",), "trial"),
        TODAY,
    )
    assert missing(found) == {one.what for one in found} - {"outside witness"}
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
