"""What signing in decides without a database: waits, places, agents, codes, levels, mappings and settings."""

from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from pydantic import ValidationError

from markaz.core.errors import NotPossibleNow
from markaz.core.identity.codes import matching_step
from markaz.core.identity.guessing import coarse_address, wait_s
from markaz.core.identity.mapping import NEVER_MAPPED, MappingBroken, parse_mapping
from markaz.core.identity.sessions import Level, coarse_agent
from markaz.core.identity.steps import StepEnded, StepKind, Steps
from markaz.core.identity.ways import Ways, check_may_remove, level_by_password
from markaz.core.permissions import OFFICES, Grant, Role
from markaz.core.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_waits_double_from_two_seconds_to_fifteen_minutes_and_stay() -> None:
    assert [wait_s(n) for n in range(1, 17)] == [0] * 4 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert wait_s(10**9) == 900


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "unknown"),
    ],
)
def test_a_line_is_one_place(host: str, place: str) -> None:
    assert coarse_address(host) == place


@pytest.mark.parametrize(
    ("header", "agent"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "edge.windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox.linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "safari.ios"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0.0.0 Mobile Safari/537.36", "chrome.android"),
        ("<script>" * 1000, "other.other"),
        ("", "other.other"),
    ],
)
def test_a_browser_is_named_coarsely(header: str, agent: str) -> None:
    assert coarse_agent(header) == agent


# RFC 6238, appendix B: the SHA-1 values, their last six digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]


@pytest.mark.parametrize(("at_s", "code"), RFC_CODES)
def test_codes_are_those_of_the_rfc(at_s: int, code: str) -> None:
    assert matching_step(RFC_SECRET, code, datetime.fromtimestamp(at_s, UTC), 0) == at_s // 30


def test_a_step_that_was_used_and_every_one_before_it_matches_nothing() -> None:
    current = int(NOW.timestamp()) // 30
    code = pyotp.TOTP(RFC_SECRET).at(NOW)
    assert matching_step(RFC_SECRET, code, NOW, current - 1) == current
    assert matching_step(RFC_SECRET, code, NOW, current) is None
    assert matching_step(RFC_SECRET, "١٢٣٤٥٦", NOW, 0) is None
    assert matching_step(RFC_SECRET, "", NOW, 0) is None


def test_a_step_is_bound_to_its_kind_its_time_and_its_key() -> None:
    steps = Steps(bytes(32))
    text = steps.seal(StepKind.CODE, {"account": "a"}, NOW)
    assert steps.open(StepKind.CODE, text, NOW).values == {"account": "a"}
    late = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    changed = ("A" if text[0] != "A" else "B") + text[1:]
    for kind, given, at in [
        (StepKind.PASSKEY, text, NOW),
        (StepKind.CODE, text, late),
        (StepKind.CODE, changed, NOW),
        (StepKind.CODE, None, NOW),
        (StepKind.CODE, "ÿ", NOW),
        (StepKind.CODE, "", NOW),
    ]:
        with pytest.raises(StepEnded):
            steps.open(kind, given, at)
    with pytest.raises(StepEnded):
        Steps(b"1" * 32).open(StepKind.CODE, text, NOW)


NONE = Ways(has_password=True, has_codes=False, recovery_codes_left=0, passkeys=0, has_provider=False)
KEYED = Ways(has_password=True, has_codes=False, recovery_codes_left=0, passkeys=1, has_provider=False)


def test_a_password_opens_all_the_first_factor_or_nothing() -> None:
    assert level_by_password(NONE, is_needed=False) is Level.FULL
    assert level_by_password(NONE, is_needed=True) is Level.ENROL
    assert level_by_password(KEYED, is_needed=True) is None
    assert level_by_password(KEYED, is_needed=False) is Level.FULL


@pytest.mark.parametrize(
    ("has_password", "has_provider", "passkeys", "has_codes", "is_needed", "may"),
    [
        (True, False, 0, False, False, True),
        (False, False, 0, False, False, False),
        (False, False, 0, True, False, False),  # codes alone are no way in
        (False, True, 0, False, True, True),
        (True, False, 0, False, True, False),
        (True, False, 0, True, True, True),
        (False, False, 1, False, True, True),
    ],
)
def test_what_is_left_must_be_a_way_in_and_enough(
    *, has_password: bool, has_provider: bool, passkeys: int, has_codes: bool, is_needed: bool, may: bool
) -> None:
    ways = Ways(has_password, True, 0, 1, has_provider)
    if may:
        check_may_remove(ways, passkeys=passkeys, has_codes=has_codes, is_needed=is_needed)
    else:
        with pytest.raises(NotPossibleNow):
            check_may_remove(ways, passkeys=passkeys, has_codes=has_codes, is_needed=is_needed)


RULE = '[[rule]]\nclaim = "{claim}"\nvalue = "duty"\nrole = "{role}"\nterritory = "W"\n'


@pytest.mark.parametrize(
    ("claims", "gives"),
    [
        ({"groups": "duty"}, True),
        ({"groups": ["other", "duty"]}, True),
        ({"groups": ["Duty", "duty ", 5, None]}, False),
        ({"groups": {"duty": True}}, False),
        ({"duty": "groups"}, False),
        ({}, False),
    ],
)
def test_only_the_very_value_of_the_very_claim_gives(claims: dict[str, object], *, gives: bool) -> None:
    mapping = parse_mapping(RULE.format(claim="groups", role="dispatcher"))
    assert mapping.grants(claims, {"W": 7}.get) == ((Grant(Role.DISPATCHER, 7),) if gives else ())
    assert mapping.grants(claims, lambda _code: None) == ()


def test_a_claim_is_found_by_its_name_or_its_path() -> None:
    by_path = parse_mapping(RULE.format(claim="realm.roles", role="observer"))
    for claims in ({"realm": {"roles": ["duty"]}}, {"realm.roles": "duty"}):
        assert by_path.grants(claims, {"W": 7}.get) == (Grant(Role.OBSERVER, 7),)
    assert by_path.grants({"realm": ["roles"]}, {"W": 7}.get) == ()


@pytest.mark.parametrize("role", sorted(NEVER_MAPPED))
def test_no_rule_gives_an_office_or_a_service(role: Role) -> None:
    assert OFFICES < NEVER_MAPPED
    with pytest.raises(MappingBroken, match="rule 1"):
        parse_mapping(RULE.format(claim="groups", role=role.value))


@pytest.mark.parametrize(
    "text",
    [
        "[[rule]]",
        '[[rule]]\nclaim = "a"\nvalue = "b"\nrole = "chief"\nterritory = "W"\n',
        RULE.format(claim="g", role="observer") + 'also = "x"\n',
        "rule = 3",
        "x = 1",
        "login_claim = 3",
        "[[",
    ],
)
def test_a_mapping_with_a_mistake_is_refused_whole(text: str) -> None:
    with pytest.raises(MappingBroken):
        parse_mapping(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"public_url": "http://markaz.example"},
        {"public_url": "https://markaz.example/path"},
        {"public_url": "https://user@markaz.example"},
        {"provider_issuer": "https://id.example"},
        {
            "provider_issuer": "http://id.example",
            "provider_client_id": "m",
            "provider_mapping": Path("m"),
            "public_url": "https://markaz.example",
        },
        {"provider_issuer": "https://id.example", "provider_client_id": "m", "provider_mapping": Path("m")},
        {"second_factor_roles": ["chief"]},
    ],
    ids=str,
)
def test_half_a_setting_or_one_in_clear_stops_the_start(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**changes)  # type: ignore[arg-type]


def test_https_makes_cookies_secure_and_loopback_may_be_plain() -> None:
    assert Settings(public_url="https://markaz.example").cookies_are_secure
    assert not Settings(public_url="http://localhost:8102").cookies_are_secure
    assert Settings(secure_cookies=True).cookies_are_secure
