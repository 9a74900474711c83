#!/usr/bin/env bash
# Lists the scripts under benchmarks/, or runs the one that is named, with its own options:
#   make bench                      which there are, and what each measures
#   make bench ARGS="NAME --help"
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    script="benchmarks/$1.py"
    if [ -e "$script" ]; then
        shift
        exec .venv/bin/python "$script" "$@"
    fi
    echo "bench: there is no benchmark '$1'; these there are:" >&2
fi
for script in benchmarks/*.py; do
    [ -e "$script" ] || continue
    summary=$(sed -n '1s/^"""//p' "$script")
    printf '%-24s %s\n' "$(basename "$script" .py)" "${summary%\"\"\"}"
done
[ $# -eq 0 ] || exit 2
