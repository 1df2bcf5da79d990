"""The witness's own file on proofs and pages: only the two kinds of file that are one, and never more than is proven."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.paper_log import SECOND, PaperLog, look

from markaz import witness

ALARM, NOT_PROVEN = 3, 6
START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
Verdict = Callable[[Any], int]


@pytest.fixture
def log() -> PaperLog:
    made = PaperLog(START)
    made.enters(look(1), look(2, public={"action": "appointment.given", "role": "auditor"}), look(3))
    made.grows(3)
    return made


@pytest.fixture
def verdict(log: PaperLog, tmp_path: Path) -> Verdict:
    """Return the exit code for a file with this content."""

    def of(content: Any) -> int:
        file = tmp_path / "file.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return witness.main(["verify", str(file), "--key", log.vkey])

    return of


def forged(proof: dict[str, Any]) -> dict[str, Any]:
    """Return the proof with somebody else's deed in it."""
    copy: dict[str, Any] = json.loads(json.dumps(proof))
    copy["entry"]["opening"] |= {"actor_id": "00000000-0000-0000-0000-000000000000", "action": "nothing.happened"}
    return copy


def test_a_proof_and_a_page_verify(log: PaperLog, verdict: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(log.proof(1)) == 0
    said = capsys.readouterr().out
    assert "entry 1 (view" in said
    assert "who, what and why" in said
    assert verdict(log.page(2)) == 0
    assert '"role": "auditor"' in capsys.readouterr().out


@pytest.mark.parametrize("more", ["items", "next_before", "comment"])
def test_a_file_with_anything_more_or_less_than_its_kind_has_is_refused(
    log: PaperLog, verdict: Verdict, more: str
) -> None:
    assert verdict(forged(log.proof(1))) == ALARM
    assert verdict(forged(log.proof(1)) | {more: []}) == ALARM, "the forgery of the attacker"
    assert verdict(log.proof(1) | {more: []}) == ALARM
    assert verdict(log.page(2) | {"comment": "", "entry": None}) == ALARM
    for whole in (log.proof(1), log.page(2)):
        for name in whole:
            assert verdict({key: value for key, value in whole.items() if key != name}) == ALARM, name


def test_a_file_of_another_kind_is_refused(log: PaperLog, verdict: Verdict) -> None:
    proof, page = log.proof(1), log.page(2)
    assert verdict(proof | {"format": "markaz-public/1"}) == ALARM
    assert verdict(page | {"format": "markaz-proof/1"}) == ALARM
    assert verdict(page | {"format": "markaz-public/2"}) == ALARM
    assert verdict(page | {"items": [{**page["items"][0], "entry": proof["entry"]}]}) == ALARM
    assert verdict(page | {"items": [{**page["items"][0], "said": "another thing"}]}) == ALARM
    others: tuple[Any, ...] = ({}, [], None, "proof", 0, {"items": []})
    for nothing in others:
        assert verdict(json.dumps(nothing)) == ALARM, nothing
    assert verdict("") == 1


def test_no_name_stands_twice_in_a_file(log: PaperLog, verdict: Verdict) -> None:
    whole = json.dumps(log.proof(1))
    twice = whole.replace('"opening": {"action"', '"opening": {"action": "nothing.happened", "action"')
    assert whole != twice
    assert verdict(twice) == ALARM, "one reader takes the first, another the last"


def test_a_page_that_proves_nothing_is_not_in_order(
    log: PaperLog, verdict: Verdict, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(log.page()) == NOT_PROVEN
    assert "NOTHING IS PROVEN" in capsys.readouterr().out
    assert verdict(log.page(2, 1)) == ALARM, "an entry that tells nobody anything is on no page"


@pytest.mark.parametrize("opening", [None, {}])
def test_of_an_entry_without_its_opening_only_the_leaf_is_proven(
    log: PaperLog, verdict: Verdict, capsys: pytest.CaptureFixture[str], opening: Any
) -> None:
    proof = log.proof(1)
    proof["entry"]["opening"] = opening
    assert verdict(proof) == NOT_PROVEN
    said = capsys.readouterr().out
    assert "ONLY ITS LEAF IS PROVEN" in said
    assert "who, what and why" not in said
    proof["entry"]["salt"] = None
    assert verdict(proof) == NOT_PROVEN
    proof["entry"]["body"] = proof["entry"]["body"].replace('"view"', '"export"')
    assert verdict(proof) == ALARM


def test_a_checkpoint_that_states_another_time_than_its_leaves_is_refused(log: PaperLog, verdict: Verdict) -> None:
    whole, end = log.proof(1), log.at
    assert verdict(whole) == 0
    log.at = START
    assert verdict(log.proof(1)) == ALARM, "it is before the leaf of the entry"
    log.at = end
    log.enters(look())
    log.grows(1)
    assert verdict(log.proof(4)) == 0
    log.at += SECOND
    assert verdict(log.proof(4)) == ALARM, "it is the very leaf of the entry"


def test_the_guide_has_the_exit_codes_of_the_program() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "rights.md").read_text()
    assert {int(code): meaning for code, meaning in re.findall(r"^\| (\d) \| (.+) \|$", guide, re.M)} == witness.CODES
