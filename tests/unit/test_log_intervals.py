"""Public leaves: what they commit to, and that one says nothing of another."""

from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from markaz.core.log.intervals import Run, SaltMissing, canonical_opening, data_of, hashes_between, opening_of, salt_of
from markaz.core.settings import Settings

SALTS = {1: b"s" * 32}
START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _run(
    index: int = 0, size: int = 0, policy: str = "p" * 64, software: str = "markaz/1.0", step_ms: int = 1_000
) -> Run:
    return Run(index, START, step_ms, size, bytes([size % 256]) * 32, software, policy, 1)


@seed(4)
@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**53),
    st.integers(0, 10**9),
    st.text('aZ09/.:-_+"\\ \t', max_size=20),
    st.sampled_from([100, 250, 1_000]),
)
def test_the_quick_encoding_is_the_canonical_one(size: int, index: int, word: str, step_ms: int) -> None:
    run = _run(0, size, word, word, step_ms)
    assert canonical_opening(run, index) == rfc8785.dumps(opening_of(run, index))


def test_equal_intervals_have_leaves_that_tell_nothing() -> None:
    run = _run()
    assert len({data_of(run, index, SALTS) for index in range(50)}) == 50
    assert salt_of(run, 7, SALTS) != salt_of(run, 8, SALTS)
    assert data_of(run, 7, {1: b"t" * 32}) != data_of(run, 7, SALTS), "whoever lacks the salt key cannot try guesses"


def test_leaves_follow_from_the_run_they_belong_to() -> None:
    runs = [_run(0), _run(3, 5), _run(6, 9)]
    assert hashes_between(runs, 2, 8, SALTS) == [
        *hashes_between(runs[:1], 2, 3, SALTS),
        *hashes_between(runs[1:2], 3, 6, SALTS),
        *hashes_between(runs[2:], 6, 8, SALTS),
    ]


def test_a_leaf_without_its_run_or_salt_is_not_made_up() -> None:
    with pytest.raises(SaltMissing):
        hashes_between([_run(3)], 2, 5, SALTS)
    with pytest.raises(SaltMissing):
        hashes_between([], 0, 1, SALTS)
    with pytest.raises(SaltMissing):
        data_of(_run(), 0, {2: b"s" * 32})


def test_a_checkpoint_is_published_at_least_every_second() -> None:
    assert Settings().log_interval_s == Settings(log_interval_s=1.0).log_interval_s == 1.0
    for too_long in (1.1, 60):
        with pytest.raises(ValidationError, match="log_interval_s"):
            Settings(log_interval_s=too_long)
