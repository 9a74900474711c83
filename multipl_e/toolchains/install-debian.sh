#!/usr/bin/env bash
# Installs what the languages need on Debian or Ubuntu. Safe to run again; needs root or sudo.
# Node packages go to MULTIPL_E_PREFIX (default /opt/multipl-e), which nothing else uses.
set -euo pipefail

prefix=${MULTIPL_E_PREFIX:-/opt/multipl-e}
as_root=()
[ "$(id -ru)" = 0 ] || [ -w /var/lib/dpkg ] || as_root=(sudo)

packages=(bubblewrap)
packages+=(nodejs npm)                            # JavaScript, TypeScript
packages+=(bash bc gawk)                          # Bash: programs call bc and awk
packages+=(php-cli php-pcov)                      # PHP, and its executed lines
packages+=(ruby ruby-test-unit)                   # Ruby
packages+=(perl libtest-deep-perl)                # Perl
packages+=(lua5.4 lua-unit)                       # Lua
packages+=(r-base-core)                           # R
packages+=(openjdk-17-jdk-headless libjavatuples-java) # Java
packages+=(mono-mcs mono-runtime libmono-system-numerics4.0-cil) # C#
packages+=(racket)                                # Racket
packages+=(g++)                                   # C++
packages+=(golang-go)                             # Go
command -v rustc > /dev/null || packages+=(rustc) # Rust
packages+=(ldc)                                   # D
packages+=(ghc)                                   # Haskell
packages+=(ocaml-nox)                             # OCaml
packages+=(gnat)                                  # Ada
packages+=(scala)                                 # Scala
packages+=(clojure)                               # Clojure
packages+=(elixir)                                # Elixir

# What another source than Debian has already provided is left alone.
command -v node > /dev/null && command -v npm > /dev/null && packages=("${packages[@]/#nodejs/}") \
    && packages=("${packages[@]/#npm/}")
wanted=()
for package in "${packages[@]}"; do
    if [ -n "$package" ] && ! dpkg -s "$package" > /dev/null 2>&1; then wanted+=("$package"); fi
done
if [ ${#wanted[@]} -gt 0 ]; then
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${wanted[@]}"
fi

# TypeScript: the compiler alone. @types/node must not be beside it (the tests declare `require`).
if [ ! -e "$prefix/node_modules/typescript/package.json" ]; then
    "${as_root[@]}" mkdir -p "$prefix"
    "${as_root[@]}" npm install --no-fund --no-audit --prefix "$prefix" typescript@5.9
fi

echo "done: python -m multipl_e.doctor shows what works here"
