"""Which right each of the organiser's addresses needs: the one table, complete by test.

An address that is in none of these is closed to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from surveyapp.services.permissions import Right

# The doors in the wall: nobody is signed in yet.
OPEN = frozenset(
    {
        "sign_in",
        "enter",
        "second_step",
        "give_second",
        "ask_passkey",
        "enter_by_passkey",
        "forgotten",
        "ask_reset",
        "follow_link",
        "set_up",
        "reset_password",
        "join_with_new_account",
    }
)
# For everybody who is signed in, whatever the study.
SIGNED_IN = frozenset(
    {
        "studies",
        "new_study",
        "begin_study",
        "sign_out",
        "confirm",
        "give_confirmation",
        "account",
        "choose_language",
        "password",
        "change_password",
        "end_session",
        "end_other_sessions",
        "authenticator",
        "begin_authenticator",
        "confirm_authenticator",
        "remove_authenticator",
        "ask_new_passkey",
        "add_passkey",
        "rename_passkey",
        "remove_passkey",
        "renew_recovery_codes",
        "join",
    }
)
# Addresses of one study, `/organiser/s/STUDY/…`: the right that somebody needs there.
IN_STUDY: Mapping[str, Right] = MappingProxyType(
    {
        "study": Right.PROGRESS,
        "progress": Right.PROGRESS,
        "export": Right.EXPORT,
        "make_export": Right.EXPORT,
        # Running rounds.
        "rounds": Right.PROGRESS,
        "open_round": Right.ROUNDS,
        "schedule_round": Right.ROUNDS,
        "extend_round": Right.ROUNDS,
        "close_round": Right.ROUNDS,
        "reopen_round": Right.ROUNDS,
        "cancel_round": Right.ROUNDS,
        "admit_late": Right.ROUNDS,
        # What was corrected in a round's wording is read by everybody who watches the study.
        "wording": Right.PROGRESS,
        "wording_text": Right.ROUNDS,
        "correct_text": Right.ROUNDS,
        # Between rounds.
        "results_latest": Right.RESULTS,
        "results": Right.RESULTS,
        "result": Right.RESULTS,
        "attrition_latest": Right.RESULTS,
        "attrition": Right.RESULTS,
        "reasons_latest": Right.REASONS,
        "reasons": Right.REASONS,
        "gather_reasons": Right.REASONS,
        "set_aside_empty": Right.REASONS,
        "take_reasons": Right.REASONS,
        "bring_reasons": Right.REASONS,
        "reasons_on": Right.REASONS,
        "handle_reasons": Right.REASONS,
        "redact_reason": Right.REASONS,
        "write_item_summary": Right.REASONS,
        "themes": Right.REASONS,
        "change_themes": Right.REASONS,
        "replies_latest": Right.REASONS,
        "replies": Right.REASONS,
        "moderate": Right.REASONS,
        # What experts proposed: read by those who read reasons; an item is a decision.
        "proposals_latest": Right.REASONS,
        "proposals": Right.REASONS,
        "proposals_alike": Right.REASONS,
        "gather_proposals": Right.REASONS,
        "handle_proposals": Right.REASONS,
        "redact_proposal": Right.REASONS,
        "take_proposals": Right.REASONS,
        "bring_proposals": Right.DECIDE,
        "item_of_proposals": Right.DECIDE,
        "make_item_of_proposals": Right.DECIDE,
        "decisions_latest": Right.DECIDE,
        "decisions": Right.DECIDE,
        "decide_as_proposed": Right.DECIDE,
        "decision": Right.DECIDE,
        "decide": Right.DECIDE,
        "take_back": Right.DECIDE,
        "new_item": Right.DECIDE,
        "add_item": Right.DECIDE,
        "release_latest": Right.ROUNDS,
        "release": Right.ROUNDS,
        "draft_release": Right.ROUNDS,
        "release_round": Right.ROUNDS,
        # Own answers beside a pseudonym: for those who see results.
        "preview_as": Right.RESULTS,
        "preview": Right.RESULTS,
        # The protocol is read by everybody who watches the study, and changed by those who set it up.
        "protocol": Right.PROGRESS,
        "protocol_source": Right.PROGRESS,
        "set_protocol": Right.SET_UP,
        "lock_protocol": Right.SET_UP,
        "protocol_form": Right.SET_UP,
        "write_protocol": Right.SET_UP,
        "protocol_summary": Right.SET_UP,
        "amend_protocol": Right.SET_UP,
        "audit": Right.AUDIT,
        "audit_file": Right.AUDIT,
        "jobs": Right.JOBS,
        "run_again": Right.JOBS,
        "panel": Right.PANEL,
        "panel_import": Right.IDENTITIES,
        "import_panel": Right.IDENTITIES,
        # One panellist: by name or by pseudonym, as the panel's list has it.
        "panellist": Right.PANEL,
        "personal_words": Right.PANEL,
        "change_panellist": Right.IDENTITIES,
        "make_panellist_link": Right.IDENTITIES,
        "invite_panellist": Right.IDENTITIES,
        "withdraw_panellist": Right.IDENTITIES,
        # Who asks for a seat has a name and no pseudonym yet.
        "registration": Right.IDENTITIES,
        "registration_qr": Right.IDENTITIES,
        "change_registration": Right.IDENTITIES,
        "decide_requests": Right.IDENTITIES,
        "erase_panellist": Right.ERASE,
        "keep_names": Right.ERASE,
        # The questionnaire as an expert will see it.
        "preview_questionnaire": Right.SET_UP,
        "preview_page_of": Right.SET_UP,
        "walk_preview": Right.SET_UP,
        "settings": Right.SET_UP,
        "change_settings": Right.SET_UP,
        # The study once more: as a copy, or rehearsed.
        "copying": Right.SET_UP,
        "copy_study": Right.SET_UP,
        "rehearsal": Right.SET_UP,
        "rehearsal_progress": Right.SET_UP,
        "start_rehearsal": Right.SET_UP,
        "remove_rehearsal": Right.SET_UP,
        # The end of the study.
        "study_end": Right.DELETE,
        "archive_study": Right.DELETE,
        "unarchive_study": Right.DELETE,
        "delete_study": Right.DELETE,
        "keep_study": Right.DELETE,
        "members": Right.MEMBERS,
        "invite_member": Right.MEMBERS,
        "withdraw_invitation": Right.MEMBERS,
        "change_member": Right.MEMBERS,
        "remove_member": Right.MEMBERS,
        "change_anonymity": Right.MEMBERS,
        # Writing to the panel.
        "letters": Right.LETTERS,
        "set_letter_automatic": Right.LETTERS,
        "set_reminders": Right.LETTERS,
        "letter": Right.LETTERS,
        "write_letter": Right.LETTERS,
        "test_letter": Right.LETTERS,
        "letter_recipients": Right.LETTERS,
        "send_letter": Right.LETTERS,
        "outbox": Right.LETTERS,
        "change_outbox": Right.LETTERS,
        "lookup": Right.IDENTITIES,
        "look_up": Right.IDENTITIES,
    }
)
# Acts for which somebody must have signed in, or confirmed it, within the last ten minutes: a browser that
# was left open shall not be enough to change who can sign in, and as whom.
CONFIRMED = frozenset(
    {
        "authenticator",
        "begin_authenticator",
        "confirm_authenticator",
        "remove_authenticator",
        "ask_new_passkey",
        "add_passkey",
        "rename_passkey",
        "remove_passkey",
        "renew_recovery_codes",
        "end_other_sessions",
        "invite_member",
        "withdraw_invitation",
        "change_member",
        "remove_member",
        "change_anonymity",
        "look_up",
        "make_panellist_link",
        "erase_panellist",
        "keep_names",
        "delete_study",
    }
)
# What can be sent in a study that is archived: nothing that changes it.
EVEN_ARCHIVED = frozenset(
    {
        "make_export",
        "look_up",
        # What a person can ask for at any time.
        "withdraw_panellist",
        "erase_panellist",
        "keep_names",
        "copy_study",
        "delete_study",
        "keep_study",
        "remove_rehearsal",
        "unarchive_study",
        "invite_member",
        "withdraw_invitation",
        "change_member",
        "remove_member",
    }
)
# Where files are sent: how many bytes a request may have there. Elsewhere a page's million is the most. Much
# more than a file may have: one that is too large is then refused on the page, with what was typed beside it.
UPLOADS: Mapping[str, int] = MappingProxyType(
    {
        "begin_study": 64_000_000,
        "import_panel": 64_000_000,
        "set_protocol": 64_000_000,
        "amend_protocol": 64_000_000,
        "bring_reasons": 64_000_000,
        "bring_proposals": 64_000_000,
    }
)
