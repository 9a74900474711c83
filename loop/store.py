"""The run directory: stages that finish whole or not at all, and are never done twice.

A stage writes one output (a file or a folder) to a temporary name, which is renamed when complete;
a record beside it holds the fingerprint of what went in and the digest of what came out. A stage is
done when its output is there and its record matches: killing the process at any moment costs at
most the stage under way.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from multipl_e.errors import UserError
from multipl_e.progress import say
from multipl_e.tables import write_json

RECORDS = ".stages"
UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Stage:
    """A finished stage: what went in, what came out, how long it took."""

    name: str
    fingerprint: str
    digest: str
    seconds: float
    summary: dict[str, Any]


class RunStore:
    """One run directory and the stages in it.

    Args:
        root: The run directory.
        scratch: Name of the folder in it where this process keeps what is unfinished; two
            processes that work in a directory need two. All begin as the default does.
    """

    def __init__(self, root: Path, scratch: str = UNFINISHED):
        self.root = root
        self.scratch = root / scratch

    def open(self, config: Mapping[str, Any], environment: Mapping[str, Any]) -> None:
        """Create the run directory, or resume it if it was made with the same configuration.

        Raises:
            UserError: If it holds another configuration (says what differs) or other files.
        """
        path = self.root / "config.yaml"
        if path.exists():
            differences = _differences(yaml.safe_load(path.read_text()) or {}, dict(config))
            if differences:
                raise UserError(
                    f"{self.root} was made with another configuration ({'; '.join(differences)}); "
                    "choose another --output, or repeat the command that made it"
                )
        elif self.root.exists() and any(self.root.iterdir()):
            raise UserError(f"{self.root} is not empty and is no run; choose another --output")
        else:
            self.root.mkdir(parents=True, exist_ok=True)
            text = yaml.safe_dump(dict(config), sort_keys=False)
            partial = path.with_name(".config.yaml.partial")
            partial.write_text(text)
            partial.replace(path)
            write_json(self.root / "environment.json", dict(environment))
        for leftover in self.root.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Where the output of a stage is."""
        return self.root / name

    def stage(
        self, name: str, inputs: Mapping[str, Any], work: Callable[[Path], dict[str, Any] | None]
    ) -> Stage:
        """Do a stage, or take it as it was left by an earlier process.

        Args:
            name: The output's path in the run directory; also the stage's name.
            inputs: What decides the output: options, seeds, digests of upstream stages.
            work: Writes the output to the path it is given; returns the stage's summary, which
                is kept with the record.
        """
        fingerprint = _fingerprint({"stage": name, **inputs})
        record_path = self.root / RECORDS / f"{name.replace('/', '--')}.json"
        done = self._finished(name, record_path, fingerprint)
        if done:
            return done
        output, partial = self.path(name), self.scratch / name
        for leftover in (output, partial):
            _remove(leftover)
        partial.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        summary = work(partial) or {}
        stage = Stage(
            name, fingerprint, digest(partial), round(time.monotonic() - started, 2), summary
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(output)
        write_json(record_path, asdict(stage))
        shutil.rmtree(self.scratch, ignore_errors=True)
        return stage

    def link(self, name: str, stage: Stage) -> None:
        """Make `name` a relative link to a stage's output, replacing an earlier one."""
        link, partial = self.root / name, self.root / f".{name}.partial"
        partial.unlink(missing_ok=True)
        partial.symlink_to(stage.name)
        partial.replace(link)

    def _finished(self, name: str, record_path: Path, fingerprint: str) -> Stage | None:
        if not (record_path.exists() and self.path(name).exists()):
            return None
        stage = Stage(**json.loads(record_path.read_text()))
        if stage.fingerprint != fingerprint:
            say(f"{name}: its inputs changed, it is done again")
            return None
        return stage


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    total = hashlib.sha256()
    for file_path in sorted(p for p in path.rglob("*") if p.is_file()):
        total.update(f"{file_path.relative_to(path)}\0{digest(file_path)}\n".encode())
    return total.hexdigest()


def _fingerprint(inputs: Mapping[str, Any]) -> str:
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Which options differ, as sentences of one option each."""
    found = []
    for key in sorted({*old, *new}):
        was, now = old.get(key), new.get(key)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            found += _differences(was, now, f"{prefix}{key}.")
        elif was != now:
            found.append(f"{prefix}{key} was {was!r}, is {now!r}")
    return found
