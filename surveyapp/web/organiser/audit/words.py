"""What acts and their particulars are called in the record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from flask_babel import lazy_gettext as _

from surveyapp.mail.kinds import Kind
from surveyapp.services.anonymity import LEVELS
from surveyapp.services.permissions import Role
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.letters.words import name_of
from surveyapp.web.organiser.members.words import level_words, role_words
from surveyapp.web.organiser.words import outcome_word

_MOST_NAMED = 12
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
# Said in the language of whoever reads the page, and only those that stand on it.
_SORTS: Final[Mapping[str, Any]] = {
    "access": _("access"),
    "identity": _("names"),
    "item": _("items"),
    "job": _("jobs"),
    "letters": _("letters"),
    "member": _("members"),
    "organiser": _("accounts"),
    "panel": _("the panel"),
    "panellist": _("panellists"),
    "proposal": _("single proposals"),
    "proposals": _("proposals"),
    "protocol": _("the protocol"),
    "questionnaire": _("questionnaires"),
    "reason": _("single reasons"),
    "reasons": _("reasons"),
    "reply": _("replies"),
    "round": _("rounds"),
    "study": _("the study"),
    "submission": _("submissions"),
    "summary": _("summaries"),
    "theme": _("themes"),
}
_ACTS: Final[Mapping[str, Any]] = {
    "access.refused": _("was refused an act"),
    "identity.look_up": _("looked up who somebody is"),
    "item.decide": _("decided about an item"),
    "item.undecide": _("took a decision back"),
    "job.again": _("let a job run again"),
    "letters.bounced": _("noted letters that came back"),
    "letters.cancel": _("called letters back"),
    "letters.remind": _("sent reminders by rule"),
    "letters.retry": _("had letters sent again"),
    "letters.rules": _("changed when reminders go"),
    "letters.send": _("sent letters"),
    "letters.setting": _("changed which letters go by themselves"),
    "letters.test": _("sent a letter for a test"),
    "letters.text": _("changed the text of a letter"),
    "member.invitation_withdrawn": _("took an invitation back"),
    "member.invite": _("invited somebody to the study"),
    "member.join": _("joined the study"),
    "member.remove": _("removed somebody from the study"),
    "member.role": _("changed somebody's role"),
    "organiser.grant": _("gave somebody a role"),
    "panel.approve": _("took people on who asked for a seat"),
    "panel.names_forgotten": _("deleted the names of everybody on the day that was said"),
    "panel.names_kept": _("said how long names are kept"),
    "panel.refuse": _("refused people who asked for a seat"),
    "panel.registration": _("changed the registration"),
    "panellist.erase": _("erased a person"),
    "panellist.export": _("took out all that is kept about a panellist"),
    "panel.import": _("imported the panel"),
    "panel.links": _("took the personal links home"),
    "panellist.change": _("changed what is known of a panellist"),
    "panellist.declined": _("declined"),
    "panellist.invite": _("invited a panellist again"),
    "panellist.invited": _("takes part after all"),
    "panellist.letters": _("chose which letters come"),
    "panellist.link": _("made a new personal link"),
    "panellist.not_me": _("said that the letter reached the wrong person"),
    "panellist.withdraw": _("withdrew"),
    "proposal.cover": _("let an item cover proposals"),
    "proposal.group": _("grouped proposals"),
    "proposal.put_back": _("put proposals back"),
    "proposal.redact": _("redacted a proposal"),
    "proposal.set_aside": _("set proposals aside"),
    "proposal.ungroup": _("dissolved a group of proposals"),
    "proposals.erase": _("erased a panellist's proposals"),
    "proposals.export": _("took proposals home"),
    "proposals.gather": _("gathered proposals"),
    "protocol.amend": _("amended the protocol"),
    "protocol.lock": _("locked the protocol"),
    "protocol.set": _("gave the study a protocol"),
    "questionnaire.derive": _("made the next questionnaire"),
    "reason.merge": _("merged reasons"),
    "reason.put_back": _("put reasons back"),
    "reason.redact": _("redacted a reason"),
    "reason.release": _("let reasons be shown"),
    "reason.set_aside": _("set reasons aside"),
    "reasons.code": _("coded reasons"),
    "reasons.erase": _("erased a panellist's reasons"),
    "reasons.export": _("took reasons home"),
    "reasons.gather": _("gathered reasons"),
    "reasons.import": _("brought reasons back from a file"),
    "reasons.uncode": _("forgot codes"),
    "reply.hide": _("refused a reply"),
    "reply.show": _("passed a reply on"),
    "round.cancel": _("cancelled a round"),
    "round.close": _("closed a round"),
    "round.correct": _("put the wording of an open round right"),
    "round.extend": _("moved a deadline"),
    "round.open": _("opened a round"),
    "round.refresh": _("renewed a round's figures"),
    "round.release": _("released a round"),
    "round.reopen": _("opened a round again"),
    "round.schedule": _("scheduled a round"),
    "round.settle": _("settled a round"),
    "study.anonymity": _("promised who may see what"),
    "study.archive": _("archived the study"),
    "study.change": _("changed the study"),
    "study.copy": _("copied the study"),
    "study.create": _("created the study"),
    "study.delete": _("asked for the study to be deleted"),
    "study.deleted": _("deleted the study"),
    "study.export": _("took the study home"),
    "study.keep": _("called the deletion back"),
    "study.rehearse": _("began a rehearsal"),
    "study.rehearsal_removed": _("removed a rehearsal"),
    "study.simulate": _("let invented people answer"),
    "study.unarchive": _("brought the study back"),
    "submission.admit": _("let in late answers"),
    "summary.write": _("wrote a summary"),
    "theme.add": _("added a theme"),
    "theme.change": _("changed a theme"),
    "theme.remove": _("removed a theme"),
}
_DETAILS: Final[Mapping[str, Any]] = {
    "act": _("act"),
    "added": _("added"),
    "after": _("after"),
    "answers_kept": _("answers kept"),
    "asks": _("asks"),
    "automatic": _("by itself"),
    "because": _("because"),
    "before": _("before"),
    "by": _("by"),
    "changed": _("changed"),
    "closes_at": _("closes"),
    "coder": _("coder"),
    "correction": _("correction"),
    "codes": _("codes"),
    "cohort": _("cohort"),
    "definition": _("definition"),
    "delete_at": _("to be deleted"),
    "found": _("found"),
    "gone": _("gone"),
    "groups": _("groups"),
    "id": _("number"),
    "input_sha256": _("SHA-256 of what it was made from"),
    "item": _("item"),
    "job": _("job"),
    "kind": _("kind"),
    "language": _("language"),
    "late": _("late"),
    "lead": _("stands for the others"),
    "left": _("left as they were"),
    "letters": _("letters"),
    "level": _("level"),
    "links": _("links"),
    "missing": _("missing"),
    "mode": _("how"),
    "most": _("at most"),
    "number": _("number"),
    "opens_at": _("opens"),
    "outcome": _("outcome"),
    "panellists": _("panellists"),
    "proposal": _("proposal"),
    "proposals": _("proposals"),
    "proposed": _("proposed"),
    "protocol": _("protocol"),
    "pseudonym": _("pseudonym"),
    "questionnaire": _("questionnaire"),
    "reason": _("reason"),
    "reasons": _("reasons"),
    "released_text": _("released text"),
    "reply": _("reply"),
    "role": _("role"),
    "round": _("round"),
    "rows": _("rows"),
    "rules": _("rules"),
    "second_factor": _("second factor"),
    "sentences": _("sentences"),
    "sessions": _("sessions"),
    "sha256": _("SHA-256"),
    "slug": _("short name"),
    "sources": _("sources"),
    "state": _("state"),
    "submission": _("submission"),
    "synthetic": _("invented"),
    "text": _("text"),
    "theme": _("theme"),
    "themes": _("themes"),
    "title": _("title"),
    "version": _("version"),
    "way": _("way"),
    "wish": _("wish"),
}


def facts_of(act: str, detail: Mapping[str, Any], zone: str) -> Iterator[str]:
    """The particulars of an act, each with its name."""
    for name, value in detail.items():
        if value in (None, "", []):
            continue
        several = value if isinstance(value, list) else [value]
        shown = ", ".join(_shown(act, name, each, zone) for each in several[:_MOST_NAMED])
        said = _DETAILS.get(name) or name.replace("_", " ")
        yield f"{said}: {shown}{' …' if len(several) > _MOST_NAMED else ''}"


def _shown(act: str, name: str, value: object, zone: str) -> str:
    """Times as the page writes them; of a hash its beginning, for the file has it whole."""
    text = str(value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if _TIME.fullmatch(text):
        return written_time(datetime.fromisoformat(text), zone, page_language())
    if _HASH.fullmatch(text):
        return f"{text[:12]}…"
    return _in_words(act, name, text)


def _in_words(act: str, name: str, text: str) -> str:
    """A word of ours in the language of the page; anything else as it stands."""
    if name == "role" and text in set(Role):
        return role_words(Role(text))[0]
    if name == "kind" and act.startswith("letters.") and text in set(Kind):
        return name_of(Kind(text))
    if name in {"outcome", "proposed"}:
        return outcome_word(text)
    if name == "level" and text in LEVELS:
        return level_words(text)[0]
    return text


def sort_words(sort: str) -> str:
    """What acts of a sort are about."""
    return str(_SORTS.get(sort, sort))


def act_words(act: str) -> str:
    """What an act is called; one that this page does not know keeps its short name."""
    return str(_ACTS.get(act, act))
