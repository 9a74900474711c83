"""Go: the candidate and the tests in packages of their own, compiled and linked directly.

``go test`` would build the same three objects, but spends most of its time finding out what to do.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from multipl_e.files import user_cache
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
from multipl_e.languages.proofs import fresh_name, masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Task
from multipl_e.sandbox import Limits, SandboxSpec

_ENTRY = re.compile(r"\bcandidate\s*:=\s*(\w+)")
_TEST = re.compile(r"^func\s+(Test\w*)\s*\(\s*\w+\s+\*testing\.T\s*\)", re.MULTILINE)
_TEST_MAIN = re.compile(r"^func\s+TestMain\s*\(", re.MULTILINE)
_SHOWN = re.compile(
    r"^func\s+(?:main|init|Test\w*|Example\w*|Benchmark\w*)\s*\([^)]*\)\s*\{", re.MULTILINE
)
_PACKAGE = re.compile(r"^[ \t]*package\s+\w+", re.MULTILINE)
_IMPORTS = re.compile(r"^import\s*(?:\(([^)]*)\)|([^\n(]+))", re.MULTILINE)
_IMPORT = re.compile(r'([\w.]+[ \t]+)?"([^"\n]+)"')


class Go(PlannedLanguage):
    """Go 1.19 or newer."""

    name = "go"
    title = "Go"
    aliases = ("golang", "go_test.go")
    extension = "_test.go"
    package = "golang-go"
    fences = ("go", "golang")
    stop_tokens = ("\nfunc", "struct", "\n// ")
    cost = 0.4
    smoke = (
        'package add_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n'
        "func add(a int, b int) int {\n    return a + b\n}\n",
        "func TestAdd(t *testing.T) {\n  candidate := add\n\ttype test struct {\n"
        "\t\tactual   interface{}\n\t\texpected interface{}\n\t}\n   tests := []test{\n"
        "     { actual: candidate(1, 2), expected: 3 },\n   }\n\n\tfor i, tc := range tests {\n"
        '\t\tt.Run(fmt.Sprintf("test num % d", i), func(t *testing.T) {\n'
        '\t\t\tif fmt.Sprintf("%v", tc.actual) != fmt.Sprintf("%v", tc.expected) {\n'
        "\t\t\t\tt.Errorf(\"expected '%s', got '%s'\", tc.expected, tc.actual)\n"
        "\t\t\t}\n\t\t})\n\t}\n}\n",
    )

    def find(self) -> Toolchain | None:
        """Go's own compiler and linker, where its ``go`` command says they are."""
        commands = which("go")
        if commands is None:
            return None
        done = subprocess.run(
            [commands["go"], "env", "GOTOOLDIR", "GOROOT"], capture_output=True, text=True
        )
        if done.returncode != 0:
            return None
        tools, root = done.stdout.split("\n")[:2]
        found = {name: f"{tools}/{name}" for name in ("compile", "link", "cover")}
        version = version_line(commands["go"], "version")
        return Toolchain({**commands, **found, "root": root}, version)

    def sandbox(self) -> SandboxSpec:
        """Go's own folder and the compiled standard library, wherever they are."""
        folders = {os.path.dirname(path) for path in self.standard_library.values()}
        ours = {str(self.cache)} if any(f.startswith(str(self.cache)) for f in folders) else set()
        return SandboxSpec(read_only=(self.command("root"), *sorted(ours)))

    def limits(self, limits: Limits) -> Limits:
        """Go reserves address space by the gigabyte and starts a thread per core and more."""
        return replace(limits, memory_mb=None)

    @functools.cached_property
    def cache(self) -> Path:
        """Where Go keeps the standard library that it compiled for us (1.20 and newer)."""
        return user_cache() / "go"

    @functools.cached_property
    def standard_library(self) -> dict[str, str]:
        """Compiled packages by import path, made once where the toolchain brings none."""
        show = "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}"
        done = subprocess.run(
            [self.command("go"), "list", "-export", "-f", show, "std"],
            capture_output=True, text=True,
            env={**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOCACHE": str(self.cache)},
        )  # fmt: skip
        lines = done.stdout.splitlines()
        return {path: file for path, _, file in (line.partition("=") for line in lines) if file}

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer with a package clause, without tests and imports that it does not use."""
        code = blocks.without(super().code_of_answer(task, answer), _SHOWN)
        if not _PACKAGE.search(code):
            clause = _PACKAGE.search(task.prompt)
            code = f"{clause[0] if clause else 'package main'}\n\n{code}"
        return pruned(code)

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile the candidate's package, then the tests as main, link, run."""
        code, tests = program.code, program.tests
        entry = _ENTRY.findall(tests)
        # A whole program has its tests inside.
        names = _TEST.findall(tests) or [f"candidate.{name}" for name in _TEST.findall(code)]
        imported = imports_of(code)
        needed = {path for name, path in imported.items() if uses(tests, name)} | {"testing"}
        code = pruned(code, only=needed) if entry else code
        candidate = _PACKAGE.sub("package candidate", code, count=1)
        exports = "".join(f"var Judge_{name} = {name}\n" for name in dict.fromkeys(entry))
        tests = _ENTRY.sub(r"candidate := candidate.Judge_\1", tests)
        tests = tests.replace("range tests {", "range tests { judgePlain(t, tc.actual);")
        lines = "".join(f'import "{path}"\n' for path in sorted(needed | {"fmt"}) if path)
        files = {
            "candidate_test.go": candidate,
            "exports.go": f"package candidate\n\nvar Judge_loaded = 0\n{exports}",
            "tests.go": f'package main\n\nimport "candidate"\n{lines}\nvar _ = fmt.Sprint\n'
            "var _ = candidate.Judge_loaded\nvar _ testing.T\n"
            f"//line tests_test.go:1\n{tests}",
            "main.go": main_program(names, room, own_main=_TEST_MAIN.search(code) is not None),
            "importcfg": "".join(f"packagefile {p}={f}\n" for p, f in self.standard_library.items())
            + "packagefile candidate=candidate.a\n",
        }
        compiler, linker = self.command("compile"), self.command("link")
        sources = "candidate_test.go exports.go"
        script = ["set -e"]
        if room.coverage and os.path.exists(self.command("cover")):
            script.append(
                f"{self.command('cover')} -mode=set -var=Judge_cover"
                " -o covered.go candidate_test.go"
            )
            sources = "covered.go exports.go"
            seconds = max(0.1, room.limits.seconds - 0.5)
            files["cover.go"] = _COVERAGE.replace("WORK", room.work).replace(
                "MILLISECONDS", str(int(seconds * 1000))
            )
        script += [
            f"{compiler} -importcfg importcfg -p candidate -complete -pack"
            f" -o candidate.a {sources}",
            f"{compiler} -importcfg importcfg -p main -complete -pack -o main.a"
            f" main.go tests.go{' cover.go' if 'cover.go' in files else ''}",
            f"{linker} -importcfg importcfg -s -w -buildmode=exe -o program main.a",
            "rm -f *.go *.a importcfg",
        ]
        building = replace(
            room.limits, seconds=max(45.0, room.limits.seconds), memory_mb=None, disk_mb=256
        )
        return Plan(
            files=files,
            steps=(
                Step("compile", ("/bin/sh", "-c", "\n".join(script)), limits=building),
                Step("run", ("./program",)),
            ),
            collect=("lines.txt",) if room.coverage else (),
        )

    def executed_lines(self, collected: Mapping[str, str]) -> tuple[int, ...] | None:
        """First and last lines of the blocks that ran."""
        text = collected.get("lines.txt", "")
        lines: set[int] = set()
        for row in text.splitlines():
            first, last = map(int, row.split())
            lines.update(range(first, last + 1))
        return tuple(sorted(lines)) if text else None


def imports_of(code: str) -> dict[str, str]:
    """Import paths by the name that they go by in the program."""
    found = {}
    for many, one in _IMPORTS.findall(code):
        for alias, path in _IMPORT.findall(many or one):
            found[alias.strip() or path.rsplit("/", 1)[-1]] = path
    return found


def uses(code: str, name: str) -> bool:
    """Whether a package of this name is used."""
    return name in ("_", ".") or re.search(rf"\b{name}\s*\.", blocks.blanked(code)) is not None


def pruned(code: str, only: set[str] | None = None) -> str:
    """`code` without imports that it does not use (of these, if said)."""

    def keep(match: re.Match[str]) -> str:
        name = (match[1] or "").strip() or match[2].rsplit("/", 1)[-1]
        droppable = only is None or match[2] in only
        return "" if droppable and not uses(body, name) else match[0]

    body = _IMPORTS.sub("", code)

    def block(match: re.Match[str]) -> str:
        kept = _IMPORT.sub(keep, match[0])
        return kept if '"' in kept else re.sub(r"[^\n]", "", kept)

    return _IMPORTS.sub(block, code)


def main_program(tests: list[str], room: Room, *, own_main: bool) -> str:
    """The main package: runs every test, whatever the flags say, then writes the proof.

    As with ``go test``, a TestMain of the program's own decides what happens.
    """
    (a, b), (c, d) = masked(room.secret), masked(room.proof_path)
    entries = "".join(f'{{"{name}", judgeTest({name})}}, ' for name in tests)
    return (
        _MAIN.replace("ENTRIES", entries)
        .replace("RUN", "candidate.TestMain(m)" if own_main else "os.Exit(m.Run())")
        .replace("CANDIDATE", 'import "candidate"\n\nvar _ = candidate.Judge_loaded')
        .replace("COUNT", str(len(tests)))
        .replace("UNMASK", fresh_name())
        .replace("SECRET", f"[]byte{{{numbers(a)}}}, []byte{{{numbers(b)}}}")
        .replace("PATH", f"[]byte{{{numbers(c)}}}, []byte{{{numbers(d)}}}")
    )


_MAIN = """package main

import (
	"flag"
	"os"
	"reflect"
	"testing"
	"testing/internal/testdeps"
)

CANDIDATE

type judgeDeps struct{ testdeps.TestDeps }

func (judgeDeps) MatchString(pat, str string) (bool, error) { return true, nil }

var judgeFinished = 0
var judgeAfter = func() {}

func judgeTest(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		defer judgeAfter()
		test(t)
		if !t.Failed() && !t.Skipped() {
			judgeFinished++
			if judgeFinished == COUNT {
				os.WriteFile(string(UNMASK(PATH)), UNMASK(SECRET), 0644)
			}
		}
	}
}

// judgePlain fails a test whose value could say anything of itself when it is printed.
func judgePlain(t *testing.T, value interface{}) {
	if !judgeIsPlain(reflect.ValueOf(value), 0) {
		t.Errorf("a value of the program's own type prints itself")
	}
}

func judgeIsPlain(v reflect.Value, depth int) bool {
	if !v.IsValid() || depth > 6 {
		return true
	}
	if v.Type().PkgPath() == "candidate" &&
		(v.NumMethod() > 0 || reflect.PtrTo(v.Type()).NumMethod() > 0) {
		return false
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Ptr:
		return judgeIsPlain(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		for i := 0; i < v.Len(); i++ {
			if !judgeIsPlain(v.Index(i), depth+1) {
				return false
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if !judgeIsPlain(key, depth+1) || !judgeIsPlain(v.MapIndex(key), depth+1) {
				return false
			}
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if !judgeIsPlain(v.Field(i), depth+1) {
				return false
			}
		}
	}
	return true
}

func UNMASK(a, b []byte) []byte {
	text := make([]byte, len(a))
	for i := range a {
		text[i] = a[i] ^ b[i]
	}
	return text
}

func main() {
	os.Args = os.Args[:1]
	flag.CommandLine = flag.NewFlagSet("tests", flag.ContinueOnError)
	testing.Init()
	m := testing.MainStart(judgeDeps{}, []testing.InternalTest{ENTRIES}, nil, nil, nil)
	RUN
}
"""

_COVERAGE = """package main

import (
	"candidate"
	"fmt"
	"os"
	"time"
)

func init() {
	// After each test, and when the time is about to be up.
	time.AfterFunc(MILLISECONDS*time.Millisecond, func() { judgeAfter() })
	judgeAfter = func() {
		cover := &candidate.Judge_cover
		file, err := os.Create("WORK/lines.txt")
		if err != nil {
			return
		}
		defer file.Close()
		for i, count := range cover.Count {
			if count > 0 {
				fmt.Fprintln(file, cover.Pos[3*i], cover.Pos[3*i+1])
			}
		}
	}
}
"""

LANGUAGE = Go()
