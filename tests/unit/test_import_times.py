"""Local times to UTC: exactly what the tz database says, flagged where it says two things or nothing."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markaz.contracts.incidents import Flag
from markaz.kit.clock import Precision
from markaz.programmes.incidents.imports.times import LocalTimes, parse_time, stated_precision, truncate

# Whole, half and three-quarter offsets; summer time of an hour and of half an hour; a day that never was.
ZONES = ["America/Los_Angeles", "Asia/Tashkent", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]

local_times = st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2030, 1, 1))  # noqa: DTZ001


@given(zone=st.sampled_from(ZONES), local=local_times)
def test_conversion_is_that_of_the_tz_database(zone: str, local: datetime) -> None:
    times = LocalTimes(ZoneInfo(zone))
    want = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for _ in range(2):  # first found, then remembered
        assert times.to_utc(local)[0] == want


@given(zone=st.sampled_from(ZONES), local=local_times)
def test_unflagged_time_comes_back_from_utc_and_is_the_only_one(zone: str, local: datetime) -> None:
    at, flag = LocalTimes(ZoneInfo(zone)).to_utc(local)
    back = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    other = local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    if flag is None:
        assert back == local
        assert other == at
    else:
        assert (flag is Flag.TIME_MISSING_HOUR) == (back != local)


@pytest.mark.parametrize(
    ("zone", "local", "flag"),
    [
        ("America/Los_Angeles", "2018-11-04T01:30:00", Flag.TIME_AMBIGUOUS),
        ("America/Los_Angeles", "2018-03-11T02:30:00", Flag.TIME_MISSING_HOUR),
        ("America/Los_Angeles", "2018-11-04T00:59:59", None),
        ("America/Los_Angeles", "2018-11-04T02:00:00", None),
        ("Australia/Lord_Howe", "2024-04-07T01:29:59", None),
        ("Australia/Lord_Howe", "2024-04-07T01:30:00", Flag.TIME_AMBIGUOUS),
        ("Australia/Lord_Howe", "2024-10-06T02:29:59", Flag.TIME_MISSING_HOUR),
        ("Australia/Lord_Howe", "2024-10-06T02:30:00", None),
    ],
)
def test_repeated_and_skipped_hours_are_flagged_to_the_second(zone: str, local: str, flag: Flag | None) -> None:
    times = LocalTimes(ZoneInfo(zone))
    times.to_utc(datetime.fromisoformat(local).replace(minute=0, second=0))
    assert times.to_utc(datetime.fromisoformat(local))[1] is flag


def test_repeated_time_is_read_as_its_first_occurrence() -> None:
    at, _ = LocalTimes(ZoneInfo("America/Los_Angeles")).to_utc(datetime(2018, 11, 4, 1, 30))  # noqa: DTZ001
    assert at == datetime(2018, 11, 4, 8, 30, tzinfo=UTC)


def test_end_of_the_calendar_is_an_error_not_a_crash() -> None:
    with pytest.raises(ValueError, match="calendar"):
        LocalTimes(ZoneInfo("Asia/Tashkent")).to_utc(datetime(1, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="calendar"):
        LocalTimes(ZoneInfo("America/Los_Angeles")).to_utc(datetime(9999, 12, 31, 23))  # noqa: DTZ001


def test_remembered_hours_are_bounded() -> None:
    times = LocalTimes(ZoneInfo("UTC"))
    times.MAX_HOURS = 10
    for hour in range(100):
        times.to_utc(datetime(2020, 1, 1) + timedelta(hours=hour))  # noqa: DTZ001
    assert len(times._epochs) <= 10


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("2020-04-07T00:01:25", Precision.SECOND),
        ("2020-04-07 00:01:25.5", Precision.SECOND),
        ("2020-04-07T00:01:25Z", Precision.SECOND),
        ("2020-04-07T00:01", Precision.MINUTE),
        ("2020-04-07T00:01+05:00", Precision.MINUTE),
        ("2020-04-07", Precision.DAY),
        ("2020-04", Precision.MONTH),
        ("04/07/2020 12:01:25 AM", Precision.SECOND),
        ("07.04.2020 13:05", Precision.MINUTE),
        ("07.04.2020", Precision.DAY),
        ("Apr 2020", Precision.MONTH),
    ],
)
def test_text_says_how_finely_it_is_stated(text: str, precision: Precision) -> None:
    formats = ("%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%b %Y")
    at, found = parse_time(text, formats)
    assert found is precision
    assert (at.year, at.month) == (2020, 4)


@pytest.mark.parametrize(
    "text", ["", "soon", "2020-13-01", "2020-04-07T14", "31.12.2020", "1586217685", "2020-04-07T25:00"]
)
def test_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text, ())


def test_precision_of_typed_times_is_judged_by_the_first_ones() -> None:
    minute, second = datetime(2020, 1, 1, 3, 5), datetime(2020, 1, 1, 3, 5, 1)  # noqa: DTZ001
    assert stated_precision([minute, minute]) is Precision.MINUTE
    assert stated_precision([minute, second]) is Precision.SECOND
    assert stated_precision([date(2020, 1, 1), datetime(2020, 1, 2)]) is Precision.DAY  # noqa: DTZ001
    assert stated_precision([datetime(2020, 1, 2), minute]) is Precision.MINUTE  # noqa: DTZ001
    assert stated_precision([]) is Precision.SECOND


@given(at=local_times, precision=st.sampled_from(Precision))
def test_truncated_time_is_never_later_and_stays_when_cut_again(at: datetime, precision: Precision) -> None:
    cut = truncate(at, precision)
    assert cut <= at
    assert truncate(cut, precision) == cut
