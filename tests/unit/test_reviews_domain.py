"""The daily sample: reproducible, even, not to be steered; and the questions, which are no verdicts."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from markaz.contracts.reviews import Question
from markaz.core.permissions import Grant, Role
from markaz.core.places.fold import tokens
from markaz.programmes.oversight.reviews.domain import (
    BURST_RECORDS,
    Look,
    Viewer,
    draw,
    families_of,
    lot,
    may_judge,
    night_bursts,
    questions_of,
    seed_of,
)

DAY = date(2026, 3, 1)
ZONE = ZoneInfo("Asia/Tashkent")
NIGHT = datetime(2026, 2, 28, 20, tzinfo=UTC)  # one o'clock there


def look(leaf: int, *questions: Question, viewer: UUID | None = None, at: datetime = NIGHT) -> Look:
    return Look(leaf + 1, leaf, at, viewer or UUID(int=1), "incident", uuid4(), 1, frozenset(questions))


def seed(n: int) -> bytes:
    return seed_of(DAY, hashlib.sha256(str(n).encode()).digest(), n)


def test_the_same_root_draws_the_same_sample_and_another_root_another() -> None:
    looks = [look(n) for n in range(200)]
    leaves = [[one.look.leaf for one in draw(looks, seed(n), at_random=10, at_most_asked=5).drawn] for n in (1, 1, 2)]
    assert leaves[0] == leaves[1] != leaves[2]
    assert [one.look.leaf for one in draw(looks[::-1], seed(1), at_random=10, at_most_asked=5).drawn] == leaves[0]


def test_every_look_is_as_likely_as_the_probability_says() -> None:
    looks = [look(n) for n in range(20)]
    drawn = Counter(
        one.look.leaf for n in range(800) for one in draw(looks, seed(n), at_random=5, at_most_asked=0).drawn
    )
    assert {one.probability for one in draw(looks, seed(0), at_random=5, at_most_asked=0).drawn} == {0.25}
    # 800 draws at a quarter: 200 each, six standard deviations are 73.
    assert all(127 < drawn[n] < 273 for n in range(20)), drawn


def test_a_short_day_is_drawn_whole() -> None:
    sample = draw([look(n) for n in range(3)], seed(1), at_random=10, at_most_asked=5)
    assert [one.probability for one in sample.drawn] == [1.0, 1.0, 1.0]
    assert draw([], seed(1), at_random=10, at_most_asked=5).drawn == ()


def test_of_a_day_that_is_not_read_whole_the_lot_still_falls_on_every_look() -> None:
    leaves = range(1000)
    fallen = lot(leaves, seed(1), 10)
    sample = draw([look(leaf) for leaf in fallen], seed(1), at_random=10, at_most_asked=5, leaves=leaves)
    assert {one.look.leaf for one in sample.drawn} == set(fallen)
    assert {one.probability for one in sample.drawn} == {0.01}


def test_questions_never_change_who_is_drawn_at_random() -> None:
    plain = [look(n) for n in range(100)]
    asked = [look(n, Question.COLLEAGUE) if n % 2 else look(n) for n in range(100)]
    leaves = [
        {one.look.leaf for one in draw(looks, seed(3), at_random=10, at_most_asked=3).drawn if one.probability}
        for looks in (plain, asked)
    ]
    assert leaves[0] == leaves[1]


def test_what_must_always_be_asked_is_in_the_sample_and_the_rest_is_bounded_and_counted() -> None:
    looks = [look(n, Question.SELF_OPENED) for n in range(30)] + [look(30 + n, Question.COLLEAGUE) for n in range(30)]
    sample = draw(looks, seed(1), at_random=0, at_most_asked=5)
    of = Counter(question for one in sample.drawn for question in one.questions)
    assert of == {Question.SELF_OPENED: 30, Question.COLLEAGUE: 5}
    assert sample.left_out == 25
    assert all(one.probability is None for one in sample.drawn)


def test_many_records_in_an_hour_of_the_night_are_one_question() -> None:
    busy = [look(n, at=NIGHT + timedelta(minutes=n)) for n in range(BURST_RECORDS + 10)]
    assert night_bursts(busy, ZONE) == {0}
    assert night_bursts([look(n, at=NIGHT + timedelta(hours=8)) for n in range(BURST_RECORDS)], ZONE) == set()
    slow = [look(n, at=NIGHT + timedelta(minutes=9 * n)) for n in range(BURST_RECORDS)]
    assert night_bursts(slow, ZONE) == set()
    others = [look(n, viewer=uuid4()) for n in range(BURST_RECORDS)]
    assert night_bursts(others, ZONE) == set()


def test_family_names_meet_across_scripts_and_genders_and_given_names_do_not() -> None:
    assert families_of(tokens("Карим Раҳимов")) == families_of(tokens("Rahimova Dilnoza Akbarovna"))
    assert not families_of(tokens("Karim Rahimov")) & families_of(tokens("Karim Sobirov"))
    assert families_of(tokens("Li Bo")) == frozenset()


def test_what_is_declared_of_a_viewer_raises_questions() -> None:
    viewer = Viewer(families_of(tokens("Olim Karimov")), frozenset({b"home", b"before"}), frozenset({7, 8}))
    staff = [frozenset(tokens("Bekzod Aliyev"))]

    def ask(name: str, address: bytes | None, territory: int) -> frozenset[Question]:
        return questions_of(viewer, staff, [(tokens(name), address)], territory)

    assert ask("Karimova Nodira", None, 1) == {Question.OWN_FAMILY_NAME}
    assert ask("Somebody Else", b"home", 1) == {Question.OWN_ADDRESS}
    assert ask("Алиев Бекзод Тоҳирович", None, 1) == {Question.COLLEAGUE}
    assert ask("Somebody Else", None, 7) == {Question.OWN_NEIGHBOURHOOD}
    assert ask("Somebody Else", b"before", 8) == {Question.OWN_ADDRESS, Question.OWN_NEIGHBOURHOOD}
    assert ask("Somebody Else", b"other", 1) == set()
    assert questions_of(viewer, staff, [], 7) == set()


class Tree:
    """1 holds 2 and 3."""

    def subtree(self, territory_id: int) -> frozenset[int]:
        return {1: frozenset({1, 2, 3})}.get(territory_id, frozenset({territory_id}))


def test_nobody_judges_their_own_look_their_superior_s_or_their_subordinate_s() -> None:
    me, other, tree = UUID(int=1), UUID(int=2), Tree()
    officer = [Grant(Role.DATA_PROTECTION_OFFICER, 1)]
    appeal = [Grant(Role.APPEAL_BODY, 1)]
    desk, chief = [Grant(Role.DUTY_OFFICER, 2)], [Grant(Role.SUPERVISOR, 1)]
    assert may_judge(me, officer, other, desk, tree)
    assert may_judge(me, officer, other, chief, tree)
    assert not may_judge(me, officer, me, desk, tree)
    assert not may_judge(me, [*officer, Grant(Role.CALL_TAKER, 2)], other, chief, tree)
    assert not may_judge(me, [*officer, *chief], other, desk, tree)
    assert may_judge(me, [*officer, Grant(Role.CALL_TAKER, 2)], other, [Grant(Role.SUPERVISOR, 3)], tree)
    assert not may_judge(me, appeal, other, desk, tree)
    assert may_judge(me, appeal, other, officer, tree)
    assert not may_judge(me, officer, other, [Grant(Role.DATA_PROTECTION_OFFICER, 2)], tree)
    assert not may_judge(me, desk, other, desk, tree)
