"""Proposals that probably say the same in other words: told as a suggestion, decided by a person.

Two texts are compared by the pieces of three letters that their words are made of, so that another order, an
ending or a slip of the keyboard makes little difference. Pure and deterministic: the same texts, the same
suggestions, in the same order.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

ALIKE: Final = Fraction(13, 25)
"""From this share of common pieces on two texts are suggested as alike: just above where one long word in
common (“flood insurance”, “fire insurance”) is enough, and below two wordings of one thought."""

_PIECE: Final = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that are alike, by their names; `share` of their pieces they have in common."""

    first: str
    second: str
    share: Fraction


def find_pairs(texts: Mapping[str, str], *, least: Fraction = ALIKE) -> tuple[Pair, ...]:
    """Every two of `texts` (name → text) that have at least this share of their pieces in common.

    The most alike come first. Of two sets that share so much, at least one of the rarest pieces of each is in
    the other, so only those are looked up: ten thousand short texts take seconds.
    """
    pieces = {name: shingles(text) for name, text in texts.items()}
    times = Counter(piece for each in pieces.values() for piece in each)
    holders: dict[str, list[str]] = defaultdict(list)
    found = []
    for name in sorted(pieces):
        mine = pieces[name]
        rarest = sorted(mine, key=lambda piece: (times[piece], piece))
        rarest = rarest[: len(mine) - ceil(least * len(mine)) + 1]
        for other in sorted({holder for piece in rarest for holder in holders[piece]}):
            share = likeness(mine, pieces[other])
            if share >= least:
                found.append(Pair(other, name, share))
        for piece in rarest:
            holders[piece].append(name)
    return tuple(sorted(found, key=lambda pair: (-pair.share, pair.first, pair.second)))


def same_words(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Names of texts that are made of the very same pieces, under the first of them.

    Many people may propose one thing in the same words; compared one by one, they would be pairs without
    number. A text of no pieces, such as a question mark, is like none.
    """
    found: dict[frozenset[str], list[str]] = defaultdict(list)
    for name in sorted(texts):
        found[shingles(texts[name])].append(name)
    return {names[0]: tuple(names) for pieces, names in found.items() if pieces}


def group_pairs(pairs: Sequence[Pair], same: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Groups of texts that are alike, the one that most others are like first in each.

    `pairs` are of those that stand for `same_words`. Everything in a group is like its first text; chains of
    likeness are not followed, for at their ends stand texts that have nothing in common.
    """
    like: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        like[pair.first].add(pair.second)
        like[pair.second].add(pair.first)
    crowd = {name: sum(len(same[each]) for each in (name, *like[name])) for name in same}
    groups: list[tuple[str, ...]] = []
    taken: set[str] = set()
    for name in sorted(same, key=lambda name: (-crowd[name], -len(same[name]), name)):
        if name in taken:
            continue
        left = sorted(like[name] - taken)
        taken.update((name, *left))
        members = [*same[name], *(member for each in left for member in same[each])]
        if len(members) > 1:
            groups.append(tuple(members))
    return tuple(groups)


def shingles(text: str) -> frozenset[str]:
    """The pieces of three letters of all words, without case, accents and punctuation."""
    return frozenset(piece for word in words_of(text) for piece in _pieces(word))


def words_of(text: str) -> Sequence[str]:
    """The words of a text in lower case, without accents; what is neither letter nor digit divides them."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = (
        each if each.isalnum() else "" if unicodedata.category(each).startswith("M") else " "
        for each in plain
    )
    return "".join(kept).split()


def likeness(one: frozenset[str], other: frozenset[str]) -> Fraction:
    """The share of all pieces that both have; 0 where there is none (Jaccard)."""
    both = len(one | other)
    return Fraction(len(one & other), both) if both else Fraction()


def _pieces(word: str) -> Sequence[str]:
    marked = f" {word} "
    return [marked[start : start + _PIECE] for start in range(len(marked) - _PIECE + 1)]
