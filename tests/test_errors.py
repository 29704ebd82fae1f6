"""Sentences remember how they were made, so that pages can say them in another language."""

from __future__ import annotations

from surveyapp.errors import AnswerError, Problem, Refused, Sentence, say

GERMAN = {
    "{what} is too small; the least is {least}": "{what} ist zu klein; mindestens {least}",
    "No.": "Nein.",
    "It ended: {why}": "Es endete: {why}",
}


def translate(template: str) -> str:
    return GERMAN[template]


def test_a_sentence_reads_as_english_and_says_itself_in_another_language() -> None:
    sentence = Sentence("{what} is too small; the least is {least}", what="“{3}”", least=5)
    assert sentence == "“{3}” is too small; the least is 5"
    assert say(sentence, translate) == "“{3}” ist zu klein; mindestens 5"


def test_sentences_within_sentences_are_said_too() -> None:
    assert Sentence("It ended: {why}", why=Sentence("No.")).said_by(translate) == "Es endete: Nein."


def test_errors_say_themselves_with_all_their_problems() -> None:
    assert Refused(Sentence("No.")).said_by(translate) == "Nein."
    error = AnswerError([Problem("Years", Sentence("No.")), Problem("Field", "as it was written {x}")])
    assert error.said_by(translate) == "Years: Nein.\nField: as it was written {x}"
