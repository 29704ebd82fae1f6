#!/usr/bin/env bash
# All checks and all tests; the last lines are pytest's closing line and what keeps the whole from being green.
# With CI=true whatever could not be set up, and every skipped test, is a failure. Arguments go to pytest.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

problems=()
scripts/check.sh || problems+=("Some checks failed; they stand above the tests.")

processors=$(nproc 2>/dev/null || echo 2)
# One more than there are processors: a test often waits for a browser, a server or a database of its own.
workers=$((processors < 2 ? 3 : processors > 4 ? 5 : processors + 1))
.venv/bin/python -m pytest -n "$workers" -q "$@" || problems+=("Some tests failed.")

if [ -s .cache/setup/missing ]; then
    missing="Not set up, so not tested: $(paste -sd ';' .cache/setup/missing | sed 's/;/; /g')."
    if [ "${CI:-}" = true ]; then
        problems+=("$missing")
    else
        printf '%s\n' "$missing"
    fi
fi
[ ${#problems[@]} = 0 ] || { printf '%s\n' "${problems[@]}"; exit 1; }
