"""The rules of the house: who imports whom, how long a file is, what the text may mention."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("multipl_e", "generator", "reranker", "loop")
MAY_IMPORT = {
    "multipl_e": {"multipl_e"},
    "generator": {"multipl_e", "generator"},
    "reranker": {"multipl_e", "reranker"},
    "loop": set(PACKAGES),
}
MAX_LINES = 500
TEXT_ENDINGS = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".sh", ".js", ".html"}
MACHINE_PATH = re.compile(r"/home/[a-z][\w-]*/|/Users/\w+/|[A-Z]:\\Users\\")


def modules() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imported_packages(source: str) -> Iterator[str]:
    """Top-level names of all imports, those inside functions and by name included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in ("importlib.import_module", "import_module", "__import__"):
                yield str(node.args[0].value).partition(".")[0]


def committed_files() -> list[Path]:
    """What git tracks; every file outside hidden folders where this is no checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
    found = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in found if not any(p.startswith(".") for p in path.parts)]


@pytest.mark.parametrize("file", modules(), ids=relative)
def test_imports_go_one_way(file: Path) -> None:
    package = file.relative_to(ROOT).parts[0]
    imported = set(imported_packages(file.read_text(encoding="utf-8"))) & set(PACKAGES)
    assert imported <= MAY_IMPORT[package], f"{package} may not import {imported}"


def test_the_import_check_sees_every_kind_of_import() -> None:
    source = (
        "import loop.store\n"
        "def f():\n    from reranker import model\n"
        "import importlib\nimportlib.import_module('generator.ppo')\n"
    )
    assert set(imported_packages(source)) >= {"loop", "reranker", "generator"}


@pytest.mark.parametrize("file", modules(), ids=relative)
def test_a_module_has_one_subject_and_a_docstring(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_LINES, "split it: one file, one subject"
    assert ast.get_docstring(ast.parse(source)), "say in a docstring what the module is for"


def test_no_committed_text_mentions_paths_of_one_machine() -> None:
    here = [str(ROOT)] if len(ROOT.parts) > 2 else []
    found = []
    for file in committed_files():
        if file.suffix not in TEXT_ENDINGS or file == Path(__file__):
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if MACHINE_PATH.search(text) or any(path in text for path in here):
            found.append(relative(file))
    assert not found


@pytest.mark.parametrize("file", [f for f in committed_files() if f.suffix == ".md"], ids=relative)
def test_links_between_documents_lead_somewhere(file: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (file.parent / link).exists()] == []


def test_every_pinned_version_satisfies_the_requirements() -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text().split()
    pinned = {canonicalize_name(n): v for n, _, v in (line.partition("==") for line in lines)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}"
