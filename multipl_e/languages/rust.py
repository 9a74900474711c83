"""Rust: the real compiler (not rustup's front), and assertions that the program cannot redefine."""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
from dataclasses import replace

from multipl_e.languages import blocks
from multipl_e.languages.base import (
    Plan,
    PlannedLanguage,
    Program,
    Room,
    Step,
    Toolchain,
    first_line,
)
from multipl_e.languages.proofs import before_last_brace, fresh_name, masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Task
from multipl_e.sandbox import Limits, SandboxSpec

_ENTRY = re.compile(r"\bcandidate\s*=\s*(\w+)\s*;")
_MAIN = re.compile(r"^fn\s+main\s*\(\s*\)\s*\{", re.MULTILINE)
_SHOWN = re.compile(
    r"^(?:#\[[^\]]*\]\s*)*(?:fn\s+main\s*\(\s*\)\s*|mod\s+tests?\s*)\{", re.MULTILINE
)
_DEFINED = re.compile(r"^(?:pub\s+)?fn\s+(\w+)", re.MULTILINE)
_MACRO = re.compile(r"(?<![\w:])(assert_eq|assert_ne|assert|vec|panic|format|println)!")

# What a C compiler adds to every program that it links, and what loads it.
_START_FILES = ("Scrt1.o", "crti.o", "crtbeginS.o", "crtendS.o", "crtn.o")
_LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}
_LOADER = _LOADERS.get(platform.machine(), "")


class Rust(PlannedLanguage):
    """Rust, as rustc compiles a single file."""

    name = "rs"
    title = "Rust"
    aliases = ("rust",)
    extension = ".rs"
    package = "rustc"
    fences = ("rust", "rs")
    stop_tokens = ("\n}",)
    cost = 0.3
    smoke = (
        "fn add(a: isize, b: isize) -> isize {\n    a + b\n",
        "}\n\nfn main() {\n    let candidate = add;\n    assert_eq!(candidate(1, 2), 3);\n}\n",
    )

    def find(self) -> Toolchain | None:
        """The compiler in its own folder: rustup's front needs files of the user's."""
        front = shutil.which("rustc") or shutil.which(
            "rustc", path=os.path.expanduser("~/.cargo/bin")
        )
        if front is None:
            return None
        root = first_line(front, "--print", "sysroot")
        compiler = os.path.join(root, "bin", "rustc")
        if not os.path.exists(compiler):
            return None
        commands = {"rustc": compiler, "root": root}
        commands["libraries"] = first_line(compiler, "--print", "target-libdir")
        return Toolchain(commands, version_line(compiler, "--version"))

    def sandbox(self) -> SandboxSpec:
        """The folder of the toolchain."""
        return SandboxSpec(read_only=(self.command("root"),))

    def limits(self, limits: Limits) -> Limits:
        """Linking in threads."""
        return replace(limits, processes=limits.processes + 32)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer without main and tests of its own, open where the tests close it."""
        code = blocks.without(super().code_of_answer(task, answer), _SHOWN)
        if not task.tests.lstrip().startswith("}"):
            return code
        entry = self.entry_points(task)
        code = blocks.function_last(
            code,
            lambda text: next((m.start() for m in _DEFINED.finditer(text) if m[1] in entry), -1),
        )
        return blocks.reopened(code, task.tests)

    @functools.cached_property
    def _linking(self) -> tuple[str, ...]:
        """Options that link against the shared standard library, where it is found at run time.

        By the toolchain's own linker, where it has one: the C compiler's front would look for it
        through two more programs.
        """
        libraries = self.command("libraries")
        linker = os.path.join(os.path.dirname(libraries), "bin", "rust-lld")
        files = [first_line("cc", f"-print-file-name={name}") for name in _START_FILES]
        if not os.path.exists(linker) or not all(map(os.path.isabs, [*files, _LOADER])):
            return ("-C", f"link-arg=-Wl,-rpath,{libraries}")
        folders = dict.fromkeys(map(os.path.dirname, files))
        given = (
            *("-rpath", libraries, "-dynamic-linker", _LOADER),
            *(f"-L{folder}" for folder in folders), *files,
        )  # fmt: skip
        return (
            *("-C", "linker-flavor=ld.lld", "-C", f"linker={linker}"),
            *(word for argument in given for word in ("-C", f"link-arg={argument}")),
        )

    def plan(self, program: Program, room: Room) -> Plan:
        """Compile from standard input, so that the tests are in no file; then run."""
        argv = (
            self.command("rustc"), "--crate-name", "program", "--sysroot", self.command("root"),
            "-C", "debuginfo=0", "-C", "prefer-dynamic", *self._linking,
            "-A", "warnings", "-o", "program", "-",
        )  # fmt: skip
        limits = replace(
            room.limits, seconds=max(45.0, room.limits.seconds), memory_mb=None, disk_mb=256
        )
        source = f"{program.code}\n{judged(program.tests, room)}"
        return Plan(
            files={},
            steps=(
                Step("compile", argv, limits=limits, stdin=source),
                Step("run", ("./program",)),
            ),
        )


def judged(tests: str, room: Room) -> str:
    """The tests with the standard library's names and, after the last assertion, the proof.

    Both sides of a comparison must have one type, so a type of the program's own, which could say
    that it equals anything, equals nothing that the tests expect.
    """
    main = _MAIN.search(tests)
    proven = before_last_brace(tests, _proof(room))
    if main is None or proven is None:
        return tests
    name = fresh_name()
    head, body = proven[: main.end()], proven[main.end() :]
    body = _MACRO.sub(r"::std::\1!", body)
    body = body.replace("::std::assert_eq!(", f"{name}!(")
    return f"{head}{_NAMES.replace('JUDGE', name)}{body}"


# Little generic code: what is compiled anew for each program is most of what judging adds.
_NAMES = """
    #[allow(unused_imports)]
    use ::std::{string::{String, ToString}, vec::Vec, boxed::Box,
        option::Option::{self, Some, None}, result::Result::{self, Ok, Err},
        collections::{HashMap, HashSet, BTreeMap, BTreeSet}};
    fn JUDGE<T: ::std::cmp::PartialEq + ::std::fmt::Debug>(a: T, b: T, line: u32) {
        if !(a == b) { JUDGE_failed(&a, &b, line); }
    }
    fn JUDGE_failed(a: &::std::fmt::Debug, b: &::std::fmt::Debug, line: u32) {
        ::std::panic!("line {}: assertion `left == right` failed\\n  left: {:?}\\n right: {:?}",
            line, a, b);
    }
    macro_rules! JUDGE {
        ($a:expr, $b:expr $(,)?) => { JUDGE($a, $b, ::std::line!()) };
    }
"""
# The C library's calls: std's own would be compiled anew.
_PROOF = """
    {{
        extern "C" {{
            fn open(path: *const u8, flags: i32, mode: u32) -> i32;
            fn write(file: i32, text: *const u8, length: usize) -> isize;
        }}
        let mut text: [u8; {text_size}] = [{text}];
        let text_mask: [u8; {text_size}] = [{text_mask}];
        let mut path: [u8; {path_size}] = [{path}];
        let path_mask: [u8; {path_size}] = [{path_mask}];
        let mut i = 0;
        while i < {text_size} {{ text[i] ^= text_mask[i]; i += 1; }}
        i = 0;
        while i < {path_size} {{ path[i] ^= path_mask[i]; i += 1; }}
        unsafe {{ write(open(&path[0], {flags}, 0o600), &text[0], {text_size}); }}
    }}"""


def _proof(room: Room) -> str:
    (a, b), (c, d) = masked(room.secret), masked(room.proof_path + "\0")
    return _PROOF.format(
        text_size=len(a), text=numbers(a), text_mask=numbers(b),
        path_size=len(c), path=numbers(c), path_mask=numbers(d),
        flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    )  # fmt: skip


LANGUAGE = Rust()
