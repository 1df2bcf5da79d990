"""What a purpose may be tied to, what it may be for, what that shows, and which words are no reason. It reads nothing."""

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import NoReturn

from markaz.core.access.model import DataClass
from markaz.core.errors import Forbidden, InvalidInput
from markaz.core.permissions import Permission
from markaz.core.places.fold import fold

SHORTEST = 15  # characters
LONGEST = 300
LEAST_SIGNS = 10  # letters and digits among them, so that fifteen full stops are not a reason
LEAST_DIFFERENT = 5  # so that one key held down is not a reason either
LAST = 20  # of the same person's purposes that a new one must differ from


class PurposeKind(StrEnum):
    """What a purpose is tied to."""

    INCIDENT = "incident"  # an open incident that is assigned to whoever states it
    CASE = "case"  # an open task that they took: broken glass to judge
    REQUEST = "request"  # an open task that they took for a person's request: a correction to be made


# The tasks that may need a look, and who may have taken them. No others: an office that handles requests reads no incident.
TASKS: Mapping[str, tuple[PurposeKind, Permission]] = {
    "right_correction_ordered": (PurposeKind.REQUEST, Permission.RIGHT_CARRY_OUT),
    "break_glass_review": (PurposeKind.CASE, Permission.GLASS_REVIEW),
}


class Need(StrEnum):
    """What the look is for. It decides which classes of data are shown."""

    SAME_EVENT = "same_event"  # whether it is the event I work on
    CALL_BACK = "call_back"  # somebody asks again, or must be reached
    JOINT_WORK = "joint_work"  # my incident and this one are worked on together
    ANSWER = "answer"  # a complaint, a review or a request must be answered


# Hazards are in each of them: a danger that is not told hurts whoever goes there.
SHOWS: Mapping[Need, frozenset[DataClass]] = {
    Need.SAME_EVENT: frozenset({DataClass.CALLER, DataClass.NOTE, DataClass.VEHICLE, DataClass.HAZARD}),
    Need.CALL_BACK: frozenset({DataClass.CALLER, DataClass.NOTE, DataClass.HAZARD}),
    Need.JOINT_WORK: frozenset(
        {DataClass.CALLER, DataClass.NOTE, DataClass.REASON, DataClass.PARTY, DataClass.VEHICLE, DataClass.ATTACHMENT}
        | {DataClass.PLACE_HISTORY, DataClass.HAZARD}
    ),
    Need.ANSWER: frozenset(
        {DataClass.CALLER, DataClass.NOTE, DataClass.REASON, DataClass.PARTY, DataClass.VEHICLE, DataClass.ATTACHMENT}
        | {DataClass.HELD_POSITIONS, DataClass.HANDOVER_TEXT, DataClass.SUMMARY_SENTENCE, DataClass.HAZARD}
    ),
}
# What it may be for by what it is tied to: one's own work does not answer complaints, and a task is for nothing else.
FITS: Mapping[PurposeKind, tuple[Need, ...]] = {
    PurposeKind.INCIDENT: (Need.SAME_EVENT, Need.CALL_BACK, Need.JOINT_WORK),
    PurposeKind.CASE: (Need.ANSWER,),
    PurposeKind.REQUEST: (Need.ANSWER,),
}
# How far back the records may lie that a purpose opens.
REACH: Mapping[Need, timedelta] = {
    Need.SAME_EVENT: timedelta(days=2),
    Need.CALL_BACK: timedelta(days=31),
    Need.JOINT_WORK: timedelta(days=31),
    Need.ANSWER: timedelta(days=3_660),
}


class PurposeRefused(InvalidInput):
    """A purpose does not hold; `details.reason` is too_short, same_as_before, closed, need_unfit or elsewhere."""

    code = "purpose_refused"


class PurposeNotTheirs(Forbidden):
    """A purpose is tied to what is not theirs, or not there; `details.reason` is not_yours."""

    code = "purpose_refused"


_WHY = {
    "too_short": f"Say in at least {SHORTEST} characters what you need to know and why.",
    "same_as_before": f"You gave the same reason among your last {LAST}: say what this look is for.",
    "closed": "What this is tied to is closed: name one that is open.",
    "need_unfit": "What it is tied to is not for that: choose another reason to look, or tie it to a task of yours.",
    "elsewhere": "This task is about another incident: tie the purpose to one that fits.",
    "not_yours": "There is no such record assigned to you: take it over, or name one of yours.",
}


def normalised(text: str) -> str:
    """Return the text as it is compared: no case, blanks or punctuation, Latin and Cyrillic alike, no letter twice in a row.

    Letters of other scripts, which `fold` does not know, follow as they are: else all such texts would be one reason.
    """
    others = (sign for sign in unicodedata.normalize("NFKC", text).casefold() if _is_of_another_script(sign))
    return "".join(sign for sign, _ in groupby((*(sign for sign in fold(text) if sign.isalnum()), *others)))


def _is_of_another_script(sign: str) -> bool:
    is_letter = unicodedata.category(sign) in {"Ll", "Lo", "Nd"} and not sign.isascii()
    return is_letter and not unicodedata.name(sign, "").startswith(("LATIN", "CYRILLIC"))


def check_words(text: str) -> str:
    """Return the text trimmed, without signs nobody sees. Raises PurposeRefused for one that is too short to be a reason."""
    trimmed = " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())
    signs = [sign for sign in trimmed.casefold() if sign.isalnum()]
    if len(trimmed) < SHORTEST or len(signs) < LEAST_SIGNS or len(set(signs)) < LEAST_DIFFERENT:
        refuse("too_short")
    return trimmed


def refuse(reason: str) -> NoReturn:
    """Raise PurposeRefused or PurposeNotTheirs for a reason of `_WHY`."""
    field = {"too_short": "text", "same_as_before": "text", "need_unfit": "need"}.get(reason, "reference")
    error = PurposeNotTheirs if reason == "not_yours" else PurposeRefused
    raise error(_WHY[reason], field=field, reason=reason)
