#!/usr/bin/env bash
# Checks that need no database and no browser: style, form, types, import contracts. Runs all, then says which failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
check() {  # NAME COMMAND…: silent when all is well
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf '%-18s fine\n' "$name"
    else
        printf '%s\n%-18s FAILED\n' "$output" "$name"
        failed+=("$name")
    fi
}

check "style"            .venv/bin/ruff check --quiet .
check "form"             .venv/bin/ruff format --check .
check "types"            .venv/bin/mypy
check "import contracts" .venv/bin/lint-imports
[ ${#failed[@]} = 0 ]
