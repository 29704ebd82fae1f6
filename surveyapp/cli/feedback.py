"""``surveyapp feedback``: what one expert is shown of earlier rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import click

from surveyapp.cli.frame import Installation, installation, json_option, print_json
from surveyapp.cli.replies import STANCE, marks_line
from surveyapp.delphi.feedback import ShownMarks, ShownReason
from surveyapp.delphi.privacy.suppression import Why
from surveyapp.delphi.showing import BLIND, NOT_ASKED, Change, Figure, OwnAnswer, RatingView
from surveyapp.questionnaire.cells import CellKey, Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.services import foreseeing
from surveyapp.services.reading.discussion import Talk
from surveyapp.services.reading.expert_views import SeenRound, read_expert_view
from surveyapp.services.studies import get_study

_OWN_REPLY = {
    "waiting": "own reply, to be read by the study team",
    "shown": "own reply",
    "hidden": "own reply, not passed on",
}
_NOT_SHOWN = {
    NOT_ASKED: "There are no earlier figures for this rating.",
    BLIND: "Shown once the expert has submitted an own answer.",
}


@click.group()
def feedback() -> None:
    """Look at what experts are shown."""


@feedback.command()
@click.argument("study")
@click.argument("expert")
@click.option("--round", "number", type=click.IntRange(min=0), help="Which round; else the latest.")
@json_option
@installation
def show(here: Installation, *, study: str, expert: str, number: int | None, as_json: bool) -> None:
    """Show what EXPERT (a pseudonym or an e-mail address) sees in a round.

    Only what a release holds, never a draft. Whoever is named by an address is shown without own answers and
    pseudonym, unless the study's answers are attributed: a name and answers never come together.

    \b
    Example:
      surveyapp feedback show systemic-ai-mitigations P-7Q2M4X --round 2
    """
    with here.database.snapshot() as session:
        seen = read_expert_view(session, study=get_study(session, slug=study), expert=expert, number=number)
    if as_json:
        print_json({"study": study, **_as_json(seen)})
        return
    for line in _lines(seen):
        click.echo(line)


@feedback.command()
@click.argument("study")
@click.argument("pseudonym")
@click.option(
    "--round", "number", type=click.IntRange(min=0), required=True, help="The closed round to be released."
)
@click.option("--variant", default="", metavar="NAME", help="With this variant of the feedback.")
@json_option
@installation
def foresee(
    here: Installation, *, study: str, pseudonym: str, number: int, variant: str, as_json: bool
) -> None:
    """Show what PSEUDONYM would see in the next round, were this one released and that one opened now.

    Nothing of it is kept. Items without a decision stand as the protocol proposes.

    \b
    Example:
      surveyapp feedback foresee systemic-ai-mitigations P-7Q2M4X --round 1
    """
    found = foreseeing.foresee(here.database, slug=study, number=number, pseudonym=pseudonym, variant=variant)
    seen = foreseeing.as_seen(found)
    if as_json:
        print_json({"study": study, "as_proposed": list(found.as_proposed), **_as_json(seen)})
        return
    for line in _lines(seen):
        click.echo(line)
    if found.as_proposed:
        click.echo(f"\nNot decided yet, shown as proposed: {', '.join(found.as_proposed)}.")


def _as_json(seen: SeenRound) -> dict[str, Any]:
    panel, view = seen.view.panel, seen.view
    found: dict[str, Any] = {
        "round": seen.number,
        "expert": seen.pseudonym,
        "has_started": seen.has_started,
        "variant": view.variant,
        "hides_own": seen.hides_own,
        "reasons_asked": view.reasons.model_dump(mode="json"),
        "shows": None,
        "ratings": [],
        "combinations": [],
        "items": [],
        "settled": [],
    }
    if panel is not None:
        found["shows"] = {
            "round": panel.round,
            "release": panel.release,
            "submissions": panel.submissions,
            "smallest_group": panel.smallest_group,
            "feedback": panel.feedback.model_dump(mode="json"),
            "group": panel.group,
            "note": panel.note,
        }
        found["settled"] = [_change(each) for each in panel.settled]
    for cell in seen.cells:
        key = seen.instrument.spec(cell).key
        own = view.own.get(cell)
        if not key.part and key.criterion:
            shown = panel.ratings.get(cell) if panel else None
            found["ratings"].append({**_key(cell, key), **_rating(shown), "own": _own(seen, cell, own)})
        elif panel is not None and cell in panel.chosen:
            each = panel.chosen[cell]
            found["combinations"].append(
                {
                    **_key(cell, key),
                    "n": each.n,
                    "chosen": dict(each.chosen),
                    "hidden": each.hidden,
                    "own": _own(seen, cell, own),
                }
            )
    found["items"] = [_item(seen, item) for item in _items(seen)]
    return found


def _key(cell: int, key: CellKey) -> dict[str, Any]:
    return {
        "cell": cell,
        "question": key.question,
        "item": key.item,
        "context": key.context,
        "criterion": key.criterion,
    }


def _rating(view: RatingView | None) -> dict[str, Any]:
    if view is None:
        return {"panel": None, "hidden": "", "groups": {}, "hidden_groups": [], "verdict": ""}
    return {
        "panel": _figure(view.panel) if view.panel else None,
        "hidden": view.hidden,
        "groups": {each.group: _figure(each) for each in view.groups},
        "hidden_groups": list(view.hidden_groups),
        "verdict": view.verdict,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "n": figure.n,
        "counts": {str(share.value): share.count for share in figure.shares},
        "dont_know": figure.dont_know.count if figure.dont_know else None,
        "median": _exact(figure.median),
        "q1": _exact(figure.q1),
        "q3": _exact(figure.q3),
        "at_least": figure.at_least,
        "mode": figure.mode,
    }


def _exact(number: Fraction | None) -> str | None:
    return None if number is None else str(number)


def _own(seen: SeenRound, cell: int, own: OwnAnswer | None) -> dict[str, Any] | None:
    if own is None:
        return None
    return {
        "round": own.round,
        "answer": _words(seen, cell, own.given),
        "is_of_earlier_wording": own.is_of_earlier_wording,
    }


def _words(seen: SeenRound, cell: int, given: Given) -> str:
    questionnaire, spec = seen.instrument.questionnaire, seen.instrument.spec(cell)
    question = questionnaire.questions_by_id[spec.key.question]
    return KINDS[question.kind].show(questionnaire, question, spec, given, questionnaire.language)


def _items(seen: SeenRound) -> Iterator[str]:
    asked = dict.fromkeys(
        key.item for cell in seen.cells if (key := seen.instrument.spec(cell).key).item and not key.part
    )
    yield from asked


def _item(seen: SeenRound, item: str) -> dict[str, Any]:
    panel = seen.view.panel
    change = panel.changes.get(item) if panel else None
    summary = panel.summaries.get(item) if panel else None
    return {
        "item": item,
        "title": _title(seen, item),
        "change": _change(change) if change else None,
        "summary": [each.text for each in summary.sentences] if summary else [],
        "reasons": [
            each.model_dump(mode="json") | (_talk(seen.talk, each.id) if seen.talk else {})
            for each in _reasons(seen, item)
        ],
        "marks": [each.model_dump(mode="json") for each in _marks(seen, item)],
    }


def _talk(talk: Talk, public_id: str) -> dict[str, Any]:
    return {
        "is_own": public_id in talk.own,
        "own_mark": talk.marks.get(public_id),
        "replies": [
            {
                "reply": each.reply_id,
                "text": each.text,
                "is_own": each.is_own,
                "state": each.state,
                "because": each.because,
            }
            for each in talk.replies.get(public_id, ())
        ],
    }


def _reasons(seen: SeenRound, item: str) -> list[ShownReason]:
    """The reasons beside an item on this expert's pages, each once."""
    panel = seen.view.panel
    if panel is None:
        return []
    return list(
        {
            each.id: each
            for context, names in _beside(seen, item).items()
            for each in panel.reasons_for(item, context, names)
        }.values()
    )


def _marks(seen: SeenRound, item: str) -> list[ShownMarks]:
    """How reasons of the round before were marked, as it stands beside an item, each once."""
    panel = seen.view.panel
    if panel is None:
        return []
    return list(
        {
            each.reason.id: each
            for context, names in _beside(seen, item).items()
            for each in panel.marks_for(item, context, names)
        }.values()
    )


def _beside(seen: SeenRound, item: str) -> dict[str, list[str]]:
    """Context → the criteria that the item is rated on there."""
    criteria: dict[str, list[str]] = {}
    for cell in seen.cells:
        key = seen.instrument.spec(cell).key
        if key.item == item and key.criterion:
            criteria.setdefault(key.context, []).append(key.criterion)
    return criteria


def _title(seen: SeenRound, item: str) -> str:
    questionnaire = seen.instrument.questionnaire
    return questionnaire.items_by_id[item].title.get(questionnaire.language)


def _change(change: Change) -> dict[str, Any]:
    return {
        "item": change.item,
        "title": change.title,
        "outcome": change.outcome,
        "reason": change.reason,
        "verdict": change.verdict,
        "successors": list(change.successors),
        "results": [{"cell": each.cell, **_rating(each)} for each in change.ratings],
    }


def _lines(seen: SeenRound) -> Iterator[str]:
    panel = seen.view.panel
    who = seen.pseudonym or "this expert"
    variant = f", variant '{seen.view.variant}'" if seen.view.variant else ""
    if panel is None:
        yield f"Round {seen.number} as {who} sees it{variant}: nothing has been released for it yet."
    else:
        synthetic = " (synthetic panel: invented answers)" if panel.is_synthetic else ""
        yield (
            f"Round {seen.number} as {who} sees it{variant}: round {panel.round}, release {panel.release}, "
            f"{panel.submissions} submissions{synthetic}"
        )
        if panel.note:
            yield f"Note to the panel: {panel.note}"
    if seen.hides_own:
        yield "Own answers are left out, because the expert was looked for by address."
    for item in _items(seen):
        yield f"\n{_title(seen, item)}  [{item}]"
        yield from _item_lines(seen, item)
    if panel is not None and panel.settled:
        yield "\nNot asked any more:"
        for each in panel.settled:
            into = f" → {', '.join(each.successors)}" if each.successors else ""
            told = each.outcome if panel.shows_results or each.successors else "settled"
            yield f"  {each.title}  [{each.item}]: {told}{into}"


def _item_lines(seen: SeenRound, item: str) -> Iterator[str]:
    panel = seen.view.panel
    change = panel.changes.get(item) if panel else None
    if change is not None:
        yield f"  {change.outcome}: {change.reason}"
    for cell in seen.cells:
        key = seen.instrument.spec(cell).key
        if key.item != item or key.part:
            continue
        yield f"  {' '.join(filter(None, (key.criterion, key.context)))}"
        view = panel.ratings.get(cell) if panel else None
        if view is not None and panel is not None:
            yield from (f"    {line}" for line in _rating_lines(view, panel.smallest_group))
        if cell in seen.view.own:
            own = seen.view.own[cell]
            yield f"    own answer in round {own.round}: {_words(seen, cell, own.given)}"
    if panel is None:
        return
    summary = panel.summaries.get(item)
    if summary is not None:
        yield f"  summary: {' '.join(each.text for each in summary.sentences)}"
    for reason in _reasons(seen, item):
        beside = ", ".join(filter(None, (reason.band, reason.group, reason.context, reason.criterion)))
        yield f"  “{reason.text}”{f' ({beside})' if beside else ''}"
        if seen.talk is not None:
            yield from (f"    {line}" for line in _talk_lines(seen.talk, reason.id))
    for marks in _marks(seen, item):
        yield f"  marked in round {panel.round}: “{marks.reason.text}”"
        yield f"    {marks_line(marks)}"


def _talk_lines(talk: Talk, public_id: str) -> Iterator[str]:
    if public_id in talk.own:
        yield "the own reason"
    if public_id in talk.marks:
        yield f"own mark: {STANCE[talk.marks[public_id]]}"
    for each in talk.replies.get(public_id, ()):
        because = f": {each.because}" if each.because else ""
        yield f"{_OWN_REPLY[each.state] + because if each.is_own else 'reply'}: “{each.text}”"


def _rating_lines(view: RatingView, smallest: int) -> Iterator[str]:
    if view.panel is None:
        yield _NOT_SHOWN.get(view.hidden) or Why(view.hidden).sentence(k=smallest)
        return
    yield _figure_line("everybody", view.panel)
    for each in view.groups:
        yield _figure_line(each.group, each)
    if view.hidden_groups:
        yield f"not shown by themselves: {', '.join(view.hidden_groups)}"


def _figure_line(name: str, figure: Figure) -> str:
    pieces = [f"{name}: n {figure.n}"]
    if figure.at_least is not None:
        pieces.append(f"at least {figure.at_least}% chose {_or_dont_know(figure.mode)}")
    pieces += [f"{share.value}: {share.count} ({share.percent}%)" for share in figure.shares]
    if figure.dont_know is not None:
        pieces.append(f"don't know: {figure.dont_know.count} ({figure.dont_know.percent}%)")
    if figure.median is not None and figure.q1 is not None and figure.q3 is not None:
        numbers: Mapping[str, float] = {
            name: float(each)
            for name, each in (("median", figure.median), ("q1", figure.q1), ("q3", figure.q3))
        }
        pieces.append(f"median {numbers['median']:g} ({numbers['q1']:g}–{numbers['q3']:g})")
    return ", ".join(pieces)


def _or_dont_know(point: int | None) -> str:
    return "don't know" if point is None else str(point)
