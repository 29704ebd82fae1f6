#!/usr/bin/env bash
# Makes requirements/*.txt anew from pyproject.toml: every version and every hash, and no host, so that any
# mirror of the package index can serve them. LOCK_ARGS="--upgrade" takes the newest versions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh runtime
uv=.cache/uv/bin/uv
[ -x "$uv" ] || { echo "The pinned uv could not be installed (.cache/setup/uv.log says why); only it can lock." >&2; exit 1; }

compile() {
    # shellcheck disable=SC2086 - LOCK_ARGS is a list of words
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        ${LOCK_ARGS:-} "$@"
}
compile pyproject.toml --group build --output-file requirements/runtime.txt
# The test set keeps to the versions of the runtime set.
compile pyproject.toml --group build --group test --constraints requirements/runtime.txt --output-file requirements/test.txt
compile requirements/uv.in --output-file requirements/uv.txt
