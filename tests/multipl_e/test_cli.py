import errno
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from multipl_e.cli import guarded, instantiate, run_command
from multipl_e.errors import InfrastructureError, UserError


@dataclass(frozen=True)
class PPO:
    """PPO.

    Attributes:
        kl_coef: Weight of the penalty.
        num_steps: Steps.
    """

    kl_coef: float = 0.05
    num_steps: int = 3


@dataclass(frozen=True)
class Options:
    """Options.

    Attributes:
        rounds: Number of rounds.
        num_candidates: Samples per task.
        output: Folder of the run.
        strategy: How to pick.
        languages: Languages to run.
        key: A secret.
        ppo: PPO
        dry_run: Only print the plan.
    """

    rounds: int = 5
    num_candidates: int = 8
    output: Path | None = None
    strategy: Literal["reward", "logprob"] = "reward"
    languages: tuple[str, ...] = ("py", "js")
    key: str | None = None
    ppo: PPO = field(default_factory=PPO)
    dry_run: bool = False


@dataclass(frozen=True)
class Required:
    """Options.

    Attributes:
        model: A folder.
        run_dir: Another.
    """

    model: str
    run_dir: Path


def parse(*argv: str, preset_dir: Path | None = None, default: str | None = None) -> Options:
    return instantiate(Options, argv, preset_dir=preset_dir, default_preset=default)


def refusal(*argv: str, preset_dir: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        parse(*argv, preset_dir=preset_dir)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("spelling", ["--num-candidates", "--num_candidates"])
@pytest.mark.parametrize("joined", [True, False])
def test_options_may_be_hyphenated_and_joined(spelling: str, joined: bool) -> None:
    argv = [f"{spelling}=3"] if joined else [spelling, "3"]
    assert parse(*argv).num_candidates == 3


def test_nested_options_are_dotted() -> None:
    assert parse("--ppo.kl-coef", "1e-3", "--ppo.num_steps=7").ppo == PPO(1e-3, 7)


@pytest.mark.parametrize("argv", [["--dry-run"], ["--dry_run", "true"], ["--dry-run=true"]])
def test_flags_need_no_value(argv: list[str]) -> None:
    assert parse(*argv, "--rounds", "2").dry_run is True
    assert parse("--dry-run", "false").dry_run is False


@pytest.mark.parametrize("value", ["py,ts", "[py,ts]", "[py, ts]"])
def test_lists_are_comma_separated(value: str) -> None:
    assert parse("--languages", value).languages == ("py", "ts")


def test_values_that_look_like_numbers_stay_text() -> None:
    assert parse("--key", "1234").key == "1234"


def test_command_line_wins_over_file_wins_over_preset(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text("rounds: 1\nnum_candidates: 1\nppo: {num_steps: 1}\n")
    file = tmp_path / "mine.yml"
    file.write_text("num-candidates: 2\nppo:\n  num_steps: 2\nlanguages: [py]\n")
    argv = ["--ppo.num-steps", "3", "--config", str(file), "--preset", "tiny"]
    options = parse(*argv, preset_dir=tmp_path)
    assert (options.rounds, options.num_candidates, options.ppo.num_steps) == (1, 2, 3)
    assert options.languages == ("py",)


def test_default_preset_is_applied(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text("rounds: 9\n")
    assert parse(preset_dir=tmp_path, default="tiny").rounds == 9


def test_unknown_preset_names_the_nearest_and_all(tmp_path: Path) -> None:
    for name in ("tiny", "study"):
        (tmp_path / f"{name}.yaml").touch()
    sentence = refusal("--preset", "tiyn", preset_dir=tmp_path)
    assert sentence == "--preset: unknown preset 'tiyn' (did you mean 'tiny'?); " + (
        "there are: study, tiny"
    )


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--roundz", "3"], "unknown option --roundz (did you mean --rounds?)"),
        (["--ppo.kl_cof=1"], "unknown option --ppo.kl_cof (did you mean --ppo.kl_coef?)"),
        (["--kl-coef", "1"], "unknown option --kl-coef (did you mean --ppo.kl-coef?)"),
        (
            ["--numcandidates", "1"],
            "unknown option --numcandidates (did you mean --num-candidates?)",
        ),
        (["--num_candidates", "x"], "--num_candidates: expected a whole number, got 'x'"),
        (["--zzz", "1"], "unknown option --zzz (see --help)"),
        (["--rounds", "x"], "--rounds: expected a whole number, got 'x'"),
        (["--rounds", "1.5"], "--rounds: expected a whole number, got '1.5'"),
        (["--ppo.kl-coef", "y"], "--ppo.kl-coef: expected a number, got 'y'"),
        (["--strategy", "luck"], "--strategy: expected one of reward, logprob, got 'luck'"),
        (["--dry-run=maybe"], "--dry-run: expected true or false, got 'maybe'"),
        (["--rounds"], "--rounds: a value is expected after it"),
        (["--output", "--rounds", "3"], "--output: a value is expected after it"),
        (["stray"], "unexpected argument 'stray' (options begin with --)"),
        (["--config", "none.yaml"], "--config none.yaml: there is no such file"),
    ],
)
def test_mistakes_on_the_command_line_get_one_sentence(argv: list[str], sentence: str) -> None:
    assert refusal(*argv) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("roundz: 3", "unknown key 'roundz' (did you mean 'rounds'?)"),
        ("ppo:\n  kl_coff: 3", "unknown key 'ppo.kl_coff' (did you mean 'ppo.kl_coef'?)"),
        ("ppo: 3", "unknown key 'ppo'"),
        ("- 1", "'option: value' lines are expected"),
        ("a: [", "not YAML"),
    ],
)
def test_mistakes_in_a_file_name_the_file(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(content)
    refused = refusal("--config", str(file))
    assert refused.startswith(f"{file}: ")
    assert sentence in refused


def test_wrong_type_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("ppo:\n  num_steps: many\n")
    assert refusal("--config", str(file)) == (
        f"--ppo.num-steps: expected a whole number, got 'many', in {file}"
    )


def test_missing_options_are_named() -> None:
    with pytest.raises(UserError, match="--run-dir must be given"):
        instantiate(Required, ["--model", "m"])


def test_positional_arguments_fill_their_fields_in_order() -> None:
    options = instantiate(Required, ["d", "--model", "m"], positional=["run_dir"])
    assert options == Required("m", Path("d"))


def test_help_teaches_without_noise(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").touch()
    with pytest.raises(SystemExit) as exit_info:
        parse("--rounds", "3", "--help", preset_dir=tmp_path)
    text = capsys.readouterr().out
    assert exit_info.value.code == 0
    assert "--num-candidates INT" in text
    assert "Samples per task. (default: 8)" in text
    assert "one of: tiny" in text
    assert "--languages TEXT,…" in text
    assert "--strategy reward|logprob" in text
    assert "-h, --help" in text
    assert "CONFIG" not in text
    assert "<class" not in text


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UserError("no such model"), 2, "cmd: no such model\n"),
        (InfrastructureError("no memory"), 1, "could not judge programs: no memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "x", "out.jsonl"), 2, "out.jsonl: the disk is full"),
        (PermissionError(errno.EACCES, "x", "/root/x"), 2, "/root/x: permission denied"),
        (FileNotFoundError(errno.ENOENT, "x", "t"), 2, "t: there is no such file or folder"),
    ],
)
def test_failures_become_a_sentence_and_a_code(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise error

    assert guarded(work, "cmd") == code
    assert words in capsys.readouterr().err


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 / 0, "cmd")


def test_run_command_exits_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as bad:
            run_command(Options, print, prog="cmd", description="", argv=["--rounds", "x"])
        with pytest.raises(SystemExit) as good:
            run_command(Options, print, prog="cmd", description="", argv=["--rounds", "4"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (bad.value.code, good.value.code) == (2, 0)
    captured = capsys.readouterr()
    assert captured.err == "cmd: --rounds: expected a whole number, got 'x'\n"
    assert "Options(rounds=4" in captured.out


COMMAND = """
import time
from dataclasses import dataclass
from multipl_e.cli import run_command

@dataclass(frozen=True)
class Nothing:
    "Nothing."
    x: int = 0

def main(options):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("closed", flush=True)

run_command(Nothing, main, prog="cmd", description="")
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-C", "SIGTERM"]
)
def test_signals_unwind_and_keep_finished_work(number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": "."},
        # A shell's background job is started deaf to ctrl-C, and so would be what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == "closed\n"
    assert "finished work is kept" in err
    assert "Traceback" not in err


def test_environment_stands_between_files_and_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("rounds: 2\nkey: file\nppo:\n  num_steps: 5\n")
    monkeypatch.setenv("TOOL_CONFIG", str(file))
    monkeypatch.setenv("TOOL_KEY", "environment")
    monkeypatch.setenv("TOOL_PPO_NUM_STEPS", "7")
    monkeypatch.setenv("TOOL_LANGUAGES", "lua,rb")
    monkeypatch.setenv("TOOL_OUTPUT", "")
    config = instantiate(Options, ["--ppo.num-steps", "9"], env_prefix="TOOL_")
    assert (config.rounds, config.key, config.ppo.num_steps) == (2, "environment", 9)
    assert config.languages == ("lua", "rb") and config.output is None
    assert instantiate(Options, []).key is None


def test_a_wrong_value_in_the_environment_names_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOOL_ROUNDS", "many")
    with pytest.raises(UserError, match="TOOL_ROUNDS: expected a whole number, got 'many'"):
        instantiate(Options, [], env_prefix="TOOL_")


def test_help_names_the_variable_of_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        instantiate(Options, ["--help"], prog="tool", env_prefix="TOOL_")
    shown = capsys.readouterr().out
    for name in ("ROUNDS", "NUM_CANDIDATES", "KEY", "PPO_KL_COEF", "DRY_RUN", "CONFIG"):
        assert f"[TOOL_{name}]" in shown


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "model.safetensors"),
        # What safetensors and tokenizers raise is no OSError.
        Exception("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_one_sentence_whoever_met_it(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise error

    assert guarded(work, "prog") == 2
    said = capsys.readouterr().err
    assert said.startswith("prog: ") and "the disk is full" in said and said.count("\n") == 1


def test_an_output_below_a_file_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert guarded((tmp_path / "file").mkdir, "prog") == 2
    assert "this is a file, and a folder was expected" in capsys.readouterr().err


def test_an_error_that_nobody_foresaw_is_not_hidden() -> None:
    def work() -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        guarded(work, "prog")
