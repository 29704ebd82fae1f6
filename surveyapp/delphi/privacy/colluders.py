"""What panellists could find out who tell one another their answers: reported, not prevented."""

from __future__ import annotations

from collections.abc import Iterable

from surveyapp.errors import Sentence


def smallest_coalition(n: int, k: int) -> int | None:
    """How many of a figure's `n` people must pool their answers to see the rest of fewer than `k`: n − k + 1.

    None where n < k, since nothing is shown then. At n = k it is one: each member sees the sum of
    the k − 1 others.
    """
    return n - k + 1 if n >= k else None


def coalition_that_names_one(n: int, k: int) -> int | None:
    """How many of a figure's `n` people must pool answers to know the last one's: n − 1; None below k."""
    return n - 1 if n >= k else None


def weakest(sizes: Iterable[int], k: int) -> Sentence | None:
    """The limit of the promise, in words for the report: from the smallest of the figures that were shown.

    `sizes` are the numbers of people that the shown figures stand on, and of those left over between them.
    """
    shown = [size for size in sizes if size >= k]
    if not shown:
        return None
    least = min(shown)
    return Sentence(
        "The smallest figure that was shown stands on {n} people. {c} of them who tell one another their "
        "answers would see what fewer than {k} others answered together; {all_but_one} would know the answer "
        "of the last.",
        n=least,
        c=least - k + 1,
        k=k,
        all_but_one=least - 1,
    )
