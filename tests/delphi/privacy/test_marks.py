"""What is told of marks on reasons, and what an attacker makes of it."""

from __future__ import annotations

from random import Random

import pytest

from surveyapp.delphi.privacy.marks import MARKS, Marked, tell_marks
from surveyapp.delphi.privacy.rules import PrivacyRules, Unanimity
from surveyapp.delphi.privacy.suppression import Alike, Exact, Hidden, Why
from surveyapp.statistics.counts import Counts
from tests.delphi.privacy.attacker import Sum, find_any_leak, find_leak

SHOW = PrivacyRules(unanimity=Unanimity.SHOW)
PANELS = 200


def marked(for_me: int, not_for_me: int, silent: int, *, author_submitted: bool = True) -> Marked:
    """A panel in which everybody answered what the reason stands beside; the author is one of the silent."""
    return Marked(
        for_me,
        not_for_me,
        readers=for_me + not_for_me + silent,
        is_silent_only_the_author=author_submitted and silent == 1,
    )


def test_marks_are_told_of_k_people_and_leave_over_the_author_or_more_than_k() -> None:
    assert tell_marks(marked(4, 3, 6), SHOW) == Exact(Counts(MARKS, (3, 4)))
    assert tell_marks(marked(4, 3, 1), SHOW) == Exact(Counts(MARKS, (3, 4)))
    # Seven of the nine who could: two others, and the author.
    assert tell_marks(marked(7, 0, 3), SHOW) == Hidden(Why.REMAINDER)
    assert tell_marks(marked(4, 3, 5), SHOW) == Hidden(Why.REMAINDER)
    assert tell_marks(marked(3, 1, 9), SHOW) == Hidden(Why.TOO_FEW)
    assert tell_marks(marked(0, 0, 9), SHOW) == Hidden(Why.NO_ANSWERS)


def test_nearly_all_alike_is_told_as_the_study_tells_it_of_ratings() -> None:
    rules = PrivacyRules()
    assert tell_marks(marked(11, 1, 8), rules) == Alike(12, 1, 90)
    assert tell_marks(marked(0, 6, 8), rules) == Alike(6, 0, 80)
    assert tell_marks(marked(11, 1, 8), SHOW) == Exact(Counts(MARKS, (1, 11)))


@pytest.mark.parametrize("k", [3, 5])
def test_that_marks_are_told_does_not_say_that_the_author_has_left(k: int) -> None:
    """Whatever readers see could have been with an author who submitted."""
    rules = PrivacyRules(k=k, unanimity=Unanimity.SHOW)
    for submitted in range(30):
        for n in range(submitted + 1):
            gone = tell_marks(marked(n, 0, submitted - n, author_submitted=False), rules)
            there = tell_marks(marked(n, 0, submitted - n), rules)
            assert isinstance(gone, Hidden) or gone == there


def draw(random: Random) -> tuple[set[int], set[int], set[int]]:
    """Who could mark, who spoke up for the reason, and who against it."""
    readers = set(range(random.randint(8, 18)))
    eager = random.random()
    speaking = {each for each in readers if random.random() < eager}
    for_me = {each for each in speaking if random.random() < 0.7}
    return readers, for_me, speaking - for_me


def what_it_tells(readers: set[int], *groups: set[int]) -> list[Sum]:
    """An attacker at worst: who is in which of the groups is known, and so is who could mark."""
    return [frozenset((person, 0) for person in group) for group in (readers, *groups) if group]


def test_prv_15_marks_by_the_rule_tell_nobody_of_fewer_than_k() -> None:
    random = Random(20_241)
    leaks, told = 0, 0
    for _ in range(PANELS):
        readers, for_me, against = draw(random)
        if len(for_me) >= 5:
            # As it would be with a smallest count alone.
            leaks += find_leak(what_it_tells(readers, for_me), 5) is not None
        author = len(readers)
        counted = marked(len(for_me), len(against), len(readers - for_me - against) + 1)
        if not isinstance(tell_marks(counted, SHOW), Hidden):
            told += 1
            assert find_any_leak(what_it_tells(readers, for_me | against), 5) is None
            # The author knows who wrote it, and reads with nothing of their own.
            assert find_leak(what_it_tells(readers, for_me | against), 5, as_panellist=author) is None
    assert leaks == 23
    assert told > 20
