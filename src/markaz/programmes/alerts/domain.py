"""What a warning of this centre is, the rules it must meet, and the CAP message it becomes. Pure: values in, values out.

No clock, database, network or XML. A rule that is broken is named by a code and told in a plain sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from markaz.contracts.alerts import (
    Category,
    Certainty,
    MsgType,
    ResponseType,
    Scope,
    Severity,
    SignatureState,
    Status,
    UntranslatedReason,
    Urgency,
)
from markaz.kit.geometry import Point
from markaz.programmes.alerts.message import Area, Info, Message, NamedValue, Reference

LANGUAGES = ("uz-Latn", "uz-Cyrl", "ru", "en")  # BCP 47, in the order in which they stand in a message
LIFE_MAX = timedelta(days=7)  # longer than any weather warning; what lasts longer is updated
UNSTATED_LIFE = timedelta(hours=24)  # ours, for foreign messages without an end: CAP 3.2.2 leaves it to the receiver
FOREIGN_LIFE_MAX = timedelta(days=30)  # a foreign message cannot stay on the list for years
TERRITORY_CODE = "markaz:territory"  # the name of our codes in `geocode`
TRAINING = frozenset({Status.EXERCISE, Status.TEST})
ISSUABLE = TRAINING | {Status.ACTUAL}

# A text that reaches a telephone without its status must still say that it is no event.
MARKS: Mapping[Status, Mapping[str, str]] = {
    Status.EXERCISE: {"uz-Latn": "MASHQ", "uz-Cyrl": "МАШҚ", "ru": "УЧЕНИЕ", "en": "EXERCISE"},
    Status.TEST: {"uz-Latn": "SINOV", "uz-Cyrl": "СИНОВ", "ru": "ПРОВЕРКА", "en": "TEST"},
}


@dataclass(frozen=True, slots=True)
class Text:
    """What is said in one language. Empty means not written yet; `place` names ground that has no territory."""

    event: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within `radius_km` of a point."""

    centre: Point
    radius_km: float


@dataclass(frozen=True, slots=True)
class Draft:
    """A warning as it is written. Times are aware UTC; without `effective` it holds from its sending."""

    status: Status
    category: Category
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    texts: Mapping[str, Text]
    response_type: ResponseType | None = None
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    untranslated: UntranslatedReason | None = None
    territory_ids: tuple[int, ...] = ()
    circle: Circle | None = None
    polygon: tuple[Point, ...] = ()  # three corners or more, not closed


@dataclass(frozen=True, slots=True)
class Ground:
    """A territory as a message names it: its names, its code, and its outline as CAP polygons."""

    code: str
    names: Mapping[str, str]
    polygons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """What a message says of itself."""

    identifier: str
    sender: str
    sender_name: str | None
    sent: datetime
    msg_type: MsgType = MsgType.ALERT
    references: tuple[Reference, ...] = ()


class ProblemCode(StrEnum):
    """Why a draft cannot go out."""

    STATUS = "status"
    TRAINING_ONLY = "training_only"
    SENDER_UNSET = "sender_unset"
    HEADLINE_MISSING = "headline_missing"
    EVENT_MISSING = "event_missing"
    EXPIRES_MISSING = "expires_missing"
    EXPIRES_BEFORE_START = "expires_before_start"
    EXPIRES_TOO_LATE = "expires_too_late"
    EXPIRED = "expired"
    ONSET_AFTER_END = "onset_after_end"
    AREA_EMPTY = "area_empty"
    AREA_UNNAMED = "area_unnamed"
    POLYGON = "polygon"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule, the field it is about, and what to do."""

    code: ProblemCode
    field: str
    message: str


def written_languages(draft: Draft) -> tuple[str, ...]:
    """Return the languages that have a headline, in the order of a message."""
    return tuple(language for language in LANGUAGES if draft.texts.get(language, Text()).headline)


def problems(draft: Draft, now: datetime, *, is_training: bool, has_sender: bool) -> tuple[Problem, ...]:
    """Return every rule the draft breaks at `now`; an empty answer means that it may go out."""
    found = [*_status_problems(draft, is_training, has_sender), *_text_problems(draft)]
    return (*found, *_time_problems(draft, now), *_area_problems(draft))


def _status_problems(draft: Draft, is_training: bool, has_sender: bool) -> list[Problem]:
    if draft.status not in ISSUABLE:
        return [Problem(ProblemCode.STATUS, "status", "Choose Actual, Exercise or Test.")]
    if is_training and draft.status not in TRAINING:
        words = "This is a demo or training centre: only an Exercise or a Test goes out."
        return [Problem(ProblemCode.TRAINING_ONLY, "status", words)]
    if draft.status is Status.ACTUAL and not has_sender:
        words = "An Actual warning needs a sender: set MARKAZ_ALERT_SENDER to the agency's address."
        return [Problem(ProblemCode.SENDER_UNSET, "status", words)]
    return []


def _text_problems(draft: Draft) -> list[Problem]:
    written = written_languages(draft)
    found = []
    for language in LANGUAGES:
        if language not in written and (draft.untranslated is None or not written):
            words = "Write a headline, or say why this language is left out (at least one must be written)."
            found.append(Problem(ProblemCode.HEADLINE_MISSING, f"texts.{language}.headline", words))
        if language in written and not draft.texts[language].event:
            words = "Name the event in this language."
            found.append(Problem(ProblemCode.EVENT_MISSING, f"texts.{language}.event", words))
    return found


def _time_problems(draft: Draft, now: datetime) -> list[Problem]:
    start = max(draft.effective or now, now)
    expires = draft.expires
    if expires is None:
        return [Problem(ProblemCode.EXPIRES_MISSING, "expires", "Say until when the warning holds.")]
    if expires <= now:
        return [Problem(ProblemCode.EXPIRED, "expires", "The end is past: set a later one.")]
    if expires <= start:
        return [Problem(ProblemCode.EXPIRES_BEFORE_START, "expires", "The end must be after the start.")]
    if expires - start > LIFE_MAX:
        words = "A warning holds for 7 days at most: set an earlier end, and update it when it lasts longer."
        return [Problem(ProblemCode.EXPIRES_TOO_LATE, "expires", words)]
    if draft.onset is not None and draft.onset >= expires:
        return [Problem(ProblemCode.ONSET_AFTER_END, "onset", "The event must begin before the warning ends.")]
    return []


def _area_problems(draft: Draft) -> list[Problem]:
    if not draft.territory_ids and draft.circle is None and not draft.polygon:
        return [Problem(ProblemCode.AREA_EMPTY, "territory_ids", "Choose a territory, a circle or a polygon.")]
    if draft.polygon and len(draft.polygon) < 3:
        return [Problem(ProblemCode.POLYGON, "polygon", "A polygon has three corners at least.")]
    if draft.territory_ids:
        return []
    words = "Name the ground in words in this language: a circle or polygon alone cannot be read out."
    return [
        Problem(ProblemCode.AREA_UNNAMED, f"texts.{language}.place", words)
        for language in written_languages(draft)
        if not draft.texts[language].place
    ]


def compose(draft: Draft, heading: Heading, grounds: Sequence[Ground]) -> Message:
    """Return the message that people and systems get: one info block for each written language."""
    note = None if draft.status is Status.ACTUAL else "No real event: this message is for training or testing."
    infos = tuple(_info(draft, heading, grounds, language) for language in written_languages(draft))
    return Message(
        identifier=heading.identifier,
        sender=heading.sender,
        sent=heading.sent,
        status=draft.status,
        msg_type=heading.msg_type,
        scope=Scope.PUBLIC,
        note=note,
        references=" ".join(str(reference) for reference in heading.references) or None,
        infos=infos,
    )


def _info(draft: Draft, heading: Heading, grounds: Sequence[Ground], language: str) -> Info:
    text = draft.texts[language]
    mark = MARKS.get(draft.status, {}).get(language)
    return Info(
        language=language,
        categories=(draft.category,),
        event=text.event,
        response_types=() if draft.response_type is None else (draft.response_type,),
        urgency=draft.urgency,
        severity=draft.severity,
        certainty=draft.certainty,
        effective=draft.effective or heading.sent,
        onset=draft.onset,
        expires=draft.expires,
        sender_name=heading.sender_name,
        headline=text.headline if mark is None else f"{mark}: {text.headline}",
        description=text.description or None,
        instruction=text.instruction or None,
        areas=_areas(draft, grounds, language),
    )


def _areas(draft: Draft, grounds: Sequence[Ground], language: str) -> tuple[Area, ...]:
    areas = [
        Area(_name(ground, language), ground.polygons, geocodes=(NamedValue(TERRITORY_CODE, ground.code),))
        for ground in grounds
    ]
    polygons = () if not draft.polygon else (polygon_text([*draft.polygon, draft.polygon[0]]),)
    circles = () if draft.circle is None else (circle_text(draft.circle),)
    if polygons or circles:
        name = draft.texts[language].place or "; ".join(area.description for area in areas)
        areas.append(Area(name, polygons, circles))
    return tuple(areas)


def _name(ground: Ground, language: str) -> str:
    return ground.names.get(language) or ground.names.get("uz-Latn") or ground.names.get("en") or ground.code


def polygon_text(ring: Sequence[Point]) -> str:
    """Return a closed ring as CAP writes it: latitude first, six decimals (0.1 m) at most."""
    return " ".join(f"{_number(point.lat_deg)},{_number(point.lon_deg)}" for point in ring)


def circle_text(circle: Circle) -> str:
    """Return a circle as CAP writes it: `lat,lon radius` with the radius in kilometres."""
    return f"{_number(circle.centre.lat_deg)},{_number(circle.centre.lon_deg)} {_number(circle.radius_km)}"


def _number(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def ends_at(message: Message) -> datetime:
    """Return when a foreign message falls out of the current list: its latest end, within bounds of ours."""
    stated = [info.expires for info in message.infos if info.expires is not None]
    if len(stated) < len(message.infos) or not stated:
        stated.append(message.sent + UNSTATED_LIFE)
    return min(max(stated), message.sent + FOREIGN_LIFE_MAX)


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a message can be believed to come from its sender: the state of its signature, and whose certificate."""

    signature: SignatureState
    fingerprint: str | None = None


def may_end(later: Trust, earlier: Trust) -> bool:
    """Say whether a later foreign message may take an earlier one of the same sender off the list.

    A signed warning is only ended by the same certificate; otherwise anybody could silence it with an unsigned Cancel.
    """
    if later.signature in {SignatureState.BROKEN, SignatureState.UNCHECKED}:
        return False
    if earlier.signature in {SignatureState.VALID_KNOWN, SignatureState.VALID_UNKNOWN}:
        is_known = later.signature is SignatureState.VALID_KNOWN
        return later.fingerprint == earlier.fingerprint or (
            is_known and earlier.signature is SignatureState.VALID_UNKNOWN
        )
    return True


def follow_up(draft: Draft, msg_type: MsgType) -> Draft:
    """Return what an update or a cancel starts from: the earlier text; a cancel says that the danger is over."""
    response = ResponseType.ALL_CLEAR if msg_type is MsgType.CANCEL else draft.response_type
    urgency = Urgency.PAST if msg_type is MsgType.CANCEL else draft.urgency
    return replace(draft, response_type=response, urgency=urgency, effective=None)


_RANK = tuple(Severity)


def worst(severities: Sequence[Severity]) -> Severity:
    """Return the worst of the severities; Unknown when there is none."""
    return min(severities, key=_RANK.index, default=Severity.UNKNOWN)
