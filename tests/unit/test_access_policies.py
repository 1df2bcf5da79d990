"""Every rule of access, as nobody, in the wrong territory, without a purpose, with one, with an expired one, without the role."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.pgproto import pgproto
from tests.support.access import (
    DISTRICT,
    ELSEWHERE,
    LAND,
    ME,
    NOW,
    OTHER,
    OTHER_RECORD,
    REGION,
    ROOT,
    glass,
    person,
    purpose,
    question,
    resource,
)

from markaz.core.access.decision import Decision, Ground, decider
from markaz.core.access.model import ASKED, Action, DataClass, Question, RecordKind, Resource, Subject, within
from markaz.core.permissions import OFFICES, Role

NOBODY = person()
DISPATCHER = person(Role.DISPATCHER)
STRANGER = person(Role.DISPATCHER, territory_id=ELSEWHERE)
ASSIGNED = resource(workers=frozenset({ME}))
PERSON_DATA = [one for one in DataClass if one is not DataClass.USE]
OF_INCIDENTS = sorted(action for action, kind in ASKED if kind is RecordKind.INCIDENT)


def decide(asked: Question) -> Decision:
    return decider().decide(asked)


def conditions(asked: Question) -> tuple[str, ...]:
    return tuple(one.condition for one in decider().explain(asked).nearest)


@pytest.mark.parametrize("subject", [NOBODY, STRANGER, DISPATCHER, person(Role.OBSERVER), person(Role.IMPORTER)])
@pytest.mark.parametrize("action", OF_INCIDENTS)
def test_without_a_case_or_a_purpose_nobody_sees_a_person(subject: Subject, action: Action) -> None:
    if action is Action.BREAK_GLASS:
        return
    assert not any(decide(question(subject, action, one)).allowed for one in PERSON_DATA)


@pytest.mark.parametrize("role", [Role.CALL_TAKER, Role.DISPATCHER, Role.DUTY_OFFICER, Role.SUPERVISOR])
def test_an_incident_assigned_to_me_is_the_purpose_for_its_own_people_and_place(role: Role) -> None:
    mine = question(person(role), of=ASSIGNED)
    assert decide(mine) == decide(replace(mine, data_class=DataClass.PLACE_HISTORY))
    assert decide(mine).policy_ids == ("assigned",)


@pytest.mark.parametrize(
    ("subject", "of", "missing"),
    [
        (NOBODY, ASSIGNED, ("desk_here",)),  # after the role was removed
        (STRANGER, ASSIGNED, ("desk_here",)),
        (DISPATCHER, resource(), ("assigned", "purpose")),
        (DISPATCHER, replace(ASSIGNED, is_open=False), ("open",)),
        (DISPATCHER, replace(ASSIGNED, colleagues=frozenset({ME})), ("not_colleague",)),
    ],
)
def test_what_the_own_incident_lacks_is_named(subject: Subject, of: Resource, missing: tuple[str, ...]) -> None:
    asked = question(subject, of=of)
    assert not decide(asked).allowed
    assert conditions(asked) == missing


WITH_PURPOSE = question(DISPATCHER, purpose=purpose())


def test_a_live_purpose_opens_what_it_needs() -> None:
    assert decide(WITH_PURPOSE).policy_ids == ("purpose",)
    assert decide(replace(WITH_PURPOSE, action=Action.LOOK_UP)).allowed
    wanted = (DataClass.CALLER, DataClass.PARTY, DataClass.NOTE)
    shown = {one for one in wanted if decide(replace(WITH_PURPOSE, data_class=one)).allowed}
    assert shown == {DataClass.CALLER}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"holder": OTHER}, "purpose_own"),
        ({"expires_at": NOW}, "purpose_live"),
        ({"basis_open": False}, "purpose_case"),
        ({"data_classes": frozenset({DataClass.PARTY})}, "purpose_field"),
        ({"data_classes": frozenset()}, "purpose_field"),
        ({"territories": frozenset({ELSEWHERE})}, "purpose_territory"),
        ({"territories": frozenset()}, "purpose_territory"),
        ({"recorded_from": NOW - timedelta(minutes=59)}, "purpose_time"),
        ({"recorded_to": NOW - timedelta(hours=1)}, "purpose_time"),
        ({"records": frozenset({OTHER_RECORD})}, "purpose_record"),
        ({"records": frozenset()}, "purpose_record"),
    ],
)
def test_a_purpose_opens_nothing_else(given: dict[str, Any], missing: str) -> None:
    asked = question(DISPATCHER, purpose=purpose(**given))
    assert not decide(asked).allowed
    assert conditions(asked) == (missing,)
    assert decider().explain(asked).asks_purpose


@pytest.mark.parametrize("subject", [NOBODY, STRANGER, person(Role.OBSERVER)])
def test_a_purpose_without_the_role_there_opens_nothing(subject: Subject) -> None:
    asked = question(subject, purpose=purpose(territories=frozenset({ROOT})))
    assert not decide(asked).allowed
    assert not decider().explain(asked).asks_purpose  # it would not help, so it is not asked


def test_broken_glass_opens_one_record_of_any_territory_for_half_an_hour() -> None:
    assert decide(question(STRANGER, glass=glass())).policy_ids == ("glass",)
    for refused in (glass(record=OTHER_RECORD), glass(expires_at=NOW), glass(holder=OTHER)):
        assert not decide(question(STRANGER, glass=refused)).allowed
    assert not decide(question(NOBODY, glass=glass())).allowed
    assert not decide(question(STRANGER, Action.CORRECT, glass=glass())).allowed


def test_only_a_desk_breaks_the_glass() -> None:
    assert decide(question(STRANGER, Action.BREAK_GLASS)).policy_ids == ("break-glass",)
    for role in (Role.OBSERVER, Role.ADMINISTRATOR, Role.UNIT_OFFICER, *OFFICES):
        assert not decide(question(person(role), Action.BREAK_GLASS)).allowed


def test_a_crew_sees_what_it_needs_of_its_incident_and_nothing_else() -> None:
    officer = person(Role.UNIT_OFFICER, territory_id=ELSEWHERE)  # a unit may be lent
    asked = question(officer, of=ASSIGNED)
    assert decide(asked).policy_ids == ("crew",)
    assert conditions(replace(asked, data_class=DataClass.ATTACHMENT)) == ("crew_field",)
    assert not decide(question(officer)).allowed
    assert not decide(question(officer, of=replace(ASSIGNED, is_open=False))).allowed
    assert not decide(question(officer, Action.LOOK_UP, of=ASSIGNED)).allowed


# --- what nothing opens ---

EVERY_WAY: dict[str, Any] = {"purpose": purpose(data_classes=frozenset(DataClass)), "glass": glass()}


@pytest.mark.parametrize(
    ("subject", "of", "data_class", "rule"),
    [
        (DISPATCHER, replace(ASSIGNED, shut_out=frozenset({ME})), DataClass.CALLER, "never-shut-out"),
        (DISPATCHER, replace(ASSIGNED, own=frozenset({ME})), DataClass.CALLER, "never-own-record"),
        (DISPATCHER, ASSIGNED, DataClass.HELD_POSITIONS, "never-held-positions"),
        (person(Role.ADMINISTRATOR, Role.SUPERVISOR), ASSIGNED, DataClass.CALLER, "never-administrator"),
        *((person(office, Role.SUPERVISOR), ASSIGNED, DataClass.CALLER, "never-overseer") for office in OFFICES),
    ],
)
def test_a_prohibition_outweighs_assignment_purpose_and_glass(
    subject: Subject, of: Resource, data_class: DataClass, rule: str
) -> None:
    asked = question(subject, data_class=data_class, of=of, **EVERY_WAY)
    decision = decide(asked)
    assert not decision.allowed
    assert decision.policy_ids == (rule,)
    assert decider().explain(asked).missing == ()  # no purpose is asked where none would help


def test_held_positions_are_for_supervisors() -> None:
    asked = question(person(Role.SUPERVISOR), data_class=DataClass.HELD_POSITIONS, of=ASSIGNED)
    assert decide(asked).allowed


# --- papers and drafts ---


@pytest.mark.parametrize("data_class", [DataClass.HANDOVER_TEXT, DataClass.SUMMARY_SENTENCE])
def test_a_desk_reads_its_current_paper_and_an_old_one_for_a_purpose(data_class: DataClass) -> None:
    current = question(DISPATCHER, data_class=data_class, of=resource(RecordKind.PAPER))
    old = replace(current, resource=resource(RecordKind.PAPER, is_open=False))
    assert decide(current).policy_ids == ("paper",)
    assert not decide(replace(current, subject=STRANGER)).allowed
    assert not decide(replace(current, subject=NOBODY)).allowed
    assert set(conditions(old)) == {"current_paper", "purpose"}
    signed = replace(old.resource, workers=frozenset({ME}))
    assert decide(replace(old, resource=signed)).allowed
    why = replace(old.context, purpose=purpose(data_classes=frozenset({data_class})))
    assert decide(replace(old, context=why)).policy_ids == ("purpose-paper",)


def test_an_unfinished_call_is_its_takers_own() -> None:
    mine = question(STRANGER, data_class=DataClass.DRAFT, of=resource(RecordKind.DRAFT, workers=frozenset({ME})))
    assert decide(mine).policy_ids == ("own-draft",)
    assert not decide(replace(mine, resource=resource(RecordKind.DRAFT, workers=frozenset({OTHER})))).allowed
    assert not decide(replace(mine, subject=NOBODY)).allowed


# --- those who run the centre and those who watch over its use ---


@pytest.mark.parametrize(("action", "kind"), sorted(ASKED))
def test_an_administrator_is_refused_whatever_is_asked(action: Action, kind: RecordKind) -> None:
    everything = person(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER)
    asked = question(everything, action, DataClass.USE, resource(kind, workers=frozenset({ME})), **EVERY_WAY)
    assert "never-administrator" in decide(asked).policy_ids


@pytest.mark.parametrize("office", [Role.AUDITOR, Role.DATA_PROTECTION_OFFICER])
def test_an_overseer_reads_use_in_the_own_territory_and_nothing_operational(office: Role) -> None:
    use = question(person(office), data_class=DataClass.USE, of=resource(RecordKind.ENTRY))
    assert decide(use).policy_ids == ("use",)
    assert not decide(replace(use, subject=person(office, territory_id=ELSEWHERE))).allowed
    for kind in (RecordKind.INCIDENT, RecordKind.PAPER, RecordKind.DRAFT):
        for data_class in PERSON_DATA:
            of = resource(kind, workers=frozenset({ME}))
            assert "never-overseer" in decide(question(person(office), data_class=data_class, of=of)).policy_ids


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER, Role.APPEAL_BODY])
def test_a_reviewer_judges_what_was_given_and_never_the_own_line(role: Role) -> None:
    given = resource(RecordKind.ENTRY, workers=frozenset({ME}))
    asked = question(person(role), Action.REVIEW, DataClass.USE, given)
    assert decide(asked).policy_ids == ("review",)
    assert not decide(replace(asked, resource=resource(RecordKind.ENTRY))).allowed
    own = replace(asked, resource=replace(given, line=frozenset({ME, OTHER})))
    assert decide(own).policy_ids == ("never-own-review",)


def test_only_the_data_protection_officer_erases() -> None:
    asked = question(person(Role.DATA_PROTECTION_OFFICER), Action.ERASE)
    assert decide(asked).policy_ids == ("erase",)
    for role in (Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR):
        assert not decide(replace(asked, subject=person(role))).allowed
    far = person(Role.DATA_PROTECTION_OFFICER, territory_id=ELSEWHERE)
    assert not decide(replace(asked, subject=far)).allowed


# --- what is not known, and the land ---


@pytest.mark.parametrize("attribute", ["within", "workers", "is_open", "colleagues", "shut_out", "own"])
def test_what_is_not_known_denies(attribute: str) -> None:
    unknown: dict[str, Any] = {attribute: None}
    decision = decide(question(DISPATCHER, of=replace(ASSIGNED, **unknown)))
    assert not decision.allowed
    assert decision.ground is Ground.UNKNOWN
    assert decision.words("ru") != decision.words("en")


def test_a_role_reaches_down_and_never_up_or_aside() -> None:
    for at, allowed in ((ROOT, True), (REGION, True), (DISTRICT, True), (69, True), (ELSEWHERE, False), (404, False)):
        subject = person(Role.DISPATCHER, territory_id=at)
        assert decide(question(subject, of=ASSIGNED)).allowed is allowed
    assert within(LAND, 404) is None
    assert within(LAND, None) is None
    assert within(LAND, 69) == frozenset({ROOT, REGION, DISTRICT})


def test_an_id_as_the_database_driver_gives_it_is_the_same_id() -> None:
    driver = pgproto.UUID(str(ME))
    asked = question(replace(DISPATCHER, account=driver), of=resource(record=driver, workers=frozenset({driver})))
    assert decide(asked).policy_ids == ("assigned",)


def test_a_second_is_the_least_time_a_rule_knows() -> None:
    late = question(DISPATCHER, now=NOW + timedelta(milliseconds=900), purpose=purpose(expires_at=NOW))
    assert not decide(late).allowed
