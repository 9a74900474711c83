"""scripts/setup.sh on machines that lack something, played with a PATH of chosen commands."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORDINARY = ["bash", "cat", "cut", "dirname", "env", "id", "sha256sum"]
INPUTS = ["pyproject.toml", "constraints.txt", "scripts/setup.sh"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for name in INPUTS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    commands = folder / "bin"
    commands.mkdir()
    for name in ORDINARY:
        place = shutil.which(name)
        assert place, name
        (commands / name).symlink_to(place)
    return folder


def command(checkout: Path, name: str, script: str) -> None:
    file = checkout / "bin" / name
    # A name may be a link to the machine's own command, which must not be written through.
    file.unlink(missing_ok=True)
    file.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    file.chmod(0o755)


def setup(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "setup.sh"],
        env={"PATH": str(checkout / "bin"), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_that_is_played_leaves_the_real_one_alone(checkout: Path) -> None:
    real = Path(shutil.which("id") or "").resolve()
    before = real.read_bytes()
    command(checkout, "id", "echo 1000")
    assert real.read_bytes() == before
    assert not (checkout / "bin" / "id").is_symlink()


def test_a_machine_without_python_gets_one_sentence(checkout: Path) -> None:
    command(checkout, "python3", "exit 1")
    result = setup(checkout)
    assert result.returncode == 2
    assert result.stderr.startswith("setup: Python 3.11 or newer is needed")
    assert len(result.stderr.splitlines()) == 1


def test_without_apt_the_one_command_is_named(checkout: Path) -> None:
    command(checkout, "python3", f'exec {sys.executable} "$@"')
    command(checkout, "node", "")
    result = setup(checkout)
    assert result.returncode == 2
    assert "sudo apt-get install -y bubblewrap" in result.stderr
    assert not (checkout / ".venv").exists()


def test_missing_packages_are_installed_through_sudo(checkout: Path) -> None:
    command(checkout, "id", "echo 1000")
    command(checkout, "sudo", '[ "$1" = -n ] && shift; exec "$@"')
    command(checkout, "true", "")
    command(checkout, "python3", f'exec {sys.executable} "$@"')
    command(checkout, "apt-get", f'echo "$*" >>{checkout}/apt.log; exit 1')
    result = setup(checkout)
    assert result.returncode == 2
    assert "apt could not install bubblewrap" in result.stderr
    assert (checkout / "apt.log").read_text().splitlines() == [
        "install -y -qq --no-install-recommends bubblewrap",
        "update -qq",
    ]


@pytest.fixture
def installed(checkout: Path) -> Path:
    for name in ("bwrap", "node"):
        command(checkout, name, "")
    command(checkout, "python3", f'exec {sys.executable} "$@"')
    content = b"".join((checkout / name).read_bytes() for name in INPUTS)
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".installed").write_text(hashlib.sha256(content).hexdigest() + "\n")
    return checkout


def test_an_installed_checkout_is_left_alone(installed: Path) -> None:
    result = setup(installed)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_missing_node_only_leaves_javascript_out(installed: Path) -> None:
    (installed / "bin" / "node").unlink()
    result = setup(installed)
    assert result.returncode == 0
    assert "JavaScript is left out" in result.stdout


def test_changed_requirements_are_installed_again(installed: Path) -> None:
    with (installed / "constraints.txt").open("a") as file:
        file.write("another==1.0\n")
    # No network and no real interpreter in this play: that pip is called is what counts.
    command(installed, "python3", f'[ "$1" = -m ] && exit 7; exec {sys.executable} "$@"')
    result = setup(installed)
    assert result.returncode == 7
    assert "creating .venv" in result.stdout
