"""Haskell with GHC's interpreter: the candidate is a module of its own, the tests are Main."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from multipl_e.languages.base import (
    Plan,
    PlannedLanguage,
    Program,
    Room,
    Step,
    StepReport,
    Toolchain,
    which,
)
from multipl_e.languages.proofs import fresh_name, masked, numbers
from multipl_e.languages.versions import version_line
from multipl_e.records import Status, Task
from multipl_e.sandbox import Limits, SandboxSpec

_ENTRY = re.compile(r"\bcandidate\s*=\s*([\w']+)")
# Older tests have the first statement behind `do`, where the rest cannot follow it.
_SAME_LINE = re.compile(r"^(main\s*=\s*do)[ \t]+(?=let\b)", re.MULTILINE)
_HEADER = re.compile(
    r"^module\s+[\w.]+\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)\s*)?where", re.MULTILINE
)
_PRAGMAS = re.compile(r"\A(?:\s*\{-#.*?#-\})*\s*", re.DOTALL)
_SIGNATURE = r"^{}\s*::\s*(.+(?:\n[ \t]+.+)*)"
_SHOWN = re.compile(r"^main\s*(?:::[^\n]*\n+main\s*)?=.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
# Types whose values can be compared: those of MultiPL-E's tests. A type of the candidate's own,
# with an equality of its own, is none of them, and nothing outside Main can make it one.
_COMPARED = """
class {same} a where {equal} :: a -> a -> {p}.Bool
instance {same} {p}.Int where {equal} = ({p}.==)
instance {same} {p}.Integer where {equal} = ({p}.==)
instance {same} {p}.Float where {equal} = ({p}.==)
instance {same} {p}.Double where {equal} = ({p}.==)
instance {same} {p}.Bool where {equal} = ({p}.==)
instance {same} {p}.Char where {equal} = ({p}.==)
instance {same} {p}.Ordering where {equal} = ({p}.==)
instance {same} () where {equal} = ({p}.==)
instance {same} a => {same} [a] where
  {equal} [] [] = {p}.True
  {equal} (x : xs) (y : ys) = {equal} x y {p}.&& {equal} xs ys
  {equal} _ _ = {p}.False
instance {same} a => {same} ({p}.Maybe a) where
  {equal} {p}.Nothing {p}.Nothing = {p}.True
  {equal} ({p}.Just x) ({p}.Just y) = {equal} x y
  {equal} _ _ = {p}.False
instance ({same} a, {same} b) => {same} ({p}.Either a b) where
  {equal} ({p}.Left x) ({p}.Left y) = {equal} x y
  {equal} ({p}.Right x) ({p}.Right y) = {equal} x y
  {equal} _ _ = {p}.False
instance ({same} a, {same} b) => {same} (a, b) where
  {equal} (a, b) (x, y) = {equal} a x {p}.&& {equal} b y
instance ({same} a, {same} b, {same} c) => {same} (a, b, c) where
  {equal} (a, b, c) (x, y, z) = {equal} a x {p}.&& {equal} b y {p}.&& {equal} c z
infix 4 ==
(==) :: {same} a => a -> a -> {p}.Bool
(==) = {equal}
"""
_LOADING = re.compile(r"\.hs:\S+ error:", re.MULTILINE)


class Haskell(PlannedLanguage):
    """Haskell, run as runghc does."""

    name = "hs"
    title = "Haskell"
    aliases = ("haskell",)
    extension = ".hs"
    package = "ghc"
    fences = ("haskell", "hs")
    stop_tokens = ("\n\n", "\n{-", "\ntype", "\ndata", "\nnewtype")
    comment = "--"
    cost = 0.6
    smoke = (
        "-- | Adds.\nadd :: Int -> Int -> Int\nadd a b = a + b\n",
        "\nmain :: IO ()\nmain = do\n  let candidate = add\n"
        '  if candidate 1 2 == 3 then pure () else error "assertion failed"\n  pure ()\n',
    )

    def find(self) -> Toolchain | None:
        """GHC."""
        commands = which("ghc")
        return (
            None
            if commands is None
            else Toolchain(commands, version_line(commands["ghc"], "--version"))
        )

    def sandbox(self) -> SandboxSpec:
        """Debian keeps GHC's list of packages in /var."""
        return SandboxSpec(read_only=tuple(filter(os.path.exists, ("/var/lib/ghc",))))

    def limits(self, limits: Limits) -> Limits:
        """GHC's runtime reserves a terabyte of address space."""
        return replace(limits, memory_mb=None)

    def entry_points(self, task: Task) -> tuple[str, ...]:
        """What the tests call their candidate."""
        return tuple(_ENTRY.findall(task.tests))

    def code_of_answer(self, task: Task, answer: str) -> str:
        """The answer without a main of its own."""
        return _SHOWN.sub("", super().code_of_answer(task, answer))

    def plan(self, program: Program, room: Room) -> Plan:
        """Load both modules into the interpreter and run the tests."""
        files = {
            "Candidate.hs": as_module(program.code),
            "Main.hs": main_module(program, room),
        }
        run = (
            *(self.command("ghc"), "-v0", "-w", "-ignore-dot-ghci", "-e", "main", "Main.hs"),
            *("+RTS", "-A256m", "-RTS"),  # it hardly lives to collect garbage
        )
        return Plan(files=files, steps=(Step("run", run),))

    def failure(self, run: StepReport) -> Status:
        """What GHC says of a file's text is a syntax error."""
        return "SyntaxError" if _LOADING.search(run.stderr) else "Exception"


def as_module(code: str) -> str:
    """The candidate as the module Candidate."""
    if _HEADER.search(code):
        return _HEADER.sub("module Candidate where", code, count=1)
    start = _PRAGMAS.match(code)
    at = start.end() if start else 0
    return f"{code[:at]}\nmodule Candidate where\n{code[at:]}\n"


def main_module(program: Program, room: Room) -> str:
    """The tests with the Prelude's own names, an equality of the judge's, and the proof at the end.

    Its files are emptied before anything of the candidate is evaluated. Where the prompt says
    the function's type, the tests insist on it.
    """
    tests = _SAME_LINE.sub(r"\1\n  ", program.tests)
    entry = _ENTRY.search(tests)
    name = entry[1] if entry else ""
    signature = re.search(_SIGNATURE.format(re.escape(name)), program.prompt, re.MULTILINE)
    if entry and signature:
        tests = tests.replace(entry[0], f"candidate = ({name} :: {signature[1].strip()})", 1)
    proof, start = fresh_name(), fresh_name()
    tests = re.sub(
        r"^(main\s*=\s*do[ \t]*)$", rf"\1\n  {start}", tests, count=1, flags=re.MULTILINE
    )

    def joined(text: str) -> str:  # by sums: each module imported beyond the Prelude costs time
        mask = masked(text)[0]
        shifted = [ord(letter) + shift for letter, shift in zip(text, mask, strict=False)]
        return f"(map toEnum (zipWith (-) [{numbers(shifted)}] [{numbers(mask)}]))"

    prelude, same = fresh_name().title(), fresh_name().title()
    compared = _COMPARED.format(p=prelude, same=same, equal=fresh_name())
    return (
        "{-# LANGUAGE ExtendedDefaultRules #-}\nmodule Main where\n"
        f"import Prelude hiding ((==))\nimport qualified Prelude as {prelude}\n"
        f"import Candidate ({name})\n{tests.rstrip()}\n  {proof}\n\n"
        f'{start} :: IO ()\n{start} = mapM_ (`writeFile` "") ["Main.hs", "Candidate.hs"]\n\n'
        f"{proof} :: IO ()\n{proof} = writeFile {joined(room.proof_path)} {joined(room.secret)}\n"
        f"{compared}"
    )


LANGUAGE = Haskell()
