"""Handing over: what a mail server says, and what it is when it misbehaves (REL-32)."""

from __future__ import annotations

import socket
import ssl
import stat
from pathlib import Path

from surveyapp.mail.letters import Letter
from surveyapp.mail.transport import Folder, Outcome, Smtp
from tests.support.mailing import Sink, listening, raw_server

LETTER = Letter("delphi@example.org", "ada@example.org", "<a1@h>", b"Subject: x\r\n\r\n.dot\r\nend\r\n")


def test_a_server_gets_the_letter_whole_and_its_words_come_back() -> None:
    sink = Sink()
    with listening(sink) as smtp, smtp.open() as line:
        answers = [line.hand_over(LETTER), line.hand_over(LETTER)]
    assert [each.outcome for each in answers] == [Outcome.ACCEPTED] * 2
    assert answers[0].words == "250 kept"
    assert sink.letters[0][0] == "ada@example.org"
    assert b"\r\n\r\n.dot\r\nend" in sink.letters[0][1]


def test_rel_32_refusals_are_told_apart_and_the_next_letter_still_goes() -> None:
    said = iter(["450 4.2.1 later <ada@example.org>", "550 5.1.1 no such user ada@example.org", ""])
    sink = Sink(lambda _: next(said))
    with listening(sink) as smtp, smtp.open() as line:
        later, refused, taken = (line.hand_over(LETTER) for _ in range(3))
    assert (later.outcome, later.is_line_down) == (Outcome.LATER, False)
    assert refused.outcome is Outcome.REFUSED
    assert refused.words == "550 5.1.1 no such user …"
    assert taken.outcome is Outcome.ACCEPTED


def test_rel_32_a_line_that_dies_after_data_leaves_open_what_became_of_the_letter() -> None:
    sink = Sink(drops_after_data=True)
    with listening(sink) as smtp, smtp.open() as line:
        answer = line.hand_over(LETTER)
    assert answer.outcome is Outcome.UNKNOWN
    assert len(sink.letters) == 1


def test_rel_32_a_wrong_greeting_is_no_acceptance() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(greet) as port, Smtp("127.0.0.1", port, "none").open() as line:
        answer = line.hand_over(LETTER)
    assert (answer.outcome, answer.is_line_down) == (Outcome.LATER, True)


def test_rel_32_a_server_that_hangs_is_left_alone() -> None:
    def hang(connection: socket.socket) -> None:
        connection.recv(1)

    with raw_server(hang) as port, Smtp("127.0.0.1", port, "none", timeout=0.2).open() as line:
        answer = line.hand_over(LETTER)
    assert (answer.outcome, answer.is_line_down) == (Outcome.LATER, True)
    assert answer.words == "The mail server did not answer in time."


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Smtp("127.0.0.1", port, "none").open() as line:
        answer = line.hand_over(LETTER)
    assert (answer.outcome, answer.is_line_down) == (Outcome.LATER, True)


def test_without_the_encryption_that_was_asked_for_nothing_is_handed_over() -> None:
    sink = Sink()
    with listening(sink) as plain:
        smtp = Smtp("127.0.0.1", plain.port, "starttls", tls=ssl.create_default_context)
        with smtp.open() as line:
            answer = line.hand_over(LETTER)
    assert (answer.outcome, answer.is_line_down, sink.letters) == (Outcome.LATER, True, [])


def test_a_folder_holds_each_letter_once_for_its_owner_only(tmp_path: Path) -> None:
    with Folder(tmp_path / "letters").open() as line:
        assert line.hand_over(LETTER).outcome is Outcome.ACCEPTED
        assert line.hand_over(LETTER).outcome is Outcome.ACCEPTED
    [file] = (tmp_path / "letters").iterdir()
    assert file.name == "a1.eml"
    assert file.read_bytes() == LETTER.content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("a file")
    with Folder(tmp_path / "letters").open() as line:
        answer = line.hand_over(LETTER)
    assert (answer.outcome, answer.is_line_down) == (Outcome.LATER, True)
