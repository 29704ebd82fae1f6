"""Passwords that people try first, and therefore others too: 3,000 by frequency, and some of this house."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path

# Sorted by how often they are used; common_passwords.LICENSE says where they come from.
_LIST = Path(__file__).with_name("common_passwords.txt.gz")
# What a list made from English sources does not know, and what its makers left out as easy to compute.
_OF_THIS_HOUSE = """
    87654321 00000000 123123123 987654321 abcdefgh p@ssword basketball batman123 michelle jennifer
    testtest 12341234 1q2w3e4r5t 1qaz2wsx3edc 0123456789 qwertz123 qwertzuiop qwer1234 asdf1234 asdfasdf
    abc123456 passwort passwort1 passwort123 kennwort kennwort1 motdepasse contrasena changeme1
    letmein123 welcome123 willkommen admin123 admin1234 administrator hallo123 hallowelt schatz123
    sommer2024 sommer2025 sommer2026 winter2024 winter2025 winter2026 summer2024 summer2025 summer2026
    test1234 test12345 delphi123 surveyapp surveyapp1 surveyapp123 organiser organiser1 organizer
    organizer1
"""


def is_common(password: str) -> bool:
    """Whether it is one of them, whatever letters are written large."""
    return password.casefold() in _read()


@functools.cache
def _read() -> frozenset[str]:
    listed = gzip.decompress(_LIST.read_bytes()).decode().split("\n")
    return frozenset(each.casefold() for each in [*listed, *_OF_THIS_HOUSE.split()] if each)
