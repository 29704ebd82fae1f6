"""A release draft: the figures of a closed round behind the rules of privacy, with reasons and texts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import (
    ReleaseContent,
    ShownCell,
    ShownCombination,
    ShownFigure,
    ShownItem,
    input_hash,
)
from surveyapp.delphi.lineage import Outcome, successors
from surveyapp.delphi.measures import Chosen
from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.delphi.privacy.suppression import Alike, CellShown, Exact, Hidden, Part, Why, suppress
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.models import Panellist, Participation, Study, Submission
from surveyapp.services.figures import RoundFigures, combination_cells, scale_of
from surveyapp.services.item_history import read_decisions
from surveyapp.services.judging import judge
from surveyapp.services.reasons.marks import shown_marks
from surveyapp.services.reasons.showing import shown_reasons, shown_summaries
from surveyapp.statistics.counts import Counts, RatingScale
from surveyapp.statistics.quantiles import exact_quantile


def read_input(session: Session, *, study_id: int, number: int) -> tuple[str, int]:
    """The hash over everything that counts in a round, and how many submissions that is."""
    rows = session.execute(
        select(Panellist.pseudonym, Submission.sha256)
        .select_from(Participation)
        .join(
            Panellist,
            and_(Panellist.study_id == Participation.study_id, Panellist.id == Participation.panellist_id),
        )
        .join(
            Submission,
            and_(
                Submission.study_id == Participation.study_id,
                Submission.round == Participation.round,
                Submission.panellist_id == Participation.panellist_id,
                # Reckoned, so that SQLite takes the index that holds the hash, and not that of the key:
                # the text of a submission lies before its hash and would be read through.
                Submission.number + 0 == Participation.submission,
            ),
        )
        .where(Participation.study_id == study_id, Participation.round == number)
    ).all()
    return input_hash([(row.pseudonym, row.sha256) for row in rows]), len(rows)


def privacy_rules(figures: RoundFigures, *, study: Study) -> PrivacyRules:
    """The rules that the round's protocol lays down; without one the study's own k."""
    if figures.protocol is not None:
        return PrivacyRules.of(figures.protocol.anonymity)
    k = study.smallest_group
    return PrivacyRules(k=k, k_reasons=max(k, PrivacyRules().k_reasons))


def build_content(
    session: Session,
    figures: RoundFigures,
    *,
    study: Study,
    number: int,
    submissions: int,
    cells: tuple[ShownCell, ...] | None = None,
) -> ReleaseContent:
    """Everything that release `number` of the round will show, as it stands now.

    `cells` where the round was shown before, and the ledger has decided what may be shown after that.
    """
    if cells is None:
        cells = tuple(
            show_cell(figures, cell, shown) for cell, shown in suppressed_cells(figures, study=study)
        )
    content = frame_content(
        figures, study=study, number=number, submissions=submissions, cells=cells
    ).model_copy(update={"combinations": tuple(_combinations(figures, privacy_rules(figures, study=study)))})
    return with_texts(session, content, figures, study=study)


def frame_content(
    figures: RoundFigures,
    *,
    study: Study,
    number: int,
    submissions: int,
    cells: tuple[ShownCell, ...],
    kind: Literal["round", "real_time"] = "round",
) -> ReleaseContent:
    """A release of these figures of ratings alone."""
    return ReleaseContent(
        study=study.slug,
        round=figures.number,
        number=number,
        kind=kind,
        questionnaire=figures.instrument.number,
        protocol=study.protocol_number,
        smallest_group=privacy_rules(figures, study=study).k,
        quantile_type=_quantile_type(figures),
        is_synthetic=study.is_synthetic,
        submissions=submissions,
        cells=cells,
    )


def suppressed_cells(figures: RoundFigures, *, study: Study) -> Iterator[tuple[int, CellShown]]:
    """Every rated cell of the round, with what may be shown of it for the first time."""
    rules = privacy_rules(figures, study=study)
    shows_groups = figures.protocol is None or shows_groups_somewhere(figures.protocol)
    groups = figures.groups if shows_groups else ()
    for cell in figures.instrument.numbers_asked:
        if scale_of(figures.instrument, cell) is None:
            continue
        parts = {group: counts for group in groups if (counts := figures.counts(cell, group)) is not None}
        yield cell, suppress(figures.counts(cell) or figures.nobody(cell), parts, rules)


def shows_groups_somewhere(protocol: Protocol) -> bool:
    """Whether figures of groups are shown to anybody: in any round, in any variant of the feedback."""
    shown = [
        protocol.feedback,
        *(each.feedback for each in protocol.rounds),
        *(each.feedback for each in protocol.variants),
    ]
    return any(each is not None and each.of_groups != "none" for each in shown)


def with_texts(
    session: Session, content: ReleaseContent, figures: RoundFigures, *, study: Study
) -> ReleaseContent:
    """`content` with reasons, summaries, marks and decisions as they stand now; its figures stay."""
    rules = privacy_rules(figures, study=study)
    feedback = figures.protocol.feedback if figures.protocol is not None else None
    round_number = figures.number
    return content.model_copy(
        update={
            "reasons": shown_reasons(
                session,
                study_id=study.id,
                round_number=round_number,
                rules=rules,
                with_groups=figures.protocol is not None and shows_groups_somewhere(figures.protocol),
            )
            if feedback is None or feedback.reasons
            else (),
            "summaries": shown_summaries(session, study_id=study.id, round_number=round_number)
            if feedback is None or feedback.summaries
            else (),
            "marks": shown_marks(session, figures, study_id=study.id, rules=rules),
            "items": _items(session, figures, study=study),
        }
    )


def show_cell(figures: RoundFigures, cell: int, shown: CellShown) -> ShownCell:
    """A cell as it stands in the release."""
    key = figures.instrument.spec(cell).key
    kind = _quantile_type(figures)
    return ShownCell(
        cell=cell,
        question=key.question,
        item=key.item,
        item_version=figures.instrument.cell_versions[cell - 1],
        context=key.context,
        criterion=key.criterion,
        points=figures.nobody(cell).scale.points,
        total=_figure(shown.total, kind),
        hidden=shown.total.why if isinstance(shown.total, Hidden) else "",
        groups={
            group: figure
            for group, part in shown.groups.items()
            if (figure := _figure(part, kind)) is not None
        },
        hidden_groups=_hidden(shown),
    )


def _quantile_type(figures: RoundFigures) -> int:
    return figures.protocol.counting.quantile_type if figures.protocol is not None else 7


def _hidden(shown: CellShown) -> dict[str, str]:
    return {group: str(part.why) for group, part in shown.groups.items() if isinstance(part, Hidden)}


def _figure(part: Part, kind: int) -> ShownFigure | None:
    match part:
        case Hidden():
            return None
        case Alike(n, point, percent):
            return ShownFigure(n=n, at_least=percent, mode=point)
        case Exact(counts):
            return _exact(counts, kind)


def _exact(counts: Counts, kind: int) -> ShownFigure:
    scale = counts.scale
    agreeing = [
        times for point, times in zip(scale.points, counts.of, strict=True) if point in scale.agreement
    ]
    quartiles = [_quantile(counts, Fraction(share, 4), kind) for share in (1, 2, 3)]
    return ShownFigure(
        n=counts.n,
        counts=counts.of,
        dont_know=counts.dont_know,
        q1=quartiles[0],
        median=quartiles[1],
        q3=quartiles[2],
        agree=sum(agreeing) if scale.agreement else None,
    )


def _quantile(counts: Counts, share: Fraction, kind: int) -> Fraction | None:
    # Pydantic has seen to it that the protocol names one of the three types.
    return exact_quantile(counts, share, kind) if counts.n else None  # type: ignore[arg-type]  # 2, 6 or 7


def _combinations(figures: RoundFigures, rules: PrivacyRules) -> list[ShownCombination]:
    """How often each item was chosen; the groups of people who chose have no breakdown."""
    found = []
    for cell, question in combination_cells(figures.instrument).items():
        key = figures.instrument.spec(cell).key
        chosen = {
            item.id: figures.look(key._replace(item=item.id), "").chosen
            for item in figures.questionnaire.items_of(question)
        }
        n = max((each.n for each in chosen.values() if each is not None), default=0)
        if n < rules.k:
            why = Why.TOO_FEW if n else Why.NO_ANSWERS
            found.append(
                ShownCombination(cell=cell, question=key.question, context=key.context, n=0, hidden=why)
            )
            continue
        if any(each is not None and _tells_alike(each, rules) for each in chosen.values()):
            found.append(
                ShownCombination(cell=cell, question=key.question, context=key.context, n=0, hidden=Why.ALIKE)
            )
            continue
        found.append(
            ShownCombination(
                cell=cell,
                question=key.question,
                context=key.context,
                n=n,
                chosen={item: each.times for item, each in chosen.items() if each is not None},
            )
        )
    return found


def _tells_alike(chosen: Chosen, rules: PrivacyRules) -> bool:
    """Whether all, or nearly all, chose the item, and the study does not tell that exactly.

    That nearly nobody chose an item of many is what one expects and says little of anybody.
    """
    if 2 * chosen.times <= chosen.n:
        return False
    of_two = Counts(RatingScale((0, 1)), (chosen.n - chosen.times, chosen.times))
    return isinstance(suppress(of_two, {}, rules).total, Alike)


def _items(session: Session, figures: RoundFigures, *, study: Study) -> tuple[ShownItem, ...]:
    """What became of each item, as decided; its verdict only where the protocol lets experts see it now."""
    protocol = figures.protocol
    shows_verdicts = protocol is None or (
        protocol.settled_results == "in the next round" or figures.planned >= protocol.last_round
    )
    judged = judge(figures) if shows_verdicts else {}
    decisions = read_decisions(session, study_id=study.id, number=figures.number)
    language = figures.questionnaire.language
    titles = {
        each.id: each.title.get(language)
        for each in (protocol.consensus if protocol else ())
        if each.title is not None
    }
    found = []
    for item in figures.questionnaire.items:
        decided = decisions.get(item.id)
        if decided is None and item.id not in judged:
            continue
        found.append(
            ShownItem(
                item=item.id,
                version=figures.instrument.item_versions[item.id],
                title=item.title.get(language),
                outcome=decided.outcome if decided else "",
                reason=decided.reason if decided else "",
                verdict=judged[item.id].told(titles) if item.id in judged else "",
                successors=successors(decided) if decided else (),
            )
        )
    found += [
        ShownItem(
            item=new.id, version=1, title=new.title.get(language), outcome=each.outcome, reason=each.reason
        )
        for each in decisions.values()
        if each.outcome is Outcome.NEW and (new := each.detail.item) is not None
    ]
    return tuple(found)


def figures_published(content: ReleaseContent) -> list[tuple[int, str, int]]:
    """Cell, figure and n of everything that the content shows: the lines of the publication ledger."""
    lines = []
    for cell in content.cells:
        if cell.total is not None:
            lines.append((cell.cell, "total", cell.total.n))
        lines += [(cell.cell, f"group:{group}", figure.n) for group, figure in cell.groups.items()]
    lines += [(each.cell, "total", each.n) for each in content.combinations if not each.hidden]
    return lines
