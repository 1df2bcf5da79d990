"""Which tasks wait for whom, and how those end that have no screen of their own. Pure: values in, values out."""

from collections.abc import Mapping
from enum import StrEnum

from markaz.core.permissions import OFFICES, Grant, Permission, takes_two_people

CORRECTION = "right_correction_ordered"
GRANT_ALONE = "grant_alone"
RATE_DUE = "misuse_rate"

# Whoever holds the right in a task's territory sees it. Sampled looks are not among them: their queue names nobody.
WAITS_FOR: Mapping[Permission, tuple[str, ...]] = {
    Permission.RIGHT_HANDLE: (
        "right_who_looked",
        "right_correction",
        "right_restriction",
        "right_erasure",
        "right_delay_ended",
        CORRECTION,  # it follows what it ordered; the desk answers
    ),
    Permission.RIGHT_CARRY_OUT: (CORRECTION,),
    Permission.GLASS_REVIEW: ("break_glass_review",),
    Permission.REVIEW_PUBLISH: (RATE_DUE,),
    Permission.AUDIT_READ: (GRANT_ALONE,),
}
# Whose answer is given in this list itself; the others are answered where their record is shown.
ANSWERED_HERE: Mapping[str, Permission] = {
    CORRECTION: Permission.RIGHT_CARRY_OUT,
    GRANT_ALONE: Permission.AUDIT_READ,
}


class Carried(StrEnum):
    """What became of a correction that a desk was told to make."""

    DONE = "done"
    NOT_POSSIBLE = "not_possible"  # with a remark saying why


class Confirmation(StrEnum):
    """What a second person says of rights that one person gave on the machine."""

    IN_ORDER = "in_order"
    NOT_IN_ORDER = "not_in_order"  # with a remark; the rights end


def what_ends(held: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """Return what ends when a grant of one person is not in order: all that takes two, but for offices.

    An office ends by two people and in public, whoever gave it.
    """
    return tuple(grant for grant in held if takes_two_people(grant.role) and grant.role not in OFFICES)
