"""Receipts: salted commitments to every answer, so that an expert can prove what was submitted.

Each answer and each reason has its own commitment, SHA-256 over its salt and its canonical JSON. The
submission's hash covers the commitments and says whose, when and for what they are. The salts stand in
the expert's receipt alone: without them nobody can guess ratings from hashes, and with them a single
answer can be shown to be the published one even when another was redacted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

RECEIPT_FORMAT = "surveyapp-receipt-1"
_SALT_BYTES = 16
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same content gives the same text."""
    return _CANONICAL.encode(value)


def salts(seed: str, count: int) -> list[str]:
    """`count` salts of 32 hexadecimal digits each, drawn from the submission's seed with SHAKE-256."""
    stream = hashlib.shake_256(bytes.fromhex(seed)).hexdigest(_SALT_BYTES * count)
    width = 2 * _SALT_BYTES
    return [stream[start : start + width] for start in range(0, width * count, width)]


def commitment(salt: str, answer: str) -> str:
    """SHA-256 over salt, line feed and the answer's canonical JSON, in hexadecimal."""
    return hashlib.sha256(f"{salt}\n{answer}".encode()).hexdigest()


def commitments(seed: str, answers: Sequence[str]) -> list[str]:
    """The commitment to each of `answers` (canonical JSON texts), in their order."""
    return [commitment(salt, answer) for salt, answer in zip(salts(seed, len(answers)), answers, strict=True)]


def submission_hash(head: Mapping[str, Any], all_commitments: Iterable[str]) -> str:
    """SHA-256 over the canonical JSON of `head` and the commitments, in hexadecimal."""
    return hashlib.sha256(canonical_json({**head, "commitments": list(all_commitments)}).encode()).hexdigest()


def build_receipt(head: Mapping[str, Any], seed: str, answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The receipt file's content: everything that `find_faults` needs, and nothing about anybody else."""
    entries: list[dict[str, Any]] = []
    for salt, answer in zip(salts(seed, len(answers)), answers, strict=True):
        entries.append(
            {"answer": dict(answer), "salt": salt, "commitment": commitment(salt, canonical_json(answer))}
        )
    return {
        "format": RECEIPT_FORMAT,
        "head": dict(head),
        "answers": entries,
        "sha256": submission_hash(head, (entry["commitment"] for entry in entries)),
    }


def find_faults(receipt: Mapping[str, Any]) -> list[str]:
    """What does not add up in a receipt; an empty list when every answer and the hash fit."""
    faults = []
    for position, entry in enumerate(receipt["answers"], start=1):
        if commitment(entry["salt"], canonical_json(entry["answer"])) != entry["commitment"]:
            faults.append(f"Answer {position} is not the one that was committed to.")
    if (
        submission_hash(receipt["head"], (entry["commitment"] for entry in receipt["answers"]))
        != receipt["sha256"]
    ):
        faults.append("The hash of the submission does not cover these commitments.")
    return faults
