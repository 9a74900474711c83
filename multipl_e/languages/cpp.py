"""C++17 with GCC: precompiled standard headers, assertions that the program cannot redefine."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from multipl_e.languages import blocks
from multipl_e.languages.base import (
    Plan,
    PlannedLanguage,
    Program,
    Room,
    Step,
    Toolchain,
    which,
)
from multipl_e.languages.prepared import compile_once, prepared
from multipl_e.languages.proofs import before_last_brace, fresh_name, masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Task
from multipl_e.sandbox import Limits, SandboxSpec

_FLAGS = ("-std=c++17", "-O0", "-w", "-pipe")
_PCH_INSIDE = "/opt/multipl-e-cpp"
_MAIN = re.compile(r"^[ \t]*(?:int|auto|signed)\s+main\s*\(", re.MULTILINE)
_OWN_MAIN = re.compile(r"^[ \t]*(?:int|void|auto)\s+main\s*\([^)]*\)\s*\{", re.MULTILINE)
_PREAMBLE = re.compile(r"#\s*include\b|using\s+namespace\b")
_ENTRY = re.compile(r"\bcandidate\s*=\s*(\w+)\s*;")
_DEFINED = re.compile(r"^[\w:<>,&* \t]*?\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)
_ALL_HEADERS = re.compile(r"\s*#\s*include\s*<bits/stdc\+\+\.h>")
# What may stand before it without changing what it means: comments and other headers.
_BEFORE = re.compile(r"(?:\s+|//[^\n]*\n|/\*.*?\*/|#\s*include\s*<[\w./+]+>[^\n]*\n)*", re.DOTALL)
_WORD = re.compile(r"\b[a-z]\w*[a-z]\w*\b|\b[a-z]\b")


class Cpp(PlannedLanguage):
    """C++17 with GCC."""

    name = "cpp"
    title = "C++"
    aliases = ("c++", "cxx", "cc")
    extension = ".cpp"
    package = "g++"
    fences = ("cpp", "c++", "cxx", "cc")
    stop_tokens = ("\n}",)
    cost = 0.6
    smoke = (
        "#include<assert.h>\nlong add(long a, long b) {\n    return a + b;\n",
        "}\nint main() {\n    auto candidate = add;\n    assert(candidate((1), (2)) == (3));\n}\n",
    )

    def find(self) -> Toolchain | None:
        """GCC's C++ compiler."""
        commands = which("g++")
        return (
            None
            if commands is None
            else Toolchain(commands, version_line(commands["g++"], "--version"))
        )

    def sandbox(self) -> SandboxSpec:
        """The folder of the precompiled headers, where it could be made."""
        folder = self.precompiled
        return SandboxSpec(mounts={_PCH_INSIDE: str(folder)} if folder else {})

    @functools.cached_property
    def precompiled(self) -> Path | None:
        """A folder with ``all.h.gch``, made once per version of the compiler."""
        return precompile(self.command("g++"))

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer with the prompt's headers, without a main, open where the tests close it."""
        code = blocks.without(super().code_of_answer(task, answer), _OWN_MAIN)
        code = blocks.with_lines_of(task.prompt, _PREAMBLE, code)
        if not task.tests.lstrip().startswith("}"):
            return code
        entry = self.entry_points(task)
        code = blocks.function_last(
            code,
            lambda text: next((m.start() for m in _DEFINED.finditer(text) if m[1] in entry), -1),
        )
        return blocks.reopened(code, task.tests)

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile from standard input, so that the tests are in no file; then run."""
        compiler = self.command("g++")
        limits = replace(
            room.limits,
            seconds=max(45.0, room.limits.seconds),
            memory_mb=max(4096, room.limits.memory_mb or 0),
        )
        code, tests = program.code, program.tests
        tests = judged(code, tests, room)
        source = f'#line 1 "program.cpp"\n{code}\n#line 1 "tests.cpp"\n{tests}'
        if room.coverage:
            return self._plan_with_coverage(source, limits, room)
        argv = [compiler, *_FLAGS]
        if self.precompiled is not None and wants_all_headers(code):
            folder = _PCH_INSIDE if room.isolated else str(self.precompiled)
            argv += ["-include", f"{folder}/all.h"]
        argv += ["-x", "c++", "-", "-o", "program"]
        return Plan(
            files={},
            steps=(
                Step("compile", tuple(argv), limits=limits, stdin=source),
                Step("run", ("./program",)),
            ),
        )

    def _plan_with_coverage(self, source: str, limits: Limits, room: Room) -> Plan:
        compiler = self.command("g++")
        # The program's own time leaves some for gcov, which wants a source to print; the tests
        # need not be in it. A program that is out of time is told so, and has a moment to write.
        time = max(0.1, room.limits.seconds - 0.5)
        script = (
            "yes '' 2> /dev/null | head -n 20000 > program.cpp;"
            f" timeout -s ALRM -k 0.3 {time} ./program; code=$?;"
            " gcov --stdout program.gcda > lines.gcov 2>/dev/null;"
            # Waits for its end at the hands of the judge, whose clock decides.
            " [ $code = 124 ] && sleep 60; exit $code"
        )
        return Plan(
            files={"program.cpp": source},
            steps=(
                Step(
                    "compile",
                    (compiler, *_FLAGS, "--coverage", "-fprofile-abs-path", "-c", "program.cpp"),
                    limits=limits,
                ),
                Step(
                    "compile",
                    (compiler, "--coverage", "program.o", "-o", "program"),
                    limits=limits,
                ),
                Step("run", ("/bin/sh", "-c", script)),
            ),
            collect=("lines.gcov",),
        )

    def executed_lines(self, collected: Mapping[str, str]) -> tuple[int, ...] | None:
        """Lines with a count in gcov's listing of the program's own file."""
        text = collected.get("lines.gcov", "")
        lines = set()
        own = False
        for row in text.splitlines():
            count, _, rest = row.partition(":")
            number, _, said = rest.partition(":")
            if said.startswith("Source:"):
                own = said.endswith("program.cpp")
            elif own and number.strip().isdigit() and count.strip().rstrip("*").isdigit():
                lines.add(int(number))
        return tuple(sorted(lines)) if text else None


def precompile(compiler: str) -> Path | None:
    """Make the precompiled headers in the user's cache, or find them there."""

    def make(folder: Path) -> None:
        source = folder / "all.h"
        source.write_text("#include <bits/stdc++.h>\n")
        compile_once(compiler, *_FLAGS, "-x", "c++-header", str(source), "-o", f"{source}.gch")
        source.unlink()

    return prepared("cpp", version_line(compiler, "--version"), make)


def wants_all_headers(code: str) -> bool:
    """Whether the program begins with all standard headers, so that they may be precompiled."""
    before = _BEFORE.match(code)
    start = before.end() if before else 0
    return _ALL_HEADERS.search(code[:start]) is not None


def judged(code: str, tests: str, room: Room) -> str:
    """The tests with assertions of ours and, after the last one, the proof.

    No macro of the program reaches into them: every word they use is undefined first.
    """
    main = _MAIN.search(tests)
    if main is None:
        return tests
    name = fresh_name()
    proven = before_last_brace(tests, _proof(room, name))
    if proven is None:
        return tests
    helpers = _HELPERS.replace("JUDGE", name).replace("OPEN", str(int("Union_" in code)))
    if room.coverage:  # written by exit, which a failed assertion does not get to
        helpers = helpers.replace("::abort", "__gcov_dump(); ::abort")
        helpers = _COVERAGE.replace("JUDGE", name) + helpers
    words = sorted(set(_WORD.findall(tests + _proof(room, name) + helpers)) - {"defined", "assert"})
    undefined = "".join(f"#undef {word}\n" for word in words)
    at = main.start()
    line = tests.count("\n", 0, at) + 1
    return f'{proven[:at]}\n{undefined}{helpers}\n#line {line} "tests.cpp"\n{proven[at:]}'


def _proof(room: Room, name: str) -> str:
    (a, b), (c, d) = masked(room.secret), masked(room.proof_path)
    return (
        f"{{ static const unsigned char {name}_a[] = {{{numbers(a)}}},"
        f" {name}_b[] = {{{numbers(b)}}},"
        f" {name}_c[] = {{{numbers(c)}}}, {name}_d[] = {{{numbers(d)}}};"
        f" char {name}_text[{len(a)}], {name}_path[{len(c) + 1}] = {{}};"
        f" for (int i = 0; i < {len(a)}; i++) {name}_text[i] = {name}_a[i] ^ {name}_b[i];"
        f" for (int i = 0; i < {len(c)}; i++) {name}_path[i] = {name}_c[i] ^ {name}_d[i];"
        f' if (auto *{name}_file = ::fopen({name}_path, "w")) {{'
        f" ::fwrite({name}_text, 1, sizeof {name}_text, {name}_file); ::fclose({name}_file); }} }}"
    )


# Compares what the tests compare without asking operators that the program may have defined: a
# type of its own is equal to nothing that is not of that type too. MultiPL-E's unions have an
# operator in the prompt, which is used where there are such (OPEN).
_HELPERS = r"""
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>
namespace JUDGE {
template <class A, class B, class = void> struct same {
  static bool of(const A &a, const B &b) {
    static_assert(OPEN || ::std::is_same_v<A, B>, "compared with another type");
    return static_cast<bool>(a == b);
  }
};
template <class A, class B>
struct same<A, B, ::std::enable_if_t<::std::is_arithmetic_v<A> && ::std::is_arithmetic_v<B>>> {
  static bool of(A a, B b) { return a == b; }
};
template <> struct same<::std::string, ::std::string> {
  static bool of(const ::std::string &a, const ::std::string &b) {
    return a.size() == b.size() &&
           ::std::char_traits<char>::compare(a.data(), b.data(), a.size()) == 0;
  }
};
template <> struct same<::std::string, const char *> {
  static bool of(const ::std::string &a, const char *b) {
    return same<::std::string, ::std::string>::of(a, b);
  }
};
template <class A> struct same<::std::vector<A>, ::std::vector<A>> {
  static bool of(const ::std::vector<A> &a, const ::std::vector<A> &b) {
    if (a.size() != b.size()) return false;
    for (::std::size_t i = 0; i < a.size(); i++)
      if (!same<A, A>::of(a[i], b[i])) return false;
    return true;
  }
};
template <class K, class V> struct same<::std::map<K, V>, ::std::map<K, V>> {
  static bool of(const ::std::map<K, V> &a, const ::std::map<K, V> &b) {
    if (a.size() != b.size()) return false;
    auto j = b.begin();
    for (auto i = a.begin(); i != a.end(); ++i, ++j)
      if (!same<K, K>::of(i->first, j->first) || !same<V, V>::of(i->second, j->second))
        return false;
    return true;
  }
};
template <class A> struct same<::std::optional<A>, ::std::nullopt_t> {
  static bool of(const ::std::optional<A> &a, ::std::nullopt_t) { return !a.has_value(); }
};
template <class A, class B> struct same<::std::optional<A>, ::std::optional<B>> {
  static bool of(const ::std::optional<A> &a, const ::std::optional<B> &b) {
    return a.has_value() == b.has_value() && (!a.has_value() || same<A, B>::of(*a, *b));
  }
};
template <class A, class B> struct same<::std::optional<A>, B> {
  static bool of(const ::std::optional<A> &a, const B &b) {
    return a.has_value() && same<A, B>::of(*a, b);
  }
};
template <class A, class B, class C, class D> struct same<::std::pair<A, B>, ::std::pair<C, D>> {
  static bool of(const ::std::pair<A, B> &a, const ::std::pair<C, D> &b) {
    return same<A, C>::of(a.first, b.first) && same<B, D>::of(a.second, b.second);
  }
};
template <class... A, class... B> struct same<::std::tuple<A...>, ::std::tuple<B...>> {
  template <::std::size_t... I>
  static bool each(const ::std::tuple<A...> &a, const ::std::tuple<B...> &b,
                   ::std::index_sequence<I...>) {
    return (same<A, B>::of(::std::get<I>(a), ::std::get<I>(b)) && ...);
  }
  static bool of(const ::std::tuple<A...> &a, const ::std::tuple<B...> &b) {
    return each(a, b, ::std::index_sequence_for<A...>());
  }
};
template <class A> struct left {
  const A &a;
  operator bool() const { return same<A, bool>::of(a, true); }
  template <class B> bool operator==(const B &b) const {
    return same<A, ::std::decay_t<const B &>>::of(a, b);
  }
  template <class B> bool operator!=(const B &b) const { return !(*this == b); }
};
struct start {
  template <class A> left<A> operator<<(const A &a) const { return left<A>{a}; }
};
[[noreturn]] static void fail(const char *text, int line) {
  ::fprintf(stderr, "tests.cpp:%d: Assertion `%s' failed.\n", line, text);
  ::fflush(stdout);
  ::abort();
  for (;;) __builtin_trap();
}
}
#undef assert
#define assert(...) \
  (static_cast<bool>(JUDGE::start() << __VA_ARGS__) ? void(0) : JUDGE::fail(#__VA_ARGS__, __LINE__))
"""

# Out of time, it writes what it has counted.
_COVERAGE = """
extern "C" void __gcov_dump();
#include <csignal>
#include <unistd.h>
static void JUDGE_late(int) { __gcov_dump(); ::_exit(124); }
__attribute__((constructor)) static void JUDGE_watch() { ::signal(SIGALRM, JUDGE_late); }
"""

LANGUAGE = Cpp()
