#!/usr/bin/env bash
# Brings the catalogues of texts up to date with the code:   scripts/messages.sh
#
#   messages.pot                      what the code says now
#   LANGUAGE/LC_MESSAGES/messages.po  the same, with new texts left blank and texts that are gone taken out
#   LANGUAGE/LC_MESSAGES/messages.mo  what the program reads
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

babel=.venv/bin/pybabel
home=surveyapp/translations
"$babel" -q extract -F "$home/babel.cfg" -k Sentence --no-location --sort-output --omit-header -o "$home/messages.pot" .
"$babel" -q update -i "$home/messages.pot" -d "$home" --no-fuzzy-matching --ignore-obsolete \
  --ignore-pot-creation-date --width 100
# Names, dates and versions of whoever ran this would differ with each run and say nothing.
sed -i -E '/^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By):/d' \
  "$home"/*/LC_MESSAGES/messages.po
"$babel" -q compile -d "$home"
