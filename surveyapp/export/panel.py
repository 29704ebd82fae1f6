"""Columns of the panel's file and of the late drafts."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.export.answers import LONG_COLUMNS
from surveyapp.export.tables import Column

_LONG = {column.name: column for column in LONG_COLUMNS}

LATE_COLUMNS = (
    _LONG["panellist"],
    _LONG["is_synthetic"],
    _LONG["round"],
    Column(
        "save", "Number of the save among this panellist's late ones, in the order in which they arrived."
    ),
    Column("received", "When it arrived, in UTC, no finer than the study's grain of time."),
    *(_LONG[name] for name in ("question", "item", "item_version", "context", "criterion", "part")),
    Column("value", "The number, the id of the option or opt-out, or the text that was written."),
    _LONG["label"],
    _LONG["correction"],
)


def panel_columns(rounds: Sequence[int]) -> tuple[Column, ...]:
    """One row per panellist: never a name, never an address."""
    columns = [
        _LONG["panellist"],
        _LONG["is_synthetic"],
        Column("group", "Reporting group of the panellist; empty where the questionnaire has no groups."),
        Column("language", "Language of the pages."),
        Column("tags", "Tags, joined by '|'. They may route; they define no breakdown."),
        Column(
            "state",
            "Where the panellist stands.",
            {
                "invited": "On the panel.",
                "declined": "Does not want to take part.",
                "not_me": "The link reached the wrong person.",
                "withdrawn": "Took part, or began to, and withdrew.",
            },
        ),
    ]
    for number in rounds:
        states = {
            "submitted": "Submitted at least once.",
            "started": "Began and did not submit.",
            "withdrawn": "Withdrew; nothing of this round counts.",
            "not_started": "Did not begin.",
        }
        columns.append(Column(f"r{number}.state", f"What the panellist did in round {number}.", states))
        columns.append(
            Column(f"r{number}.submitted", f"When the latest submission of round {number} was made, in UTC.")
        )
        columns.append(
            Column(
                f"r{number}.receipt",
                f"SHA-256 of the latest submission of round {number}, as the receipt of its author shows it: "
                "with that receipt the author can prove what was submitted.",
            )
        )
        columns.append(
            Column(
                f"r{number}.variant",
                f"Which variant of the feedback was drawn for this panellist in round {number}; empty for "
                "what all others are shown, and where the protocol has none.",
            )
        )
        columns.append(
            Column(
                f"r{number}.admitted",
                f"Whether the submission of round {number} was let in after the round had closed; why stands "
                "in deviations.csv.",
                {"yes": "It was let in.", "no": "It came in time."},
            )
        )
    return tuple(columns)
