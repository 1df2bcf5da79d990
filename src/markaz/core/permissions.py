"""Who may do what, where: deny by default, inwards (commands) and outwards (reads, lists, the stream).

A plain first version: a role is a fixed set of permissions, a grant gives a role in a territory and everything below
it. The same scope answers the single question (`require`), the list (`territory_filter`) and the stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from markaz.core.errors import Forbidden, NotFound, NotPossibleNow


class Permission(StrEnum):
    """Every right there is. A route names exactly one of them, or it does not start."""

    PUBLIC = "public"  # needs no sign-in: health, sign-in itself
    SIGNED_IN = "signed_in"
    INCIDENT_READ = "incident.read"
    INCIDENT_READ_SEALED = "incident.read_sealed"
    INCIDENT_OPEN = "incident.open"
    INCIDENT_DISPATCH = "incident.dispatch"
    INCIDENT_CHANGE = "incident.change"
    INCIDENT_CORRECT = "incident.correct"
    INCIDENT_CLOSE = "incident.close"
    HAZARD_WRITE = "hazard.write"
    INCIDENT_REOPEN = "incident.reopen"
    UNIT_READ = "unit.read"
    UNIT_REGISTER = "unit.register"
    UNIT_STATUS = "unit.status"
    POSITION_READ = "position.read"
    POSITION_REPORT = "position.report"
    FIELD_REPORT = "field.report"  # of the own unit only, while logged on to it
    FIGURES_READ = "figures.read"
    SUMMARY_READ = "summary.read"
    SUMMARY_MAKE = "summary.make"
    HANDOVER_SIGN = "handover.sign"
    INTAKE = "intake"
    ACCOUNT_MANAGE = "account.manage"
    PERSON_ERASE = "person.erase"
    AUDIT_READ = "audit.read"
    METRICS_READ = "metrics.read"
    ALERT_READ = "alert.read"
    ALERT_DRAFT = "alert.draft"
    ALERT_APPROVE = "alert.approve"
    ALERT_RECEIVE = "alert.receive"
    ALARM_READ = "alarm.read"  # with it one acknowledges for oneself
    ALARM_RESOLVE = "alarm.resolve"
    EMERGENCY_RAISE = "emergency.raise"
    CREW_READ = "crew.read"  # names of colleagues: who is on a unit, who sits at the desk
    UNIT_LOG_ON = "unit.log_on"
    UNIT_LEND = "unit.lend"
    ROSTER_PLAN = "roster.plan"
    POSITION_HOLD = "position.hold"
    APPOINTMENT_MAKE = "appointment.make"  # one of the two people by whom a right to person data or an office is given
    AUDIT_PACK = "audit.pack"
    GOVERNANCE_READ = "governance.read"  # retention, certificates, appointments: how the centre is governed
    REVIEW_JUDGE = "review.judge"  # of looks, without seeing whose they were
    REVIEW_READ = "review.read"  # how far the samples are judged, which answers are delayed; no case, no person
    REVIEW_PUBLISH = "review.publish"
    RIGHT_HANDLE = "right.handle"  # what persons ask about their own data
    RIGHT_CARRY_OUT = "right.carry_out"  # correct what a person was granted, at the desk that holds the record
    RIGHT_RENEW = "right.renew"  # a delay of disclosure, by somebody outside the chain
    GLASS_REVIEW = "glass.review"  # hear when the glass is broken, and judge it: never one's own, nor one's superior's


class Role(StrEnum):
    """The roles of the spine. Their names in four languages are data of the profile."""

    OBSERVER = "observer"
    CALL_TAKER = "call_taker"
    DISPATCHER = "dispatcher"
    DUTY_OFFICER = "duty_officer"  # call-taker and dispatcher in one person, as most desks have it at night
    SUPERVISOR = "supervisor"
    UNIT_DEVICE = "unit_device"
    UNIT_OFFICER = "unit_officer"  # a member of a crew: the own unit, and no picture of the territory
    IMPORTER = "importer"
    ADMINISTRATOR = "administrator"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    AUDITOR = "auditor"  # reads everything about use and nothing operational
    APPEAL_BODY = "appeal_body"  # stands outside the chain of the desk and its administrators


# Who watches over use. They are appointed and removed by two people, and each such act is a public entry.
OFFICES = frozenset({Role.DATA_PROTECTION_OFFICER, Role.AUDITOR, Role.APPEAL_BODY})


def office_beside_others(roles: Iterable[Role]) -> Role | None:
    """Return the office that an account with these roles would hold beside another role, None when it holds none so.

    Whoever watches over use does nothing that is watched over, and no two offices are one person.
    """
    held = frozenset(roles)
    return min(OFFICES & held, default=None) if len(held) > 1 else None


_PICTURE = frozenset({Permission.INCIDENT_READ, Permission.UNIT_READ, Permission.POSITION_READ, Permission.ALERT_READ})
_BOTH = (
    _PICTURE
    | {Permission.INCIDENT_READ_SEALED, Permission.INCIDENT_CHANGE, Permission.ALARM_READ}
    | {Permission.CREW_READ}
)
_CALL_TAKER = _BOTH | {Permission.INCIDENT_OPEN, Permission.HANDOVER_SIGN}
_DISPATCHER = _BOTH | {
    Permission.INCIDENT_DISPATCH,
    Permission.INCIDENT_CORRECT,
    Permission.INCIDENT_CLOSE,
    Permission.UNIT_STATUS,
    Permission.HANDOVER_SIGN,
    Permission.ALARM_RESOLVE,
    Permission.EMERGENCY_RAISE,
    Permission.HAZARD_WRITE,
    Permission.UNIT_LOG_ON,
    Permission.UNIT_LEND,
}
_DESK = _CALL_TAKER | _DISPATCHER | {Permission.ALERT_DRAFT}

# An administrator runs the centre and holds no right to person data; nobody can grant themselves one.
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OBSERVER: _PICTURE,
    Role.CALL_TAKER: _CALL_TAKER,
    Role.DISPATCHER: _DISPATCHER,
    Role.DUTY_OFFICER: _DESK | {Permission.SUMMARY_READ, Permission.INCIDENT_REOPEN, Permission.RIGHT_CARRY_OUT},
    Role.SUPERVISOR: _DESK
    | {Permission.UNIT_REGISTER, Permission.FIGURES_READ, Permission.SUMMARY_READ, Permission.SUMMARY_MAKE}
    | {Permission.ALERT_APPROVE, Permission.ALERT_RECEIVE, Permission.INCIDENT_REOPEN}
    | {Permission.APPOINTMENT_MAKE, Permission.GOVERNANCE_READ}
    | {Permission.ROSTER_PLAN, Permission.POSITION_HOLD, Permission.GLASS_REVIEW}
    | {Permission.RIGHT_CARRY_OUT},
    Role.UNIT_OFFICER: frozenset({Permission.FIELD_REPORT, Permission.UNIT_LOG_ON}),
    Role.UNIT_DEVICE: frozenset({Permission.POSITION_REPORT, Permission.EMERGENCY_RAISE}),
    Role.IMPORTER: frozenset({Permission.INTAKE, Permission.POSITION_REPORT, Permission.ALERT_RECEIVE}),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.UNIT_READ,
            Permission.UNIT_REGISTER,
            Permission.ACCOUNT_MANAGE,
            Permission.METRICS_READ,
            Permission.APPOINTMENT_MAKE,
            Permission.GOVERNANCE_READ,
        }
    ),
    Role.DATA_PROTECTION_OFFICER: frozenset(
        {Permission.AUDIT_READ, Permission.AUDIT_PACK, Permission.PERSON_ERASE, Permission.GOVERNANCE_READ}
    )
    | {Permission.REVIEW_JUDGE, Permission.REVIEW_READ, Permission.REVIEW_PUBLISH, Permission.RIGHT_HANDLE}
    | {Permission.GLASS_REVIEW},
    Role.AUDITOR: frozenset(
        {Permission.AUDIT_READ, Permission.AUDIT_PACK, Permission.GOVERNANCE_READ, Permission.REVIEW_READ}
    ),
    Role.APPEAL_BODY: frozenset({Permission.GOVERNANCE_READ})
    | {Permission.REVIEW_JUDGE, Permission.REVIEW_READ, Permission.RIGHT_RENEW},
}

# What opens a person's data or shows who looked at it. Nobody is given such a role by one person alone.
PERSON_DATA = frozenset(
    {
        Permission.INCIDENT_READ_SEALED,
        Permission.INCIDENT_OPEN,
        Permission.CREW_READ,
        Permission.PERSON_ERASE,
        Permission.AUDIT_READ,
        Permission.RIGHT_HANDLE,
    }
)

# The two people by whom the others are given are holders of these.
APPOINTING = frozenset(role for role, given in ROLE_PERMISSIONS.items() if Permission.APPOINTMENT_MAKE in given)


def takes_two_people(role: Role) -> bool:
    """Say whether `role` is given by two people: it opens person data, or its holder is one of the two for others.

    Without the second half an administrator would make a second account of their own and approve with it.
    """
    return opens_person_data(role) or role in APPOINTING


def opens_person_data(role: Role) -> bool:
    """Say whether `role` opens a person's data or watches over those who do: such a grant takes two people."""
    return role in OFFICES or not ROLE_PERMISSIONS[role].isdisjoint(PERSON_DATA)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a territory and everything below it."""

    role: Role
    territory_id: int


def check_offices_apart(grants: Iterable[Grant]) -> None:
    """Raise NotPossibleNow when one account would hold an office and any other role."""
    office = office_beside_others(grant.role for grant in grants)
    if office is not None:
        raise NotPossibleNow(
            f"The office {office.value} is held by an account that holds nothing else: make another account for it, "
            "or take the other roles away first."
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a person signed in, or a service with a key."""

    id: UUID
    login: str
    display_name: str
    is_service: bool
    grants: tuple[Grant, ...]
    access_version: int
    rate_limit_per_s: float | None = None

    def permissions(self) -> frozenset[Permission]:
        """Return every permission held anywhere."""
        held: set[Permission] = {Permission.PUBLIC, Permission.SIGNED_IN}
        for grant in self.grants:
            held |= ROLE_PERMISSIONS[grant.role]
        return frozenset(held)

    def roots(self, permission: Permission) -> frozenset[int]:
        """Return the territories at whose top the permission is granted; empty when it is held nowhere."""
        return frozenset(g.territory_id for g in self.grants if permission in ROLE_PERMISSIONS[g.role])


class Hierarchy(Protocol):
    """What permissions need to know of territories."""

    def subtree(self, territory_id: int) -> frozenset[int]:
        """Return the territory and everything below it; empty when there is no such territory."""
        ...


def scope(roots: Iterable[int], hierarchy: Hierarchy) -> frozenset[int]:
    """Return every territory below `roots`."""
    return frozenset().union(*(hierarchy.subtree(root) for root in roots))


def holds(actor: Actor, permission: Permission, territory_id: int, hierarchy: Hierarchy) -> bool:
    """Say whether `actor` holds `permission` in that territory."""
    return any(territory_id in hierarchy.subtree(root) for root in actor.roots(permission))


def require(actor: Actor, permission: Permission, territory_id: int, hierarchy: Hierarchy) -> None:
    """Raise Forbidden unless `actor` holds `permission` in that territory."""
    if not holds(actor, permission, territory_id, hierarchy):
        raise Forbidden(
            "You do not hold this right there: ask the supervisor of that territory.", permission=permission
        )


def require_seen(actor: Actor, permission: Permission, territory_id: int, hierarchy: Hierarchy, what: str) -> None:
    """Raise NotFound unless `actor` may see a record there: a stranger does not learn that it exists."""
    if not holds(actor, permission, territory_id, hierarchy):
        raise NotFound(f"There is no such {what} in your territory.", what=what)


def territory_filter(actor: Actor, permission: Permission, hierarchy: Hierarchy) -> list[int]:
    """Return the list form of the same rule, for `territory_id = ANY($n)`: nothing when the right is held nowhere."""
    return sorted(scope(actor.roots(permission), hierarchy))
