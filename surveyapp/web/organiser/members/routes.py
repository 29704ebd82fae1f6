"""Members of a study: invited, given another role, removed; and what the study promises about names."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import InputError, Refused, say
from surveyapp.extensions import get_config, get_database
from surveyapp.mail.links import account_link
from surveyapp.services import anonymity, members
from surveyapp.services.account_letters.inviting import invite_by_letter
from surveyapp.services.letters.office import make_office
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.languages import page_language, spoken_languages
from surveyapp.web.organiser.account.forms import attach, text_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.members.forms import AnonymityForm, InviteForm, RoleForm
from surveyapp.web.organiser.members.pages import NewLink, anonymity_choice, members_page
from surveyapp.web.organiser.tabs import tabs


@blueprint.get("/s/<slug>/members", endpoint="members")
def show_members(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """Who works on the study."""
    return _show(InviteForm(formdata=None))


@blueprint.post("/s/<slug>/members")
def invite_member(slug: str) -> ResponseReturnValue:
    """Invite somebody: by letter, or with a link that the page shows this once and that is kept nowhere."""
    form, desk = InviteForm(), get_desk()
    if not form.validate():
        return _show(form, status=422)
    email, role, secret = text_of(form.email).strip(), text_of(form.role), ""
    office = make_office(get_config())
    is_letter = office.transport.is_mail and form.way.data != "shown"
    language = form.language.data if form.language.data in spoken_languages() else page_language()
    try:
        with get_database().verb() as session:
            study, now = get_study(session, slug=slug), read_now(session)
            if is_letter:
                invite_by_letter(
                    session,
                    study=study,
                    email=email,
                    role=role,
                    language=language,
                    link_key=office.link_key,
                    now=now,
                    actor=desk.email,
                )
            else:
                secret = members.invite(
                    session, study=study, email=email, role=role, now=now, actor=desk.email
                )
    except InputError as error:
        return _show(form, wrong=attach(form, error, {"email": "email", "role": "role"}), status=422)
    except Refused as error:
        return _show(form, wrong=error.said_by(_), status=409)
    if is_letter:
        return redirect(url_for("organiser.members", slug=slug, _anchor="invitations"), 303)
    link = account_link(office.base_url, secret)
    return _show(InviteForm(formdata=None), new_link=NewLink(email, link))


@blueprint.post("/s/<slug>/members/invitations/<name>/withdraw")
def withdraw_invitation(slug: str, name: str) -> ResponseReturnValue:
    """Make an invitation's link open nothing."""
    with get_database().verb() as session:
        members.withdraw_invitation(
            session,
            study=get_study(session, slug=slug),
            name=name,
            now=read_now(session),
            actor=get_desk().email,
        )
    return redirect(url_for("organiser.members", slug=slug), 303)


@blueprint.post("/s/<slug>/members/<number:organiser_id>/role")
def change_member(slug: str, organiser_id: int) -> ResponseReturnValue:
    """Give a member another role."""
    form, desk = RoleForm(), get_desk()
    try:
        with get_database().verb() as session:
            members.change_role(
                session,
                study=get_study(session, slug=slug),
                organiser_id=organiser_id,
                role=form.role.data or "",
                now=read_now(session),
                actor=desk.email,
            )
    except (InputError, Refused) as error:
        return _show(InviteForm(formdata=None), wrong=error.said_by(_), status=409)
    return _go_on(slug, organiser_id)


@blueprint.post("/s/<slug>/members/<number:organiser_id>/remove")
def remove_member(slug: str, organiser_id: int) -> ResponseReturnValue:
    """Let somebody work on the study no longer."""
    try:
        with get_database().verb() as session:
            members.remove(
                session,
                study=get_study(session, slug=slug),
                organiser_id=organiser_id,
                now=read_now(session),
                actor=get_desk().email,
            )
    except Refused as error:
        return _show(InviteForm(formdata=None), wrong=error.said_by(_), status=409)
    return _go_on(slug, organiser_id)


@blueprint.post("/s/<slug>/members/anonymity")
def change_anonymity(slug: str) -> ResponseReturnValue:
    """Promise another level, before the first answer."""
    form = AnonymityForm()
    try:
        with get_database().verb() as session:
            anonymity.set_anonymity(
                session,
                study=get_study(session, slug=slug),
                level=form.level.data or "",
                now=read_now(session),
                actor=get_desk().email,
            )
    except (InputError, Refused) as error:
        return _show(InviteForm(formdata=None), wrong=error.said_by(_), status=409)
    return redirect(url_for("organiser.members", slug=slug), 303)


def _go_on(slug: str, organiser_id: int) -> ResponseReturnValue:
    # Whoever changed the own role may have lost the way back to this page.
    if organiser_id == get_desk().organiser_id:
        return redirect(url_for("organiser.studies"), 303)
    return redirect(url_for("organiser.members", slug=slug), 303)


def _show(
    form: InviteForm, *, wrong: str = "", new_link: NewLink | None = None, status: int = 200
) -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        why_fixed = anonymity.find_why_fixed(session, study=study)
        page = members_page(
            members.list_members(session, study_id=desk.study_id),
            members.list_invitations(session, study_id=desk.study_id, now=read_now(session)),
            anonymity_choice(study.anonymity, why_fixed=say(why_fixed, _) if why_fixed else ""),
            you=desk.organiser_id,
            has_letters=make_office(get_config()).transport.is_mail,
            time_zone=desk.time_zone,
            new_link=new_link,
            wrong=wrong,
        )
    return (
        render_template("organiser/members.html", desk=desk, tabs=tabs(desk), page=page, form=form),
        status,
    )
