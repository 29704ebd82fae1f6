"""Letters: the list, one letter's text with its preview, a test letter, and sending after a look at who."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import StringField, TextAreaField

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.extensions import get_config, get_database
from surveyapp.mail.kinds import REMINDERS, RULES, Kind
from surveyapp.mail.texts import Text, find_problems
from surveyapp.services.letters import outbox, texts
from surveyapp.services.letters.audience import AUDIENCES, Audience, find_waiting
from surveyapp.services.letters.occasions import list_automatic
from surveyapp.services.letters.office import make_office
from surveyapp.services.letters.reminding import Anchor, ReminderPlan, Rule, get_plan, set_plan
from surveyapp.services.letters.trying import preview, send_test
from surveyapp.services.reading.letters import count_by_state, find_first_seat, list_seats
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account.forms import text_of
from surveyapp.web.organiser.acting import Trouble, do, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.letters import words
from surveyapp.web.organiser.letters.pages import (
    Choice,
    LettersPage,
    RecipientsPage,
    RuleRow,
    TextPage,
    anchors,
    chips,
    letter_row,
    rule_rows,
)
from surveyapp.web.organiser.round_parts import show

if TYPE_CHECKING:
    from surveyapp.models import Study

_MOST_SEATS = 500


class TextForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What a letter says."""

    subject = StringField(lazy_gettext("Subject"))
    body = TextAreaField(lazy_gettext("Text"), render_kw={"rows": 18})


def _audiences() -> tuple[Choice, ...]:
    return tuple(Choice(each, words.audience_of(each)) for each in AUDIENCES)


def _letter(kind: str, number: int) -> Kind:
    try:
        found = Kind(kind)
    except ValueError:
        abort(404)
    if number > RULES[found].texts:
        abort(404)
    return found


@blueprint.get("/s/<slug>/letters")
def letters(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """All letters of the study, and the rules of its reminders."""
    return _show_letters()


def _show_letters(
    *, trouble: Trouble | None = None, rules: tuple[RuleRow, ...] = (), most: str = ""
) -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        languages = texts.languages_of(session, study=study)
        own = texts.list_own(session, study_id=study.id)
        automatic = list_automatic(session, study_id=study.id)
        rows = tuple(
            letter_row(
                kind,
                number,
                is_automatic=kind in automatic,
                own=tuple(each for each in languages if (str(kind), number, each) in own),
            )
            for kind in Kind
            for number in range(1, RULES[kind].texts + 1)
        )
        plan = get_plan(session, study_id=study.id)
        held = count_by_state(session, study_id=study.id)
    page = LettersPage(
        rows=rows,
        rules=rules or rule_rows(plan),
        most=most or str(plan.most),
        anchors=anchors(),
        audiences=_audiences(),
        place=make_office(get_config()).place,
        waiting=held.get("queued", 0) + held.get("sending", 0),
        troubled=sum(held.get(each, 0) for each in ("refused", "unknown", "bounced")),
    )
    status = trouble.status if trouble else 200
    return show("organiser/letters/letters.html", page, status=status, trouble=trouble)


@blueprint.post("/s/<slug>/letters/<kind>/automatic")
def set_letter_automatic(slug: str, kind: str) -> ResponseReturnValue:
    """Let an event send a letter by itself, or not."""
    found = _letter(kind, 1)

    def verb(session: Session, study: Study, now: datetime) -> None:
        is_on = request.form.get("automatic") == "on"
        texts.set_automatic(session, study=study, kind=found, is_on=is_on, now=now, actor=get_desk().email)

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_letters(trouble=done)
    return redirect(url_for("organiser.letters", slug=slug), 303)


@blueprint.post("/s/<slug>/letters/reminders")
def set_reminders(slug: str) -> ResponseReturnValue:
    """Put other rules in the place of those there are."""
    rows, rules, problems = [], [], []
    for number in range(1, REMINDERS + 1):
        typed = {
            name: request.form.get(f"{name}-{number}", "").strip()[:40]
            for name in ("days", "hour", "anchor", "audience")
        }
        row = RuleRow(number, is_on=request.form.get(f"on-{number}") == "1", **typed)
        rows.append(row)
        if row.is_on:
            try:
                rules.append(_rule(row))
            except ValueError:
                what = Sentence("write days as a whole number, and the hour like 09:00.")
                problems.append(Problem(words.name_of(Kind.REMINDER, number), what))
    most = request.form.get("most", "").strip()[:10]
    if not (most.isascii() and most.isdigit()):
        problems.append(Problem("most", Sentence("write a whole number.")))

    def verb(session: Session, study: Study, now: datetime) -> None:
        if problems:
            raise InputError(problems)
        plan = ReminderPlan(tuple(rules), int(most))
        set_plan(session, study=study, plan=plan, now=now, actor=get_desk().email)

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_letters(trouble=done, rules=tuple(rows), most=most or "0")
    return redirect(url_for("organiser.letters", slug=slug) + "#reminders", 303)


def _rule(row: RuleRow) -> Rule:
    hour, _colon, minute = row.hour.partition(":")
    return Rule(
        row.number,
        cast("Anchor", row.anchor),
        int(row.days),
        int(hour) * 60 + int(minute or 0),
        cast("Audience", row.audience),
    )


@blueprint.get("/s/<slug>/letters/<kind>/<number:number>")
def letter(slug: str, kind: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - see the guard
    """One letter's text, and how somebody on the panel would read it."""
    return _show_letter(_letter(kind, number), number, TextForm(formdata=None))


@blueprint.post("/s/<slug>/letters/<kind>/<number:number>")
def write_letter(slug: str, kind: str, number: int) -> ResponseReturnValue:
    """Save the text, look at it without saving, or go back to the one that comes with the program."""
    found, form = _letter(kind, number), TextForm()
    act = request.form.get("act", "save")
    typed = Text(text_of(form.subject), text_of(form.body))
    if act == "look":
        return _show_letter(found, number, form, typed=typed)
    language = request.form.get("language", "")[:20]

    def verb(session: Session, study: Study, now: datetime) -> None:
        texts.save_text(
            session,
            study=study,
            kind=found,
            number=number,
            language=language,
            text=None if act == "built-in" else typed,
            now=now,
            actor=get_desk().email,
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_letter(found, number, form, trouble=done)
    return redirect(
        url_for("organiser.letter", slug=slug, kind=kind, number=number, language=language, saved="1"), 303
    )


def _show_letter(
    kind: Kind,
    number: int,
    form: TextForm,
    *,
    typed: Text | None = None,
    trouble: Trouble | None = None,
) -> ResponseReturnValue:
    desk, is_typed = get_desk(), form.is_submitted() and form.body.data is not None
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        languages = texts.languages_of(session, study=study)
        asked = request.values.get("language", "")
        language = asked if asked in languages else languages[0]
        held = texts.find_text(session, study_id=study.id, kind=kind, number=number, language=language)
        if not is_typed:
            form.subject.data, form.body.data = held.text.subject, held.text.body
        seat = request.values.get("seat", "")[:40] or find_first_seat(session, study_id=study.id)
        seen = None
        if typed is not None and (problems := find_problems(kind, typed)):
            trouble = trouble_of(InputError(problems))
        if seat:
            try:
                seen = preview(
                    session,
                    make_office(get_config()),
                    study=study,
                    occasion=outbox.occasion_to_look_at(session, study=study, kind=kind, number=number),
                    pseudonym=seat,
                    text=typed,
                )
            except NotFound as error:
                trouble = trouble or trouble_of(error)
    page = TextPage(
        kind=str(kind),
        number=number,
        name=words.name_of(kind, number),
        language=language,
        languages=languages,
        variables=chips(kind),
        version=held.version,
        may_be_sent=kind not in outbox.PERSONAL,
        seat=seat,
        preview=seen,
    )
    status = trouble.status if trouble else 200
    return show(
        "organiser/letters/letter.html",
        page,
        status=status,
        trouble=trouble,
        text_form=form,
        tested=desk.email if request.args.get("tested") == "1" else "",
        is_saved=request.args.get("saved") == "1",
    )


@blueprint.post("/s/<slug>/letters/<kind>/<number:number>/test")
def test_letter(slug: str, kind: str, number: int) -> ResponseReturnValue:
    """Send one letter to the organiser's own address, and say what the mail server said."""
    found, desk = _letter(kind, number), get_desk()
    language = request.form.get("language", "")[:20]
    try:
        send_test(
            get_database(),
            make_office(get_config()),
            slug=slug,
            kind=found,
            number=number,
            language=language,
            to=desk.email,
            actor=desk.email,
        )
    except (InputError, Refused) as error:
        return _show_letter(found, number, TextForm(formdata=None), trouble=trouble_of(error))
    return redirect(
        url_for("organiser.letter", slug=slug, kind=kind, number=number, language=language, tested="1"), 303
    )


@blueprint.get("/s/<slug>/letters/<kind>/<number:number>/send")
def letter_recipients(slug: str, kind: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - see the guard
    """Exactly how many would get this letter now, and who, before it is sent."""
    return _show_recipients(_letter(kind, number), number)


def _audience() -> Audience:
    asked = request.values.get("audience", "")
    return asked if asked in AUDIENCES else "not_submitted"


def _show_recipients(kind: Kind, number: int, *, trouble: Trouble | None = None) -> ResponseReturnValue:
    desk, audience = get_desk(), _audience()
    waiting: list[int] = []
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        try:
            occasion = outbox.find_occasion(session, study=study, kind=kind, number=number)
            waiting = find_waiting(session, occasion=occasion, now=read_now(session), audience=audience)
        except Refused as error:
            trouble = trouble or trouble_of(error)
        seats = list_seats(session, study_id=study.id, ids=waiting, most=_MOST_SEATS)
    page = RecipientsPage(
        kind=str(kind),
        number=number,
        name=words.name_of(kind, number),
        count=len(waiting),
        seats=seats,
        fingerprint=outbox.fingerprint(waiting),
        audience=audience,
        audiences=_audiences() if kind is Kind.REMINDER else (),
        place=make_office(get_config()).place,
    )
    status = trouble.status if trouble else 200
    return show("organiser/letters/recipients.html", page, status=status, trouble=trouble)


@blueprint.post("/s/<slug>/letters/<kind>/<number:number>/send")
def send_letter(slug: str, kind: str, number: int) -> ResponseReturnValue:
    """Put the letter into the outbox for those who were looked at."""
    found = _letter(kind, number)

    def verb(session: Session, study: Study, now: datetime) -> None:
        outbox.send_letters(
            session,
            study=study,
            occasion=outbox.find_occasion(session, study=study, kind=found, number=number),
            now=now,
            actor=get_desk().email,
            audience=_audience(),
            # Nothing is sent to people whom nobody looked at.
            reviewed=request.form.get("reviewed", "") or "nobody",
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_recipients(found, number, trouble=done)
    return redirect(url_for("organiser.outbox", slug=slug, kind=kind, sent="1"), 303)
