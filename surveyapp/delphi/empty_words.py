"""Words that fill a box and say nothing: "none", "n/a", "-", "kein Kommentar"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

# As people write them, folded: no case, no accents, letters and digits only, single spaces between.
_EVERYWHERE = frozenset({"n a", "na", "nil", "x", "xx", "xxx", "0"})
_BY_LANGUAGE: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        {
            "none", "no", "nothing", "nope", "not applicable", "no comment", "no comments", "no reason",
            "no reasons", "no further comment", "no further comments", "nothing to add", "nothing to say",
            "nothing further", "no answer", "no opinion", "see above", "as above", "same as above", "ditto",
        }
    ),
    "de": frozenset(
        {
            "keine", "keiner", "kein", "nein", "nichts", "kein kommentar", "keine kommentare",
            "ohne kommentar", "keine anmerkung", "keine anmerkungen", "keine angabe", "keine angaben",
            "k a", "ka", "entfallt", "nicht zutreffend", "trifft nicht zu", "nichts hinzuzufugen",
            "siehe oben", "s o", "wie oben", "dito",
            "keine begrundung", "keine meinung",
        }
    ),
    "fr": frozenset(
        {
            "aucun", "aucune", "non", "rien", "neant", "sans objet", "s o", "pas de commentaire",
            "pas de commentaires", "aucun commentaire", "sans commentaire", "rien a ajouter",
            "rien a signaler", "ras", "sans avis", "voir plus haut", "voir ci dessus", "idem",
            "non applicable",
        }
    ),
    "es": frozenset(
        {
            "ninguno", "ninguna", "no", "nada", "sin comentario", "sin comentarios", "ningun comentario",
            "no aplica", "no procede", "nada que anadir", "nada que agregar", "ver arriba", "idem",
        }
    ),
    "it": frozenset(
        {
            "nessuno", "nessuna", "no", "niente", "nulla", "nessun commento", "non applicabile",
            "niente da aggiungere", "nulla da aggiungere", "vedi sopra", "idem",
        }
    ),
    "nl": frozenset(
        {
            "geen", "nee", "niets", "nvt", "n v t", "niet van toepassing", "geen commentaar",
            "geen opmerking",
            "geen opmerkingen", "niets toe te voegen", "zie boven", "idem",
        }
    ),
    "pt": frozenset(
        {
            "nenhum", "nenhuma", "nao", "nada", "sem comentario", "sem comentarios", "nao aplicavel",
            "nao se aplica", "nada a acrescentar", "ver acima", "idem",
        }
    ),
    "sv": frozenset(
        {"inga", "ingen", "inget", "nej", "inga kommentarer", "ingen kommentar", "ej tillampligt"}
    ),
    "pl": frozenset({"brak", "nie", "nic", "bez komentarza", "brak komentarza", "brak uwag", "nie dotyczy"}),
}  # fmt: skip
_NONE: frozenset[str] = frozenset()
_LONGEST = 40
_NOT_WORDS = re.compile(r"[^a-z0-9]+")


def is_empty_word(text: str, languages: Collection[str]) -> bool:
    """Whether `text` says nothing in one of `languages` (codes such as ``de`` or ``de-AT``).

    Signs alone say nothing in any language; a single picture, such as a thumb, does say something.
    """
    if len(text) > _LONGEST:
        return False
    folded = _fold(text)
    if not folded:
        return not any(unicodedata.category(sign) in {"So", "Sk"} for sign in text)
    return folded in _EVERYWHERE or any(
        folded in _BY_LANGUAGE.get(code.partition("-")[0], _NONE) for code in languages
    )


def _fold(text: str) -> str:
    """`text` without case, accents and signs, single spaces between its words."""
    if text.isascii():
        # The same, many times as fast: of a large round thousands of short texts are looked at.
        return _NOT_WORDS.sub(" ", text.lower()).strip()
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    kept = "".join(
        " " if not sign.isalnum() and not unicodedata.combining(sign) else sign
        for sign in plain
        if not unicodedata.combining(sign)
    )
    return re.sub(r"\s+", " ", kept).strip()
