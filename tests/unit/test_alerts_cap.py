"""CAP 1.2 out and in: the examples of the standard, the schema of OASIS, and what strangers send."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from lxml import etree

from markaz.contracts.alerts import Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency
from markaz.core.errors import MarkazError, TooLarge
from markaz.programmes.alerts import cap
from markaz.programmes.alerts.message import (
    CAP_NAMESPACE,
    Area,
    Info,
    Message,
    NamedValue,
    Resource,
    cap_time,
    read_references,
)
from markaz.programmes.alerts.words import message_view, readable, summary_of

GOLDEN = Path(__file__).parents[1] / "golden" / "cap"
EXAMPLES = sorted(GOLDEN.glob("*.xml"))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
INFO = Info((Category.MET,), "Wind", Urgency.FUTURE, Severity.MINOR, Certainty.LIKELY, language="en", headline="Wind")
PLAIN = Message("a1", "duty@elsewhere.example", NOW, Status.ACTUAL, MsgType.ALERT, Scope.PUBLIC, infos=(INFO,))
XML = cap.write(PLAIN)


def reason(data: bytes) -> str:
    with pytest.raises(MarkazError) as refused:
        cap.read(data)
    return refused.value.message


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_of_the_standard_come_back_the_same_and_valid(path: Path) -> None:
    message = cap.read(path.read_bytes())
    again = cap.write(message)
    assert cap.schema().validate(etree.fromstring(again))
    assert cap.read(again) == message
    assert cap.write(cap.read(again)) == again
    assert content(etree.fromstring(again)) == content(etree.parse(path).getroot())


def content(element: etree._Element) -> list[object]:
    """What an XML says, by lxml alone: tags, texts without outer white space, children in their order."""
    return [element.tag, (element.text or "").strip(), [content(child) for child in element]]


def test_the_examples_are_those_of_the_standard() -> None:
    identifiers = [cap.read(path.read_bytes()).identifier for path in EXAMPLES]
    assert identifiers == ["43b080713727", "KSTO1055887203", "TRI13970876.2", "KAR0-0306112239-SW"]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30).map(
    lambda text: text.replace("\ufffe", "").replace("\uffff", "").strip()
)
WORD = TEXT.filter(bool)
# Hypothesis takes naive bounds and adds the offset itself.
OFFSETS = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=OFFSETS).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
NAMED = st.lists(st.builds(NamedValue, TEXT, TEXT), max_size=2).map(tuple)
AREAS = st.builds(Area, WORD, st.lists(WORD, max_size=2).map(tuple), st.lists(WORD, max_size=1).map(tuple), NAMED)
RESOURCES = st.builds(Resource, WORD, st.just("image/png"), st.none() | st.integers(0, 10**6))
INFOS = st.builds(
    Info,
    st.lists(st.sampled_from(Category), min_size=1, max_size=3).map(tuple),
    WORD,
    st.sampled_from(Urgency),
    st.sampled_from(Severity),
    st.sampled_from(Certainty),
    language=st.sampled_from(["uz-Latn", "uz-Cyrl", "ru", "en", None]),
    response_types=st.lists(st.sampled_from(ResponseType), max_size=2).map(tuple),
    event_codes=NAMED,
    effective=st.none() | TIMES,
    expires=st.none() | TIMES,
    headline=st.none() | TEXT,
    description=st.none() | TEXT,
    parameters=NAMED,
    resources=st.lists(RESOURCES, max_size=1).map(tuple),
    areas=st.lists(AREAS, max_size=2).map(tuple),
)
MESSAGES = st.builds(
    Message,
    WORD,
    WORD,
    TIMES,
    st.sampled_from(Status),
    st.sampled_from(MsgType),
    st.sampled_from(Scope),
    note=st.none() | TEXT,
    codes=st.lists(WORD, max_size=2).map(tuple),
    infos=st.lists(INFOS, max_size=2).map(tuple),
)


@seed(102)
@settings(max_examples=25, deadline=None, database=None)
@given(MESSAGES)
def test_what_is_written_is_valid_and_read_back_equal(message: Message) -> None:
    assert cap.read(cap.write(message)) == message


def test_utc_is_written_as_the_standard_wants_it() -> None:
    assert cap_time(NOW) == "2026-03-01T12:00:00-00:00"
    assert cap_time(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-03-01T17:00:00+05:00"


def test_references_that_are_none_are_left_out() -> None:
    assert [str(r) for r in read_references("a,b,c nonsense d,e x,y,z,w f,g,h")] == ["a,b,c", "f,g,h"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY l0 "lol">{LAUGHS}]><alert>&l9;</alert>'
QUADRATIC = f'<!DOCTYPE alert [<!ENTITY a "{"a" * 50_000}">]><alert>{"&a;" * 5_000}</alert>'
OUTSIDE = '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>'
OUTSIDE_DTD = '<!DOCTYPE alert SYSTEM "http://127.0.0.1:1/x.dtd"><alert/>'
PARAMETER = '<!DOCTYPE alert [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><alert/>'


@pytest.mark.parametrize("bomb", [BOMB, QUADRATIC, OUTSIDE, OUTSIDE_DTD, PARAMETER])
def test_entities_and_document_types_are_refused_before_anything_is_built(bomb: str) -> None:
    assert "DTD" in reason(bomb.encode())


def test_a_message_of_600_kb_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        cap.read(b"<" * 600_000)


def test_deep_nesting_and_floods_of_elements_are_refused() -> None:
    assert "too deep" in reason(b"<a>" * 5_000 + b"</a>" * 5_000)
    assert "too deep" in reason(b"<a>" + b"<b/>" * 30_000 + b"</a>")
    crowded = " ".join(f'a{n}="1"' for n in range(40))
    assert "too deep" in reason(f"<a {crowded}/>".encode())


def test_broken_bytes_get_a_plain_reason() -> None:
    assert "well-formed" in reason(b"")
    assert "well-formed" in reason(XML.replace(b"Wind", b"Wi\x00nd", 1))
    assert "well-formed" in reason(XML.replace(b"Wind", b"Wi\xff\xfend", 1))
    assert "well-formed" in reason(XML[: len(XML) // 2])
    assert "encoding" in reason(XML.replace(b"UTF-8", b"no-such-code"))


def test_utf_16_with_its_mark_is_read() -> None:
    text = XML.decode().replace("UTF-8", "UTF-16")
    assert cap.read(text.encode("utf-16")) == PLAIN


def test_what_is_no_cap_1_2_is_told_apart() -> None:
    assert "namespace" in reason(XML.replace(f' xmlns="{CAP_NAMESPACE}"'.encode(), b""))
    assert "CAP 1.1" in reason(XML.replace(b"cap:1.2", b"cap:1.1"))
    assert "web page" in reason(b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>")
    assert "web page" in reason(b"<html><body>502</body></html>")
    assert "no CAP 1.2 alert" in reason(b'<feed xmlns="http://www.w3.org/2005/Atom"/>')


def test_the_first_fault_against_the_schema_is_told_without_the_senders_words() -> None:
    told = reason(XML.replace(b"<status>Actual", b"<status>SECRET"))
    assert "status" in told
    assert "none of those" in told
    assert "SECRET" not in told
    assert "sent" in reason(XML.replace(b"-00:00", b"Z"))
    assert "out of order" in reason(XML.replace(b"<scope>Public</scope>", b""))
    assert "cannot be" in reason(XML.replace(b"2026-03-01T12", b"9999-03-01T12"))


def test_comments_do_not_cut_a_text_short() -> None:
    assert cap.read(XML.replace(b"<headline>Wind", b"<headline>No <!-- x -->wind")).infos[0].headline == "No wind"


def test_hostile_text_is_shown_as_text_and_cut() -> None:
    hostile = replace(INFO, headline="\u202egnikcatta\u202c <b>x</b>", description="a" * 100_000)
    read = cap.read(cap.write(replace(PLAIN, infos=(hostile,))))
    shown = message_view(read)["infos"][0]
    assert shown["headline"] == "\ufffdgnikcatta\ufffd <b>x</b>"
    assert len(shown["description"]) == 20_000
    assert len(summary_of(read)["texts"]["en"]["headline"]) < 300
    assert readable(None) is None
