"""Roles and rights without a database: deny by default, scope by territory, and what no role may hold together."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markaz.core.errors import Forbidden, NotFound
from markaz.core.permissions import (
    OFFICES,
    ROLE_PERMISSIONS,
    Actor,
    Grant,
    Permission,
    Role,
    holds,
    opens_person_data,
    require,
    require_seen,
    territory_filter,
)

# What shows a person: a name, a phone, a note, or where somebody is.
PERSON_DATA = {
    Permission.INCIDENT_READ,
    Permission.INCIDENT_READ_SEALED,
    Permission.INCIDENT_OPEN,
    Permission.INCIDENT_CHANGE,
    Permission.INCIDENT_CORRECT,
    Permission.POSITION_READ,
    Permission.PERSON_ERASE,
    Permission.AUDIT_READ,
    Permission.CREW_READ,
}


class Tree:
    """1 holds 2 and 3; 2 holds 4."""

    def subtree(self, territory_id: int) -> frozenset[int]:
        below = {1: {1, 2, 3, 4}, 2: {2, 4}, 3: {3}, 4: {4}}
        return frozenset(below.get(territory_id, set()))


def actor(*grants: Grant) -> Actor:
    return Actor(uuid4(), "somebody", "Somebody", False, grants, 1)


def test_every_role_is_listed() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)


def test_an_administrator_holds_no_right_to_person_data() -> None:
    assert not ROLE_PERMISSIONS[Role.ADMINISTRATOR] & PERSON_DATA


def test_only_the_administrator_manages_accounts() -> None:
    assert [r for r in Role if Permission.ACCOUNT_MANAGE in ROLE_PERMISSIONS[r]] == [Role.ADMINISTRATOR]


def test_whoever_reads_the_audit_trail_is_never_one_whose_reads_are_in_it() -> None:
    reviewers = {r for r in Role if Permission.AUDIT_READ in ROLE_PERMISSIONS[r]}
    assert reviewers
    assert not any(Permission.INCIDENT_READ_SEALED in ROLE_PERMISSIONS[r] for r in reviewers)


def test_an_auditor_and_the_appeal_body_hold_nothing_operational() -> None:
    about_use = {"audit", "appointment", "governance", "review", "right", "access"}
    for role in (Role.AUDITOR, Role.APPEAL_BODY):
        assert {p.value.partition(".")[0] for p in ROLE_PERMISSIONS[role]} <= about_use
    assert not ROLE_PERMISSIONS[Role.ADMINISTRATOR] & ROLE_PERMISSIONS[Role.AUDITOR] & PERSON_DATA


def test_roles_that_open_person_data_and_the_offices_take_two_people() -> None:
    alone = {role for role in Role if not opens_person_data(role)}
    assert alone == {Role.OBSERVER, Role.UNIT_DEVICE, Role.UNIT_OFFICER, Role.IMPORTER, Role.ADMINISTRATOR}
    assert all(opens_person_data(office) for office in OFFICES)


def test_an_observer_sees_the_picture_and_no_person() -> None:
    assert Permission.INCIDENT_READ_SEALED not in ROLE_PERMISSIONS[Role.OBSERVER]


def test_devices_and_importers_read_nothing() -> None:
    for role in (Role.UNIT_DEVICE, Role.IMPORTER):
        assert not {p for p in ROLE_PERMISSIONS[role] if ".read" in p.value}


def test_an_officer_of_a_crew_reads_no_picture_and_nothing_sealed() -> None:
    assert {p.value for p in ROLE_PERMISSIONS[Role.UNIT_OFFICER]} == {"field.report", "unit.log_on"}


def test_everybody_signed_in_holds_these_two_and_nothing_else() -> None:
    assert actor().permissions() == {Permission.PUBLIC, Permission.SIGNED_IN}
    assert territory_filter(actor(), Permission.INCIDENT_READ, Tree()) == []


def test_a_grant_reaches_down_and_never_up_or_aside() -> None:
    officer = actor(Grant(Role.DUTY_OFFICER, 2))
    assert [t for t in range(1, 6) if holds(officer, Permission.INCIDENT_READ, t, Tree())] == [2, 4]
    require(officer, Permission.INCIDENT_READ, 4, Tree())
    with pytest.raises(Forbidden):
        require(officer, Permission.INCIDENT_READ, 1, Tree())
    with pytest.raises(NotFound, match="no such incident"):
        require_seen(officer, Permission.INCIDENT_READ, 3, Tree(), "incident")


def test_a_grant_in_an_unknown_territory_gives_nothing() -> None:
    assert not any(holds(actor(Grant(Role.SUPERVISOR, 99)), p, t, Tree()) for p in Permission for t in (0, 1, 99))


GRANTS = st.lists(st.builds(Grant, st.sampled_from(Role), st.integers(0, 5)), max_size=4).map(tuple)


@given(GRANTS, st.sampled_from(Permission))
def test_the_list_form_and_the_single_question_agree(grants: tuple[Grant, ...], permission: Permission) -> None:
    somebody = actor(*grants)
    listed = territory_filter(somebody, permission, Tree())
    assert listed == [t for t in range(6) if holds(somebody, permission, t, Tree())]


@given(GRANTS, GRANTS, st.sampled_from(Permission), st.integers(0, 5))
def test_a_further_grant_never_takes_a_right_away(
    grants: tuple[Grant, ...], more: tuple[Grant, ...], permission: Permission, territory_id: int
) -> None:
    if holds(actor(*grants), permission, territory_id, Tree()):
        assert holds(actor(*grants, *more), permission, territory_id, Tree())


@given(st.sampled_from(Role), st.sampled_from(Role), st.sampled_from(Permission))
def test_rights_of_two_grants_do_not_cross_their_territories(here: Role, there: Role, permission: Permission) -> None:
    both = actor(Grant(here, 3), Grant(there, 4))
    assert holds(both, permission, 3, Tree()) == (permission in ROLE_PERMISSIONS[here])
    assert holds(both, permission, 4, Tree()) == (permission in ROLE_PERMISSIONS[there])
