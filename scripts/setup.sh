#!/usr/bin/env bash
# Makes the machine ready: bubblewrap and Node.js through apt, and .venv with everything in
# constraints.txt. Instant when nothing has changed, and safe to repeat after an interruption.
set -euo pipefail
cd "$(dirname "$0")/.."

MIN_PYTHON="3.11"
STAMP=.venv/.installed

fail() {
    echo "setup: $*" >&2
    exit 2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }
}

find_python() {
    local python
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if "$python" -c "import sys; sys.exit(sys.version_info < (${MIN_PYTHON/./, }))" 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}

install_packages() { # packages...
    echo "setup: installing $* (apt)"
    # The lists may be new enough; where they are not, a second try after an update settles it.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
        { as_root apt-get update -qq >/dev/null &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}

python=$(find_python) || fail "Python $MIN_PYTHON or newer is needed and was not found; install it (apt-get install python3) or name it: make PYTHON=/path/to/python3 …"

needed=() # without these nothing works
"$python" -c "import ensurepip, venv" 2>/dev/null ||
    needed+=("python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")
command -v bwrap >/dev/null || needed+=(bubblewrap)
wanted=() # these only add to it
command -v node >/dev/null || wanted+=(nodejs)

if [ ${#needed[@]} -gt 0 ]; then
    may_install || fail "missing: ${needed[*]}. Install with:  sudo apt-get install -y ${needed[*]} ${wanted[*]-}"
    install_packages "${needed[@]}" || fail "apt could not install ${needed[*]}; see: apt-get install ${needed[*]}"
fi
if [ ${#wanted[@]} -gt 0 ]; then
    { may_install && install_packages "${wanted[@]}"; } ||
        echo "setup: Node.js is not installed, so JavaScript is left out (sudo apt-get install -y nodejs)"
fi

wants=$(cat pyproject.toml constraints.txt scripts/setup.sh | sha256sum | cut -d' ' -f1)
[ "$(cat "$STAMP" 2>/dev/null)" = "$wants" ] && exit 0

.venv/bin/python -c "" 2>/dev/null || {
    echo "setup: creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}
echo "setup: installing the Python packages of constraints.txt into .venv (some minutes the first time)"
pip=(.venv/bin/python -m pip --disable-pip-version-check install -qq -c constraints.txt)
# torch by itself first: where a CPU build is offered (a local wheel, an index of yours) it is taken.
"${pip[@]}" torch || fail "pip could not install torch; the lines above say why (no network? a full disk?)"
"${pip[@]}" -e ".[dev]" || fail "pip could not install the packages; the lines above say why (no network? a full disk?)"
echo "$wants" >"$STAMP"
echo "setup: done"
