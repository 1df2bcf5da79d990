"""The rules of a warning: what may go out, what it says, and which later message may end an earlier one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely

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
from markaz.programmes.alerts import cap
from markaz.programmes.alerts.domain import (
    FOREIGN_LIFE_MAX,
    LANGUAGES,
    UNSTATED_LIFE,
    Circle,
    Draft,
    Ground,
    Heading,
    Text,
    Trust,
    compose,
    ends_at,
    follow_up,
    may_end,
    problems,
    worst,
)
from markaz.programmes.alerts.drafts import from_json, to_json
from markaz.programmes.alerts.grounds import OUTLINE_POINTS_MAX, outline
from markaz.programmes.alerts.message import Info, Message, Reference
from markaz.programmes.alerts.templates import templates

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXTS = {language: Text("Sel", f"Sel xavfi {language}", "Suv keladi", "Ketinglar") for language in LANGUAGES}
DRAFT = Draft(
    status=Status.EXERCISE,
    category=Category.MET,
    urgency=Urgency.IMMEDIATE,
    severity=Severity.SEVERE,
    certainty=Certainty.LIKELY,
    texts=TEXTS,
    expires=NOW + timedelta(hours=6),
    territory_ids=(31,),
)
GROUND = Ground("west_south", {"en": "West South", "uz-Latn": "Gʻarbiy janub"}, ("40,60 40,61 41,61 40,60",))
HEADING = Heading("a1", "duty@here.example", "The duty desk", NOW)


def broken(*, is_training: bool = False, has_sender: bool = True, **changes: Any) -> list[str]:
    draft = replace(DRAFT, **changes)
    return [p.code.value for p in problems(draft, NOW, is_training=is_training, has_sender=has_sender)]


def test_a_whole_draft_breaks_no_rule() -> None:
    assert broken() == []


def test_a_training_centre_lets_out_no_actual_warning() -> None:
    assert broken(status=Status.ACTUAL) == []
    assert broken(status=Status.ACTUAL, is_training=True) == ["training_only"]
    assert broken(status=Status.ACTUAL, has_sender=False) == ["sender_unset"]
    assert broken(status=Status.DRAFT) == broken(status=Status.SYSTEM) == ["status"]
    assert broken(status=Status.TEST, is_training=True, has_sender=False) == []


def test_all_four_languages_or_a_reason() -> None:
    two = {language: TEXTS[language] for language in ("ru", "en")}
    assert broken(texts=two) == ["headline_missing"] * 2
    assert broken(texts=two, untranslated=UntranslatedReason.NO_TIME) == []
    assert broken(texts={}, untranslated=UntranslatedReason.NO_TIME) == ["headline_missing"] * 4
    assert broken(texts=TEXTS | {"en": Text("", "A headline")}) == ["event_missing"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires": None}, "expires_missing"),
        ({"expires": NOW}, "expired"),
        ({"effective": NOW + timedelta(hours=7)}, "expires_before_start"),
        ({"expires": NOW + timedelta(days=7, seconds=1)}, "expires_too_late"),
        ({"onset": NOW + timedelta(hours=6)}, "onset_after_end"),
    ],
)
def test_times_are_checked(changes: dict[str, Any], code: str) -> None:
    assert broken(**changes) == [code]


def test_seven_days_from_a_later_start_are_allowed() -> None:
    start = NOW + timedelta(days=2)
    assert broken(effective=start, expires=start + timedelta(days=7)) == []


def test_the_ground_must_be_there_and_have_a_name() -> None:
    circle = Circle(Point(60.5, 40.5), 3.0)
    assert broken(territory_ids=()) == ["area_empty"]
    assert broken(territory_ids=(), circle=circle) == ["area_unnamed"] * 4
    named = {language: replace(text, place="The old bridge") for language, text in TEXTS.items()}
    assert broken(territory_ids=(), circle=circle, texts=named) == []
    assert broken(polygon=(Point(60, 40), Point(61, 40))) == ["polygon"]


def test_a_message_has_one_block_for_each_language_and_says_exercise_in_it() -> None:
    draft = replace(
        DRAFT, circle=Circle(Point(60.5, 40.25), 3.0), polygon=(Point(60, 40), Point(61, 40), Point(60, 41))
    )
    message = compose(draft, HEADING, [GROUND])
    assert [info.language for info in message.infos] == list(LANGUAGES)
    headlines = [info.headline or "" for info in message.infos]
    assert [headline.partition(":")[0] for headline in headlines] == ["MASHQ", "МАШҚ", "УЧЕНИЕ", "EXERCISE"]
    named, drawn = message.infos[0].areas
    assert (named.description, named.polygons) == ("Gʻarbiy janub", GROUND.polygons)
    assert drawn.polygons == ("40,60 40,61 41,60 40,60",)
    assert drawn.circles == ("40.25,60.5 3",)
    assert cap.read(cap.write(message)) == message


def test_an_actual_message_carries_no_mark() -> None:
    message = compose(replace(DRAFT, status=Status.ACTUAL), HEADING, [GROUND])
    assert message.infos[3].headline == "Sel xavfi en"
    assert message.note is None


def test_a_later_message_names_the_earlier_ones() -> None:
    earlier = (Reference("s", "a0", "2026-03-01T11:00:00-00:00"), Reference("s", "a1", "2026-03-01T11:30:00-00:00"))
    heading = replace(HEADING, msg_type=MsgType.CANCEL, references=earlier)
    message = compose(follow_up(DRAFT, MsgType.CANCEL), heading, [GROUND])
    assert message.references == "s,a0,2026-03-01T11:00:00-00:00 s,a1,2026-03-01T11:30:00-00:00"
    assert message.infos[0].response_types == (ResponseType.ALL_CLEAR,)
    assert follow_up(DRAFT, MsgType.UPDATE).urgency is Urgency.IMMEDIATE


def test_a_draft_comes_back_from_its_row() -> None:
    whole = replace(DRAFT, circle=Circle(Point(60.5, 40.5), 3.0), polygon=(Point(1, 2), Point(3, 4), Point(5, 6)))
    for draft in (DRAFT, replace(whole, onset=NOW, response_type=ResponseType.SHELTER)):
        assert from_json(to_json(draft)) == draft


KNOWN, STRANGER = Trust(SignatureState.VALID_KNOWN, "k"), Trust(SignatureState.VALID_UNKNOWN, "u")
UNSIGNED, BROKEN = Trust(SignatureState.NONE), Trust(SignatureState.BROKEN, "k")


def test_a_signed_warning_is_ended_only_by_who_signed_it() -> None:
    assert may_end(KNOWN, KNOWN)
    assert may_end(STRANGER, STRANGER)
    assert may_end(KNOWN, STRANGER)
    assert not may_end(Trust(SignatureState.VALID_KNOWN, "other"), KNOWN)
    assert not may_end(Trust(SignatureState.VALID_UNKNOWN, "v"), STRANGER)
    for later in (UNSIGNED, BROKEN, Trust(SignatureState.UNCHECKED)):
        assert not may_end(later, KNOWN)
    assert may_end(UNSIGNED, UNSIGNED)
    assert not may_end(BROKEN, UNSIGNED)


def test_a_foreign_message_leaves_the_list_at_its_end_or_at_ours() -> None:
    info = Info((Category.MET,), "Wind", Urgency.FUTURE, Severity.MINOR, Certainty.LIKELY)
    message = Message("a", "s", NOW, Status.ACTUAL, MsgType.ALERT, Scope.PUBLIC)
    stated = replace(info, expires=NOW + timedelta(hours=2))
    assert ends_at(replace(message, infos=(stated,))) == NOW + timedelta(hours=2)
    assert ends_at(message) == ends_at(replace(message, infos=(info,))) == NOW + UNSTATED_LIFE
    far = replace(info, expires=NOW + timedelta(days=3_000))
    assert ends_at(replace(message, infos=(far,))) == NOW + FOREIGN_LIFE_MAX


def test_the_worst_severity_counts() -> None:
    assert worst([Severity.MINOR, Severity.EXTREME, Severity.UNKNOWN]) is Severity.EXTREME
    assert worst([]) is Severity.UNKNOWN


def test_an_outline_is_closed_and_short_enough() -> None:
    round_ = shapely.Point(60, 40).buffer(0.5, quad_segs=500)
    (ring,) = outline(round_)
    points = ring.split()
    assert points[0] == points[-1]
    assert 4 <= len(points) <= OUTLINE_POINTS_MAX
    assert outline(None) == ()


def test_every_template_has_its_words_in_four_languages() -> None:
    for template in templates():
        assert set(template["texts"]) == set(LANGUAGES)
        assert all(text for texts in template["texts"].values() for text in texts.values())
