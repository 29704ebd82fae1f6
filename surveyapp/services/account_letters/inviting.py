"""Invitations to work on a study that go by letter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from surveyapp.mail.account_texts import AccountLetter
from surveyapp.mail.links import derive_account_secret
from surveyapp.models import Study
from surveyapp.services import members
from surveyapp.services.account_letters.asking import new_seed, put


def invite_by_letter(
    session: Session,
    *,
    study: Study,
    email: str,
    role: str,
    language: str,
    link_key: bytes,
    now: datetime,
    actor: str,
) -> None:
    """Invite the person at this address, and have the link sent there; nobody else gets to see it.

    Raises what `members.invite` raises.
    """
    seed = new_seed()
    secret = derive_account_secret(link_key, seed=seed)
    members.invite(session, study=study, email=email, role=role, now=now, actor=actor, secret=secret)
    put(
        session,
        letter=AccountLetter.INVITATION,
        key=members.letter_key(secret),
        seed=seed,
        organiser_id=0,
        language=language,
        now=now,
        actor=actor,
        study_id=study.id,
    )
