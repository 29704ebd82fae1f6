"""Write the summary of an item's reasons, each sentence linked to the reasons that it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from surveyapp.errors import Conflict, InputError, Problem, Sentence
from surveyapp.models import Reason, SummarySentence, SummarySource
from surveyapp.questionnaire.kinds.written import read_text
from surveyapp.services.audit import record
from surveyapp.services.reading.reasons import get_closed_round, stamp_of
from surveyapp.services.reasons.handling import place

MAX_SENTENCE = 2_000
MAX_SENTENCES = 200


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence as it is handed in: its place in the summary, and the reasons that it stands on."""

    position: int
    text: str
    sources: tuple[str, ...]


def write_summary(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    item: str,
    sentences: Sequence[DraftSentence],
    now: datetime,
    actor: str,
    seen: str | None = None,
) -> None:
    """Replace the summary of an item's reasons; no sentence at all takes the summary away.

    `item` is '' for the reasons about none. Reasons that a sentence stands on are summarised by that; those
    that none stands on any more are unread again. `seen` is the stamp (`SummaryAtWork.stamp`) of what the
    writer had before the eyes, '' for no summary: raises Conflict when somebody has changed it since. Raises
    InputError with every sentence that is empty, too long, without a source, or stands on a reason that is
    not among the item's or was set aside.
    """
    get_closed_round(session, study_id=study_id, round_number=round_number, hold=True)
    here = (SummarySentence.study_id == study_id, SummarySentence.round == round_number)
    standing = session.execute(
        select(SummarySentence.position, SummarySentence.text)
        .where(*here, SummarySentence.item == item)
        .order_by(SummarySentence.position)
    ).all()
    if seen is not None and seen != (stamp_of(*(tuple(row) for row in standing)) if standing else ""):
        raise Conflict(Sentence("Somebody else has changed this summary in the meantime; look at it again."))
    reasons = {
        row.public_id: row
        for row in session.scalars(
            select(Reason)
            .where(Reason.study_id == study_id, Reason.round == round_number, Reason.item == item)
            .execution_options(populate_existing=True)
        )
    }
    problems = problems_of_sentences(sentences, {name: row.state for name, row in reasons.items()})
    if problems:
        raise InputError(problems)
    session.execute(delete(SummarySentence).where(*here, SummarySentence.item == item))
    key = {"study_id": study_id, "round": round_number, "item": item}
    if sentences:
        _insert(session, key, sentences, now=now, actor=actor)
    sources = {public_id for each in sentences for public_id in each.sources}
    for public_id, row in reasons.items():
        if row.state == "unread" and public_id in sources:
            place(row, "summarised", now=now, actor=actor)
        elif row.state == "summarised" and public_id not in sources:
            place(row, "unread", now=now, actor=actor)
    detail = {"round": round_number, "item": item, "sentences": len(sentences), "sources": len(sources)}
    record(session, study_id=study_id, now=now, actor=actor, act="summary.write", detail=detail)
    session.flush()


def problems_of_sentences(
    sentences: Sequence[DraftSentence], states: Mapping[str, str], *, where: str = "sentence"
) -> list[Problem]:
    """What is wrong with a summary; `states` are those of the item's reasons, by their public names."""
    problems = []
    places: set[int] = set()
    if len(sentences) > MAX_SENTENCES:
        problems.append(
            Problem(
                "", Sentence("A summary has at most {max_sentences} sentences.", max_sentences=MAX_SENTENCES)
            )
        )
    for each in sentences:
        name = f"{where} {each.position}"
        if each.position in places or each.position < 1:
            problems.append(Problem(name, Sentence("sentences are numbered from 1, each number once.")))
        places.add(each.position)
        if not each.text.strip():
            problems.append(Problem(name, Sentence("the sentence is empty.")))
        elif len(each.text) > MAX_SENTENCE:
            problems.append(
                Problem(
                    name,
                    Sentence(
                        "the sentence has more than {max_sentence} characters.",
                        max_sentence=f"{MAX_SENTENCE:,}",
                    ),
                )
            )
        if not each.sources:
            problems.append(
                Problem(name, Sentence("link it to the reasons that it stands on: at least one."))
            )
        for public_id in sorted(set(each.sources)):
            if public_id not in states:
                problems.append(
                    Problem(
                        name,
                        Sentence("{public_id} is no reason on this item in this round.", public_id=public_id),
                    )
                )
            elif states[public_id] == "set_aside":
                problems.append(
                    Problem(
                        name,
                        Sentence(
                            "{public_id} was set aside; put it back, or do not link to it.",
                            public_id=public_id,
                        ),
                    )
                )
    return problems


def _insert(
    session: Session,
    key: Mapping[str, object],
    sentences: Sequence[DraftSentence],
    *,
    now: datetime,
    actor: str,
) -> None:
    rows = []
    links = []
    for each in sentences:
        place_of = {**key, "position": each.position}
        text = read_text([each.text.strip()], f"sentence {each.position}", MAX_SENTENCE).text
        rows.append({**place_of, "text": text, "actor": actor, "written_at": now})
        links += [{**place_of, "public_id": public_id} for public_id in sorted(set(each.sources))]
    session.execute(insert(SummarySentence), rows)
    session.execute(insert(SummarySource), links)
