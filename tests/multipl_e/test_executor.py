"""The executor: order, repetition, streams, cache, failures of ours, and the sandbox's absence."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from multipl_e.errors import InfrastructureError, UserError
from multipl_e.executors import Executor, available_languages
from multipl_e.executors.cache import VerdictCache, fingerprint
from multipl_e.executors.workers import Done, Job, Workers
from multipl_e.languages import get_language
from multipl_e.languages.base import Language, Program, Room, Toolchain
from multipl_e.languages.python import Python
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.sandbox import Limits, Sandbox

TASK = Task("t", "py", "def f(x):\n", "def check(f):\n    assert f(1) == 2\n\ncheck(f)\n")
ROOT = Path(__file__).resolve().parents[2]


def candidate(text: str, index: int = 0) -> Candidate:
    return Candidate("t", "py", text, index)


def right(number: int) -> Candidate:
    return candidate(f"    return x + 1  # {number}\n", number)


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=2, timeout=5) as executor:
        yield executor


def test_verdicts_come_in_the_order_of_the_items(executor: Executor) -> None:
    texts = ["    return x + 1\n", "    return x\n", "    return (\n"] * 7
    verdicts = executor.judge([(TASK, candidate(text, i)) for i, text in enumerate(texts)])
    statuses = [v and v.status for v in verdicts]
    assert statuses == ["OK", "Exception", "SyntaxError"] * 7


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """The programs that are run from here on."""
    ran: list[Program] = []
    judge = Python.judge

    def counted(language: Python, sandbox: Sandbox, program: Program, room: Room) -> Verdict:
        ran.append(program)
        return judge(language, sandbox, program, room)

    monkeypatch.setattr(Python, "judge", counted)
    return ran


def test_identical_programs_run_once(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = count_runs(monkeypatch)
    verdicts = executor.judge([(TASK, right(7)) for _ in range(50)])
    assert [v and v.status for v in verdicts] == ["OK"] * 50
    assert len(ran) == 1


@pytest.mark.parametrize(("remember", "num_runs"), [(True, 1), (False, 2)])
def test_verdicts_are_kept_from_call_to_call_on_request(
    monkeypatch: pytest.MonkeyPatch, remember: bool, num_runs: int
) -> None:
    ran = count_runs(monkeypatch)
    with Executor(workers=1, timeout=5, remember=remember) as executor:
        for _ in range(2):
            (verdict,) = executor.judge([(TASK, right(8))])
            assert verdict is not None
            assert verdict.passed
    assert len(ran) == num_runs


def test_what_printed_much_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = count_runs(monkeypatch)
    with Executor(workers=1, timeout=5, remember=True) as executor:
        for _ in range(2):
            executor.judge([(TASK, candidate("    print('x' * 9999)\n    return x + 1\n"))])
    assert len(ran) == 2


def test_on_done_counts_every_item(executor: Executor) -> None:
    steps: list[int] = []
    executor.judge([(TASK, right(i % 3)) for i in range(9)], on_done=steps.append)
    assert sum(steps) == 9


def test_completions_are_cut_at_the_stop_tokens(executor: Executor) -> None:
    task = Task("t", "py", TASK.prompt, TASK.tests, stop_tokens=("\nSTOP",))
    (verdict,) = executor.judge([(task, candidate("    return x + 1\nSTOP ((("))])
    assert verdict is not None and verdict.status == "OK"


def test_chat_answers_are_judged_by_their_code(executor: Executor) -> None:
    answer = (
        "Sure! First `pip install x`:\n```bash\nls\n```\nThen\n```python\ndef f(x):\n"
        "    return x + 1\n```\nHope it helps."
    )
    chat = Candidate("t", "py", answer, form="answer")
    (verdict,) = executor.judge([(TASK, chat)])
    assert verdict is not None and verdict.status == "OK"


def test_a_stream_takes_items_only_as_fast_as_it_judges(executor: Executor) -> None:
    taken = 0

    def items() -> Iterator[tuple[Task, Candidate]]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield TASK, right(number)

    stream = executor.stream(items())
    for _ in range(20):
        next(stream)
    assert taken < 20 + 2 * 16 + 2
    stream.close()


def test_a_stream_left_early_does_not_disturb_the_next(executor: Executor) -> None:
    stream = executor.stream((TASK, right(1000 + i)) for i in range(100))
    next(stream)
    stream.close()
    (verdict,) = executor.judge([(TASK, candidate("    return 0\n"))])
    assert verdict is not None and verdict.status == "Exception"


def test_a_failure_of_ours_is_tried_again(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, failures = Python.judge, iter([InfrastructureError("no memory"), OSError("odd")])

    def flaky(*args: object) -> Verdict:
        for failure in failures:
            raise failure
        return judge(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Python, "judge", flaky)
    (verdict,) = executor.judge([(TASK, right(-1))])
    assert verdict is not None and verdict.status == "OK"


def test_what_stays_unjudgeable_is_none_and_the_rest_is_judged(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Python.judge

    def broken(self: Python, sandbox: object, program: Program, room: object) -> Verdict:
        if "broken" in program.code:
            raise InfrastructureError("dead worker")
        return judge(self, sandbox, program, room)  # type: ignore[arg-type]

    monkeypatch.setattr(Python, "judge", broken)
    verdicts = executor.judge([(TASK, candidate("    return 'broken'\n")), (TASK, right(-2))])
    assert verdicts[0] is None
    assert verdicts[1] is not None and verdicts[1].status == "OK"
    assert "dead worker" in executor.failures[-1]
    with pytest.raises(InfrastructureError, match="dead worker"):
        executor.judge([(TASK, candidate("    return 'broken'\n"))])


def test_a_killed_sandbox_is_replaced(executor: Executor) -> None:
    executor.judge([(TASK, right(-3))])
    assert executor._workers is not None
    for sandbox in list(executor._workers._sandboxes):
        sandbox._process.kill()
    verdicts = executor.judge([(TASK, right(-10 - i)) for i in range(6)])
    assert [v and v.status for v in verdicts] == ["OK"] * 6


def test_a_tool_that_cannot_be_started_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toolchain = Toolchain({"perl": "/usr/bin/perl-that-is-gone"}, "perl")
    monkeypatch.setitem(get_language("pl").__dict__, "toolchain", toolchain)
    items = [(Task("t", "pl", "", ""), Candidate("t", "pl", "1;", form="solution"))]
    with (
        Executor(workers=1, timeout=5) as executor,
        pytest.raises(InfrastructureError, match="perl-that-is-gone"),
    ):
        executor.judge(items)
    assert len(executor.failures) == 1


def test_a_sandbox_that_does_not_start_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    with Executor(workers=1, timeout=5) as executor:
        executor._isolation_checked = True
        monkeypatch.setattr("multipl_e.sandbox.sandbox.find_bubblewrap", lambda: "/bin/false")
        with pytest.raises(InfrastructureError, match="did not start"):
            executor.judge([(TASK, right(-4))])


def test_a_judge_that_is_killed_is_started_anew() -> None:
    if get_language("pl").toolchain is None:
        pytest.skip("the toolchain of Perl is missing")
    code, tests = get_language("pl").smoke
    item = (
        Task("t", "pl", "", tests),
        Candidate("t", "pl", code.replace("return", "sleep 1; return"), form="solution"),
    )
    killed = []

    def kill() -> None:
        while not killed:
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if any(word.endswith("pl_judge.pl") for word in process.cmdline()):
                        process.kill()
                        killed.append(process.pid)

    with Executor(workers=1, timeout=60) as executor:
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        (verdict,) = executor.judge([item])
    assert verdict is not None and verdict.status == "OK"
    assert killed


def test_the_cache_answers_the_second_time(tmp_path: Path) -> None:
    items = [(TASK, candidate(f"    return x + {i}\n", i)) for i in range(4)]
    with Executor(workers=1, timeout=5, cache=tmp_path) as executor:
        first = executor.judge(items)
    with Executor(workers=1, timeout=5, cache=tmp_path) as executor:
        second = executor.judge(items)
        assert executor._workers is None
    assert second == first


def test_a_cache_key_covers_what_a_verdict_depends_on() -> None:
    program = Program("py", "code", "tests")
    keys = {
        fingerprint(program, "1", Limits(), coverage=False),
        fingerprint(Program("py", "code2", "tests"), "1", Limits(), coverage=False),
        fingerprint(Program("py", "code", "tests2"), "1", Limits(), coverage=False),
        fingerprint(Program("py", "cod", "etests"), "1", Limits(), coverage=False),
        fingerprint(program, "2", Limits(), coverage=False),
        fingerprint(program, "1", Limits(seconds=1), coverage=False),
        fingerprint(program, "1", Limits(), coverage=True),
    }
    assert len(keys) == 7


def test_the_cache_keeps_verdicts_as_they_are(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path)
    verdict = Verdict("Exception", 1, "out", "err \udc80", 0.5, (1, 2), 3, 4)
    cache.put("a", verdict)
    assert (cache.get("a"), cache.get("b")) == (verdict, None)
    cache.close()


def test_a_damaged_file_of_verdicts_is_named(tmp_path: Path) -> None:
    (tmp_path / "verdicts.sqlite").write_text("not a database" * 100)
    with pytest.raises(UserError, match=r"verdicts\.sqlite.*delete the file"):
        VerdictCache(tmp_path)


def test_a_full_disk_ends_the_keeping_of_verdicts_not_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = VerdictCache(tmp_path)
    cache._db.execute("pragma max_page_count = 8")
    for number in range(300):
        cache.put(str(number), Verdict("OK", 0, "x" * 1000))
    cache.close()
    assert capsys.readouterr().err.count("no longer kept") == 1


@pytest.mark.parametrize(
    ("body", "busy_share", "kept"),
    [("    while True: pass\n", 0.02, True), ("    import time; time.sleep(60)\n", 0.5, False)],
)
def test_the_cache_keeps_a_timeout_only_of_a_program_that_was_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, busy_share: float, kept: bool
) -> None:
    monkeypatch.setattr("multipl_e.executors.workers._BUSY_SHARE", busy_share)
    with Executor(workers=1, timeout=1, cache=tmp_path) as executor:
        assert executor.judge([(TASK, candidate(body))])[0].status == "Timeout"  # type: ignore[union-attr]
    with Executor(workers=1, timeout=1, cache=tmp_path) as executor:
        executor.judge([(TASK, candidate(body))])
        assert (executor._workers is None) is kept


def test_the_cpu_time_of_what_a_program_started_is_its_own() -> None:
    """Also of a process that was never waited for, which a plain look at the program leaves out."""
    language = get_language("sh")
    if language.toolchain is None:
        pytest.skip("Bash's toolchain is not here")
    limits = Limits(seconds=1.0)
    code, tests = language.smoke
    loops = code + "    while :; do :; done | cat\n"
    program = Program("sh", loops, tests, entry_points=("add",))
    sandbox = Sandbox(language.sandbox())
    try:
        room = Room(work=sandbox.work, secret="0" * 32, limits=limits)
        assert language.judge(sandbox, program, room).status == "Timeout"
        assert sandbox.cpu_seconds > 0.02
    finally:
        sandbox.close()


def test_of_the_jobs_that_wait_the_longest_is_done_first(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()

    def judge(self: Workers, job: Job, warm: object) -> Done:
        begun.set()
        go.wait()
        return Done(job.key, None)

    monkeypatch.setattr(Workers, "_judge", judge)
    workers = Workers(1, Limits(), "none", 0)
    for number, language in enumerate(("py", "lua", "scala", "lua")):
        workers.submit(Job(f"{language}{number}", Program(language, "", ""), coverage=False))
        begun.wait()  # the first is under way; the others wait
    go.set()
    assert [workers.results.get().key for _ in range(4)] == ["py0", "scala2", "lua1", "lua3"]
    workers.close()


def test_the_cache_stays_within_its_size(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path, max_mb=1)
    for number in range(300):
        cache.put(str(number), Verdict("OK", 0, stdout="x" * 10_000))
    cache.close()
    cache = VerdictCache(tmp_path, max_mb=1)
    assert cache.get("0") is None and cache.get("299") is not None
    cache.close()


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with (
        Executor(workers=1) as executor,
        pytest.raises(UserError, match=r"apt install bubblewrap.*--isolation none"),
    ):
        executor.judge([(TASK, right(0))])


def test_without_isolation_verdicts_are_the_same() -> None:
    texts = ["    return x + 1\n", "    return x\n", "    import os; os._exit(0)\n"]
    with Executor(workers=1, timeout=5, isolation="none") as executor:
        verdicts = executor.judge([(TASK, candidate(text)) for text in texts])
    assert [v and v.status for v in verdicts] == ["OK", "Exception", "Incomplete"]


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"timeout": 0}, {"isolation": "docker"}], ids=str
)
def test_options_that_make_no_sense(options: dict[str, object]) -> None:
    with pytest.raises(UserError):
        Executor(**options)  # type: ignore[arg-type]


def test_a_missing_toolchain_is_named(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(get_language("js").__dict__, "toolchain", None)
    with pytest.raises(UserError, match="nodejs"):
        executor.judge([(Task("t", "js", "", ""), Candidate("t", "js", ""))])
    assert not available_languages()["js"].available


def test_names_and_aliases() -> None:
    assert get_language("Python") is get_language("py")
    assert isinstance(get_language("js"), Language)
    with pytest.raises(UserError, match=r"did you mean"):
        get_language("pyton")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_can_judge_too(tmp_path: Path) -> None:
    """With the system's Python, which that user can reach."""
    if not Path("/usr/bin/python3").exists():
        pytest.skip("there is no Python that an ordinary user can reach")
    code = (
        "from multipl_e.sandbox import Sandbox, SandboxSpec\n"
        "sandbox = Sandbox(SandboxSpec())\n"
        "step = dict(name='run', argv=['id', '-u'], env={}, stdin='', cwd='.', limits={})\n"
        "body = dict(files={}, steps=[step], work='/work', proof_path='/work/p', collect=[])\n"
        "report = sandbox.run(dict(job='steps', deadline=9, limits={}), body)\n"
        "print(report['steps'][0]['stdout'].strip())\n"
        "sandbox.close()\n"
    )
    place = tmp_path / "project"
    subprocess.run(["cp", "-r", ROOT / "multipl_e", place / "multipl_e"], check=False)
    place.mkdir(exist_ok=True)
    subprocess.run(["cp", "-r", ROOT / "multipl_e", place], check=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/") and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        [
            "setpriv",
            "--reuid=12345",
            "--regid=12345",
            "--clear-groups",
            "/usr/bin/python3",
            "-c",
            code,
        ],
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "1000", done.stderr


def test_a_killed_process_leaves_nothing_behind() -> None:
    code = (
        "from multipl_e.executors import Executor\nfrom multipl_e.records import *\n"
        "t = Task('t', 'py', '', 'f()')\n"
        "c = Candidate('t', 'py', 'def f():\\n    print(1)\\n    while True: pass\\n',"
        " form='solution')\n"
        "Executor(workers=1, timeout=60).judge([(t, c)])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 30
    while len(family(process.pid)) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    members = family(process.pid)
    assert len(members) >= 4
    process.send_signal(signal.SIGKILL)
    process.wait()
    while any(alive(m) for m in members) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [m for m in members if alive(m)]


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for member in found:
        for task in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False
