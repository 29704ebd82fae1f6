"""``surveyapp proposals``: the items that experts proposed, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import click
from sqlalchemy.orm import Session

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.proposal_files import count_of, export, import_, round_option
from surveyapp.services.proposals import handling
from surveyapp.services.proposals.gathering import gather_proposals
from surveyapp.services.reading.proposals import (
    LikeItem,
    ProposalAtWork,
    Suggested,
    find_collected_round,
    list_proposals,
    suggest,
)
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_STATE_WORDS: Mapping[str, str] = {
    "unread": "unread",
    "item": "became items",
    "covered": "covered",
    "set_aside": "set aside",
}

names_argument = click.argument("names", metavar="NAME…", nargs=-1, required=True)


@click.group()
def proposals() -> None:
    """Work on the items that experts proposed: group them, make items of them, set them aside."""


@proposals.command(name="list")
@click.argument("study")
@round_option
@click.option(
    "--state",
    type=click.Choice([name.replace("_", "-") for name in _STATE_WORDS]),
    help="Only in this state.",
)
@json_option
@installation
def list_(here: Installation, *, study: str, number: int | None, state: str | None, as_json: bool) -> None:
    """Show what experts proposed in a closed round and what became of it, never who proposed it.

    Those that say the same stand under the one that stands for them.

    \b
    Example:
      surveyapp proposals list my-study --round 0
      surveyapp proposals list my-study --state unread
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        number = find_collected_round(session, study_id=found.id) if number is None else number
        gather_proposals(session, study_id=found.id, round_number=number, now=read_now(session), actor=ACTOR)
        listed = list_proposals(
            session, study=found, round_number=number, state=(state or "").replace("-", "_")
        )
    if as_json:
        print_json({"study": study, "round": number, "proposals": [_as_json(each) for each in listed]})
        return
    _print_head(listed, study=study, number=number)
    for each in listed:
        click.echo(_line(each))


@proposals.command()
@click.argument("study")
@round_option
@json_option
@installation
def alike(here: Installation, *, study: str, number: int | None, as_json: bool) -> None:
    """Suggest which unread proposals say the same, by their wording alone. Nothing is changed.

    \b
    Example:
      surveyapp proposals alike my-study
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        number = find_collected_round(session, study_id=found.id) if number is None else number
        gather_proposals(session, study_id=found.id, round_number=number, now=read_now(session), actor=ACTOR)
        found_alike = suggest(session, study=found, round_number=number)
    if as_json:
        print_json({"study": study, "round": number, **_suggested_as_json(found_alike)})
        return
    if not found_alike.groups and not found_alike.like_items:
        click.echo("No two unread proposals are worded alike, and none is like an item.")
    for each in found_alike.like_items:
        click.echo(f"{each.public_id} is worded like the item '{each.item}' ({_percent(each)} in common):")
        click.echo(f"  surveyapp proposals cover {study} {each.public_id} --item {each.item}")
    for names in found_alike.groups:
        click.echo(f"{count_of(len(names), 'proposal')} are worded alike:")
        click.echo(f"  surveyapp proposals group {study} {' '.join(names)}")


@proposals.command()
@click.argument("study")
@click.argument("lead")
@names_argument
@json_option
@installation
def group(here: Installation, *, study: str, lead: str, names: tuple[str, ...], as_json: bool) -> None:
    """Let the proposal LEAD stand for others that say the same; they share what becomes of it.

    \b
    Example:
      surveyapp proposals group my-study N-7KQ2M3A N-B4XW9TC N-QD55ZHR
    """
    with _at_work(here, study) as work:
        count = handling.group_proposals(
            work.session, study_id=work.study_id, lead=lead, others=names, now=work.now, actor=ACTOR
        )
    _tell(study, "group", count, as_json, f"{lead.upper()} stands for {count_of(count, 'other')} now.")


@proposals.command()
@click.argument("study")
@names_argument
@json_option
@installation
def ungroup(here: Installation, *, study: str, names: tuple[str, ...], as_json: bool) -> None:
    """Let proposals stand for themselves again; of one that stands for others, all of them.

    \b
    Example:
      surveyapp proposals ungroup my-study N-B4XW9TC
    """
    count = _act(here, study, names, handling.ungroup_proposals)
    _tell(study, "ungroup", count, as_json, f"{count_of(count, 'proposal')} made free.")


@proposals.command()
@click.argument("study")
@names_argument
@click.option("--item", required=True, help="The item that says what these propose.")
@click.option("--because", default="", help="Why, if it is not plain.")
@json_option
@installation
def cover(
    here: Installation, *, study: str, names: tuple[str, ...], item: str, because: str, as_json: bool
) -> None:
    """Say that an item there is covers these proposals; those that say the same go with them.

    \b
    Example:
      surveyapp proposals cover my-study N-7KQ2M3A --item audits --because "the definition names it"
    """
    with _at_work(here, study) as work:
        count = handling.cover_proposals(
            work.session,
            study_id=work.study_id,
            names=names,
            item=item,
            because=because,
            now=work.now,
            actor=ACTOR,
        )
    _tell(study, "cover", count, as_json, f"{count_of(count, 'proposal')} covered by '{item}'.")


@proposals.command(name="set-aside")
@click.argument("study")
@names_argument
@click.option("--because", required=True, help="Why; it stands in the record and in the data package.")
@json_option
@installation
def set_aside(here: Installation, *, study: str, names: tuple[str, ...], because: str, as_json: bool) -> None:
    """Decide that proposals become no item, and why; those that say the same go with them.

    \b
    Example:
      surveyapp proposals set-aside my-study N-QD55ZHR --because "no measure, but a wish"
    """
    with _at_work(here, study) as work:
        count = handling.set_aside_proposals(
            work.session,
            study_id=work.study_id,
            names=names,
            because=because,
            now=work.now,
            actor=ACTOR,
        )
    _tell(study, "set-aside", count, as_json, f"{count_of(count, 'proposal')} set aside.")


@proposals.command(name="put-back")
@click.argument("study")
@names_argument
@json_option
@installation
def put_back(here: Installation, *, study: str, names: tuple[str, ...], as_json: bool) -> None:
    """Undo a setting aside or a covering. What has become an item is freed by 'decide --take-back'.

    \b
    Example:
      surveyapp proposals put-back my-study N-QD55ZHR
    """
    count = _act(here, study, names, handling.put_back_proposals)
    _tell(study, "put-back", count, as_json, f"{count_of(count, 'proposal')} to be read again.")


@proposals.command()
@click.argument("study")
@click.argument("name")
@click.option("--text", required=True, help="The proposal without what identifies its author.")
@json_option
@installation
def redact(here: Installation, *, study: str, name: str, text: str, as_json: bool) -> None:
    """Take out of a proposal what identifies its author; what was submitted stays beside it.

    \b
    Example:
      surveyapp proposals redact my-study N-7KQ2M3A --text "A register of incidents"
    """
    with _at_work(here, study) as work:
        handling.redact_proposal(
            work.session,
            study_id=work.study_id,
            name=name,
            released_text=text,
            now=work.now,
            actor=ACTOR,
        )
    _tell(study, "redact", 1, as_json, f"{name.upper()} is passed on as: {' '.join(text.split())}")


def tell_unread(unread: int, *, study: str, number: int) -> str:
    """That proposals wait to be read: said wherever a study goes on, and never in its way."""
    told = "1 proposal has" if unread == 1 else f"{unread} proposals have"
    return f"Please note: {told} found no place yet: surveyapp proposals list {study} --round {number}"


proposals.add_command(export)
proposals.add_command(import_)


@dataclass(frozen=True, slots=True)
class _Work:
    session: Session
    study_id: int
    now: datetime


@contextmanager
def _at_work(here: Installation, study: str) -> Iterator[_Work]:
    with here.database.verb() as session:
        yield _Work(session, get_study(session, slug=study).id, read_now(session))


def _act(here: Installation, study: str, names: Sequence[str], verb: Callable[..., int]) -> int:
    with _at_work(here, study) as work:
        return verb(work.session, study_id=work.study_id, names=names, now=work.now, actor=ACTOR)


def _tell(study: str, act: str, count: int, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json({"study": study, "act": act, "proposals": count})
        return
    click.echo(sentence)


def _print_head(listed: Sequence[ProposalAtWork], *, study: str, number: int) -> None:
    states = Counter(each.state for each in listed)
    told = ", ".join(f"{states[state]} {word}" for state, word in _STATE_WORDS.items() if states[state])
    click.echo(
        f"Round {number} of '{study}': {count_of(len(listed), 'proposal')}{f' ({told})' if told else ''}."
    )


def _line(each: ProposalAtWork) -> str:
    place = {"item": f"item '{each.item}'", "covered": f"covered by '{each.item}'"}
    what = place.get(each.state, _STATE_WORDS[each.state])
    if each.because:
        what += f": {each.because}"
    people = f", {each.people} people" if each.people > 1 and not each.grouped_as else ""
    indent = "    says the same: " if each.grouped_as else "  "
    return f"{indent}{each.public_id}  {each.words}  [{what}{people}]"


def _as_json(each: ProposalAtWork) -> dict[str, object]:
    return {
        "proposal": each.public_id,
        "question": each.question,
        "context": each.context,
        "text": each.text,
        "released_text": each.released_text,
        "language": each.language,
        "state": each.state,
        "item": each.item,
        "because": each.because,
        "grouped_as": each.grouped_as,
        "says_the_same": list(each.says_the_same),
        "people": each.people,
        "groups": list(each.groups),
        "handled_by": each.handled_by,
    }


def _suggested_as_json(found: Suggested) -> dict[str, object]:
    return {
        "groups": [{"lead": lead, "proposals": others} for lead, *others in found.groups],
        "like_items": [
            {"proposal": each.public_id, "item": each.item, "share": round(float(each.share), 3)}
            for each in found.like_items
        ],
    }


def _percent(each: LikeItem) -> str:
    return f"{round(100 * each.share)} %"
