"""The daily sample of looks: a random stratum and the questions that put a look into the risk stratum. Pure.

The random stratum alone says how often looks are misuse; a question only says that somebody should ask. Nothing here
scores a person or keeps anything about one.
"""

import hashlib
import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from markaz.contracts.reviews import ALWAYS_ASKED, Question
from markaz.core.permissions import Grant, Hierarchy, Role

RULE = "random/1"  # the name of the rule below; another rule gets another name
NIGHT_ENDS_AT = 5  # local hour; [assumption] between midnight and five a desk rarely needs many different records
BURST_RECORDS = 20  # [assumption] different records in one hour of one night
BURST_WINDOW = timedelta(hours=1)
NAME_LETTERS_LEAST = 4
_FAMILY = re.compile(r"(?:ov|ev)a?$")  # the commonest endings of family names here, after folding

# Rights at a desk by which somebody stands in a chain of command.
_CHAIN = frozenset({Role.OBSERVER, Role.CALL_TAKER, Role.DISPATCHER, Role.DUTY_OFFICER, Role.SUPERVISOR})
_LED = _CHAIN | {Role.UNIT_OFFICER}


@dataclass(frozen=True, slots=True)
class Look:
    """One entry of a look: where it stands in the log, who looked when at which record, and what that raises."""

    entry_id: int
    leaf: int
    at: datetime
    viewer_id: UUID
    record_kind: str
    record_id: UUID | None
    territory_id: int | None
    questions: frozenset[Question] = frozenset()


@dataclass(frozen=True, slots=True)
class Drawn:
    """One look in the sample. `probability` is how likely the rule was to draw it; None outside the random stratum."""

    look: Look
    probability: float | None
    questions: frozenset[Question]


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample of a day: who was drawn, and how many looks with a question were left out for want of room."""

    drawn: tuple[Drawn, ...]
    left_out: int


def seed_of(day: date, root: bytes, size: int) -> bytes:
    """Return the 32-byte seed of a day: a hash of the log's root at its end, which nobody knows before.

    Whoever holds the checkpoint of that size and the leaves of the day draws the same sample again.
    """
    return hashlib.sha256(f"markaz review sample\n{RULE}\n{day.isoformat()}\n{size}\n{root.hex()}\n".encode()).digest()


def ticket(seed: bytes, leaf: int) -> bytes:
    """Return the lot of a leaf; the smallest lots are drawn."""
    return hashlib.sha256(seed + leaf.to_bytes(8, "big")).digest()


def lot(leaves: Iterable[int], seed: bytes, at_random: int) -> list[int]:
    """Return the leaves that the lot falls on: anybody with the log and the seed draws the same (rule `random/1`)."""
    return heapq.nsmallest(at_random, leaves, key=lambda leaf: ticket(seed, leaf))


def draw(
    looks: Sequence[Look], seed: bytes, *, at_random: int, at_most_asked: int, leaves: Sequence[int] | None = None
) -> Sample:
    """Draw the sample of one day.

    `at_random` looks (or all, if there are fewer) are drawn from every look of the day, whatever question it raises,
    each with the same probability; `leaves` are those of every look of a day too full to be read whole, and all that the
    lot falls on are among `looks`. Looks with a question are added: all that must always be asked about, and of the
    others at most `at_most_asked`, chosen by lot too.
    """
    every = [look.leaf for look in looks] if leaves is None else leaves
    of_lot = set(lot(every, seed, at_random))
    random_ones = [look for look in looks if look.leaf in of_lot]
    probability = len(of_lot) / len(every) if every else None
    asked = [look for look in looks if look.questions]
    always = [look for look in asked if look.questions & ALWAYS_ASKED]
    others = [look for look in asked if not look.questions & ALWAYS_ASKED]
    chosen = always + heapq.nsmallest(at_most_asked, others, key=lambda look: ticket(seed, look.leaf))
    drawn = [Drawn(look, probability, look.questions) for look in random_ones]
    drawn += [Drawn(look, None, look.questions) for look in chosen if look.leaf not in of_lot]
    return Sample(
        tuple(sorted(drawn, key=lambda one: ticket(seed, one.look.leaf))), len(others) + len(always) - len(chosen)
    )


def night_bursts(looks: Iterable[Look], zone: ZoneInfo) -> frozenset[int]:
    """Return the leaf of the first look of each burst: many different records by one viewer within an hour of a night."""
    by_viewer: dict[UUID, list[Look]] = defaultdict(list)
    for look in looks:
        if look.record_id is not None and look.at.astimezone(zone).hour < NIGHT_ENDS_AT:
            by_viewer[look.viewer_id].append(look)
    found = []
    for nightly in by_viewer.values():
        nightly.sort(key=lambda look: (look.at, look.leaf))
        first, quiet_until = 0, None
        for last, look in enumerate(nightly):
            while look.at - nightly[first].at > BURST_WINDOW:
                first += 1
            records = {one.record_id for one in nightly[first : last + 1]}
            if len(records) >= BURST_RECORDS and (quiet_until is None or nightly[first].at > quiet_until):
                found.append(nightly[first].leaf)
                quiet_until = look.at + BURST_WINDOW
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Viewer:
    """What is declared of a viewer: family names (folded), keyed hashes of home addresses, home neighbourhoods.

    There is more than one address or neighbourhood on a day on which it was changed or taken back.
    """

    families: frozenset[str]
    address_hashes: frozenset[bytes] = frozenset()
    home_territory_ids: frozenset[int] = frozenset()


def families_of(words: Sequence[str]) -> frozenset[str]:
    """Return the family names in the folded words of a full name, the same for men and women.

    Words with the ending of a family name, or else the last word.
    """
    long = [word for word in words if len(word) >= NAME_LETTERS_LEAST]
    named = [word for word in long if _FAMILY.search(word)] or long[-1:]
    return frozenset(_FAMILY.sub(lambda ending: ending.group().rstrip("a"), word) for word in named)


def questions_of(
    viewer: Viewer,
    staff: Iterable[frozenset[str]],
    people: Sequence[tuple[Sequence[str], bytes | None]],
    record_territory_id: int | None,
) -> frozenset[Question]:
    """Return what the persons in a record raise about its viewer.

    `people` are (folded words of the name, keyed hash of the address); `staff` the full names of the other accounts.
    """
    colleagues = list(staff)
    asked = set()
    for words, address in people:
        if viewer.families & families_of(words):
            asked.add(Question.OWN_FAMILY_NAME)
        if address is not None and address in viewer.address_hashes:
            asked.add(Question.OWN_ADDRESS)
        if any(len(name) > 1 and name <= frozenset(words) for name in colleagues):
            asked.add(Question.COLLEAGUE)
    if people and record_territory_id in viewer.home_territory_ids:
        asked.add(Question.OWN_NEIGHBOURHOOD)
    return frozenset(asked)


def leads(one: Iterable[Grant], other: Iterable[Grant], hierarchy: Hierarchy) -> bool:
    """Say whether somebody with the grants `one` supervises somebody with the grants `other`."""
    led = [grant.territory_id for grant in other if grant.role in _LED]
    return any(
        territory in hierarchy.subtree(grant.territory_id)
        for grant in one
        if grant.role is Role.SUPERVISOR
        for territory in led
    )


def may_judge(
    reviewer_id: UUID, reviewer: Sequence[Grant], viewer_id: UUID, viewer: Sequence[Grant], hierarchy: Hierarchy
) -> bool:
    """Say whether somebody may judge a look: nobody their own, nobody that of their superior or subordinate.

    Looks of a data-protection officer are judged by the appeal body, all others by a data-protection officer.
    """
    if reviewer_id == viewer_id:
        return False
    if leads(viewer, reviewer, hierarchy) or leads(reviewer, viewer, hierarchy):
        return False
    of_the_office = any(grant.role is Role.DATA_PROTECTION_OFFICER for grant in viewer)
    needed = Role.APPEAL_BODY if of_the_office else Role.DATA_PROTECTION_OFFICER
    return any(grant.role is needed for grant in reviewer)
