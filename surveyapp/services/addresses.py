"""E-mail addresses: which can be written to, which are the same, and which look like a slip of the keyboard.

Two addresses are the same when they differ only in upper and lower case; at Google's mail, where dots in
front of the @ mean nothing, also when they differ only in those dots.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from email_validator import EmailNotValidError, validate_email

_DOTS_MEAN_NOTHING = frozenset({"gmail.com", "googlemail.com"})
MAX_LENGTH = 254
_EVERYDAY = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


@functools.lru_cache(maxsize=4096)
def _problem_of_domain(domain: str) -> str | None:
    # Panels come from few houses; asking once per house makes a long list quick.
    return _ask_validator(f"a@{domain}")


def find_problem(address: str) -> str | None:
    """Why nobody can be reached at `address`, or None; no name server is asked."""
    if len(address) > MAX_LENGTH:
        return f"it has {len(address)} characters, {MAX_LENGTH} are possible"
    local, at, domain = address.rpartition("@")
    # The everyday address is judged here; the validator is asked about all others, and about each domain.
    if at and _EVERYDAY.fullmatch(local):
        return _problem_of_domain(domain)
    return _ask_validator(address)


def _ask_validator(address: str) -> str | None:
    try:
        # Reserved names (example.org, .test) are allowed: rehearsals use them.
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        return str(error).rstrip(".")
    return None


def fold_address(address: str) -> str:
    """The one form of all ways to write the same address."""
    local, _, domain = address.strip().casefold().rpartition("@")
    if domain in _DOTS_MEAN_NOTHING:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def find_near(new: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of folded addresses that are one slip apart: a letter too many, too few, other or moved.

    Yields (new address, the other one), each pair once. Digits are no slips: expert1 and expert2 are
    two people.
    """
    holders: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for address in known:
        for key in _shortened(address):
            holders[key].append(address)
    for address in new:
        for key in _shortened(address):
            for other in holders[key]:
                pair = (min(address, other), max(address, other))
                if other != address and pair not in seen and _is_one_slip(*pair):
                    seen.add(pair)
                    yield address, other
            holders[key].append(address)


def _shortened(address: str) -> Iterator[str]:
    # Two texts that are one letter apart share a form that lacks one letter; comparing all pairs would
    # take hours where this takes a second.
    yield address
    previous = ""
    for index, letter in enumerate(address):
        if not letter.isdigit() and letter != previous:
            yield address[:index] + address[index + 1 :]
        previous = letter


def _is_one_slip(first: str, second: str) -> bool:
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    rest, other = first[start:], second[start:]
    while rest and other and rest[-1] == other[-1]:
        rest, other = rest[:-1], other[:-1]
    if any(letter.isdigit() for letter in rest + other):
        return False
    return max(len(rest), len(other)) <= 1 or (len(rest) == 2 and rest == other[::-1])
