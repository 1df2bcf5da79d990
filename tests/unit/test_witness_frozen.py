"""A log that stands still is an alarm of the witness, whatever is shown meanwhile, and is given no cosignature."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.paper_log import SECOND, PaperLog

from markaz import witness
from markaz.kit.clock import FakeClock

NO_ANSWER, ALARM, FROZEN = 2, 3, 5
START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Outside:
    """A witness of a log on paper, whose clock goes on by hand."""

    def __init__(self, folder: Path, log: PaperLog, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.log = log
        self.clock = clock
        self.said = ""
        self._capsys = capsys
        witness.keygen(folder, "ombudsman.example/w1")

    def passes(self, time: timedelta, *, leaves: int = 0, stated: timedelta = timedelta(0)) -> None:
        """Let time pass here, and so many leaves come there, which state so much time."""
        self.clock.advance(time)
        if leaves:
            self.log.grows(leaves, stated / leaves)

    def look(self, *options: str) -> int:
        """Look once; return the exit code."""
        where = ("http://log.example", "--dir", str(self.folder), "--key", self.log.vkey)
        code = witness.main(["watch", *where, "--once", *options])
        captured = self._capsys.readouterr()
        self.said = captured.out + captured.err
        return code

    def alarms(self) -> list[dict[str, str]]:
        """Return the alarms that were kept."""
        file = self.folder / "alarms.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Outside:
    log, clock = PaperLog(START), FakeClock(START + SECOND)
    monkeypatch.setattr(witness, "clock", lambda: int(clock.now().timestamp()))
    monkeypatch.setattr(witness, "fetch", log.fetch)
    return Outside(tmp_path / "witness", log, clock, capsys)


def test_a_checkpoint_that_is_shown_again_and_again_is_an_alarm_after_ten_minutes(outside: Outside) -> None:
    assert outside.look() == 0
    outside.passes(10 * MINUTE)
    assert outside.look() == 0
    signed = len(outside.log.cosigned)
    outside.passes(SECOND)
    assert outside.look() == FROZEN
    assert "FROZEN: the log has not grown since 2026-11-22 04:00:01Z: ask why" in outside.said
    assert outside.look() == FROZEN
    assert len(outside.log.cosigned) == signed
    assert outside.alarms()[-1]["shown"] == outside.log.note(), "what was shown is kept: it is signed"
    outside.passes(20 * MINUTE, leaves=40, stated=30 * MINUTE + SECOND)
    assert outside.look() == 0
    assert len(outside.log.cosigned) == signed + 1


def test_the_bound_is_an_option(outside: Outside) -> None:
    assert outside.look("--still", "30") == 0
    outside.passes(31 * SECOND)
    assert outside.look("--still", "60") == 0
    assert outside.look("--still", "30") == FROZEN


def test_an_old_checkpoint_is_an_alarm_at_the_first_look(outside: Outside) -> None:
    outside.passes(11 * MINUTE)
    assert outside.look() == FROZEN
    assert not outside.log.cosigned


def test_a_log_that_grows_in_an_old_time_is_an_alarm(outside: Outside) -> None:
    """A centre that shows its log late, or a leaf at a time, could still rewrite what it has not shown."""
    assert outside.look() == 0
    for _ in range(3):
        outside.passes(9 * MINUTE, leaves=1, stated=SECOND)
        last = outside.look()
    assert last == FROZEN
    assert len(outside.log.cosigned) == 2, "the first look, and one that was nine minutes old"


def test_a_time_that_goes_on_over_a_log_that_does_not_is_an_alarm(outside: Outside) -> None:
    assert outside.look() == 0
    for _ in range(3):
        outside.passes(5 * MINUTE)
        outside.log.at += 5 * MINUTE  # signed anew over the same leaves
        last = outside.look()
    assert last == FROZEN
    assert "not grown since 2026-11-22 04:00:01Z" in outside.said


def test_leaves_that_come_while_their_time_stands_still_are_an_alarm(outside: Outside) -> None:
    outside.log.at += 9 * MINUTE  # its clock was ahead, and was set right
    outside.passes(SECOND, leaves=1)
    assert outside.look() == 0
    for _ in range(3):
        outside.passes(4 * MINUTE, leaves=240)
        last = outside.look()
    assert last == FROZEN


def test_a_log_that_states_a_time_to_come_is_an_alarm(outside: Outside) -> None:
    outside.passes(SECOND, leaves=1, stated=11 * MINUTE)
    assert outside.look() == FROZEN
    assert "AHEAD" in outside.said
    assert not outside.log.cosigned


def test_a_checkpoint_that_states_no_time_or_an_earlier_one_is_not_cosigned(outside: Outside) -> None:
    outside.log.states_time = False
    assert outside.look() == FROZEN
    assert "states no time" in outside.said
    assert not outside.log.cosigned
    outside.log.states_time = True
    assert outside.look() == 0
    outside.passes(SECOND, leaves=1, stated=-SECOND)
    assert outside.look() == ALARM
    assert "goes backward" in outside.said


def test_a_centre_that_is_switched_off_is_frozen_too(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    def off(*_: object) -> bytes:
        raise OSError("connection refused")

    with monkeypatch.context() as switched:
        switched.setattr(witness, "fetch", off)
        assert outside.look() == NO_ANSWER, "nothing was ever seen of it"
    assert outside.look() == 0
    monkeypatch.setattr(witness, "fetch", off)
    outside.passes(10 * MINUTE)
    assert outside.look() == NO_ANSWER
    outside.passes(SECOND)
    assert outside.look() == FROZEN
    assert "the log has not grown since 2026-11-22 04:00:01Z: ask why" in outside.said
    assert "connection refused" in outside.said
    monkeypatch.setattr(witness, "fetch", outside.log.fetch)
    outside.passes(SECOND, leaves=2, stated=10 * MINUTE)
    assert outside.look() == 0


def test_a_watch_that_goes_on_says_the_same(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter([5 * MINUTE, 6 * MINUTE])

    def sleep(_seconds: float) -> None:
        wait = next(waits, None)
        if wait is None:
            raise KeyboardInterrupt
        outside.passes(wait)

    monkeypatch.setattr("markaz.witness.time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        witness.watch("http://log.example", outside.folder, [outside.log.vkey], 300, once=False)
    assert len(outside.log.cosigned) == 2
    assert [one["why"].partition(":")[0] for one in outside.alarms()] == ["FROZEN"]
