"""What was decided about items, where wordings come from, and what experts said of others' reasons."""

from __future__ import annotations

from surveyapp.export.tables import Column

_OUTCOMES = {
    "keep": "Asked again as it is.",
    "accept": "Accepted into the result.",
    "drop": "Dropped.",
    "revise": "Asked again in a new wording.",
    "split": "Replaced by several items.",
    "merge": "Merged with others into one item.",
    "new": "A new item.",
    "finalise": "Closed with the result as it stands.",
}
_ROUND = Column("round", "The round after which it was decided.")
DECISION_COLUMNS = (
    _ROUND,
    Column("item", "Id of the item; for a new one, the id that it gets."),
    Column("item_version", "The wording that was rated; 0 for a new item."),
    Column("outcome", "What becomes of the item, as people decided.", _OUTCOMES),
    Column("proposed", "What the protocol's rules proposed; empty where they proposed nothing.", _OUTCOMES),
    Column("reason", "Why, in the words of those who decided."),
    Column("decided", "When, in UTC, no finer than the study's grain of time. Who is not told."),
    Column("detail", "New wordings, parts or partners, as JSON."),
)
LINEAGE_COLUMNS = (
    _ROUND,
    Column("from_item", "The item before; empty for a new one."),
    Column("from_version", "The wording before; 0 where there was none."),
    Column("to_item", "The item after; empty where it ended."),
    Column("to_version", "The wording after; 0 where it ended."),
    Column(
        "kind",
        "What happened.",
        {
            "kept": "Asked again as it was.",
            "accepted": "Accepted into the result.",
            "dropped": "Dropped.",
            "revised": "Reworded.",
            "split": "The item after is one part of the one before.",
            "merged": "The item after is made of the one before and others.",
            "new": "The item after is new.",
            "finalised": "Closed with the result as it stood.",
        },
    ),
    Column(
        "comparable",
        "Whether ratings before and after may be compared.",
        {"yes": "They mean the same.", "no": "They do not mean the same, or there is only one of them."},
    ),
    Column("reason", "Why, in the words of those who decided."),
)
CORRECTION_COLUMNS = (
    Column("round", "The round that was open."),
    Column(
        "correction",
        "Its number in the round, from 1: answers and late drafts name the latest that stood on their page.",
    ),
    Column("text", "Which text: its path in the questionnaire, and its language if it has several."),
    Column("item", "The item whose text it is; empty for all other texts."),
    Column("item_version", "The version of that item's wording, which stays the same; 0 for other texts."),
    Column("before", "What the text said."),
    Column("after", "What it says since then."),
    Column("reason", "Why, in the words of whoever corrected it."),
    Column("corrected", "When, in UTC, no finer than the study's grain of time. Who is not told."),
    Column("questionnaire_before", "The questionnaire version that the round asked until then."),
    Column("questionnaire_after", "The one that it asks since then, in the same cells."),
)
_OF_REASON = (
    Column("reason", "Public name of the reason, as experts' pages know it."),
    Column("item", "The item that the reason is about; empty for none."),
    Column("context", "The context that the reason is about; empty for none."),
    Column("criterion", "The criterion that the reason goes with; empty for the item as a whole."),
)
_SYNTHETIC = Column(
    "is_synthetic",
    "Whether the panellist was invented by a program.",
    {"yes": "Invented.", "no": "A person."},
)
MARK_COLUMNS = (
    Column("panellist", "Pseudonym of whoever marked the reason."),
    _SYNTHETIC,
    Column("round", "The round in which it was marked."),
    *_OF_REASON,
    Column(
        "stance",
        "The latest mark of this panellist in this round.",
        {"for_me": "The reason speaks for this panellist.", "not_for_me": "It does not."},
    ),
)
TOLD_MARK_COLUMNS = (
    Column("round", "The round in which the reason was marked, and whose release tells it."),
    *_OF_REASON,
    Column("marked_by", "How many marked it; people whose answers of the round count."),
    Column("for_me", "For how many it speaks; empty where that is told roughly."),
    Column("not_for_me", "For how many it does not; empty where that is told roughly."),
    Column("at_least", "Where nearly all marked it alike: at least so many in a hundred did."),
    Column(
        "mostly",
        "The mark that those gave.",
        {"for_me": "The reason speaks for them.", "not_for_me": "It does not."},
    ),
)
REPLY_COLUMNS = (
    Column("reply", "Random name of the reply."),
    Column("panellist", "Pseudonym of whoever wrote it."),
    _SYNTHETIC,
    Column("round", "The round in which it was written."),
    *_OF_REASON,
    Column(
        "state",
        "Whether other experts could read it at the end.",
        {
            "shown": "Others could read it.",
            "waiting": "It waited to be read by the study team.",
            "hidden": "The study team did not pass it on.",
        },
    ),
    Column("text", "The reply as it was written."),
)
DEVIATION_COLUMNS = (
    Column("when", "When, in UTC, no finer than the study's grain of time."),
    Column(
        "kind",
        "What departed from the plan.",
        {
            "amendment": "The locked protocol was changed.",
            "extension": "A deadline was moved.",
            "reopening": "A closed round was opened again.",
            "cancellation": "A round was cancelled.",
            "correction": "A text was corrected while its round was open: see corrections.csv.",
            "admission": "Answers were let in after their round had closed.",
        },
    ),
    Column("number", "The round; of an amendment the protocol version that it made."),
    Column("reason", "Why, in the words of those who did it."),
)
AMENDMENT_COLUMNS = (
    Column("version", "1 for the first version of the protocol, and so on."),
    Column("stored", "When it was stored, in UTC, no finer than the study's grain of time."),
    Column("locked", "When it was locked; empty for a version that was replaced before."),
    Column("amended_because", "Why it was changed after locking; empty for a version before."),
    Column("sha256", "SHA-256 of its canonical text, which stands in the file."),
    Column("file", "The file of this package that holds it."),
)
