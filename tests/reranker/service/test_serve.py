"""The command: its options, the mistakes it words, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from multipl_e.cli import instantiate, run_command
from multipl_e.errors import UserError
from reranker import serve
from reranker.service.config import ServeConfig


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        run_command(
            ServeConfig,
            serve.main,
            prog="reranker.serve",
            description="",
            argv=[str(argument) for argument in arguments],
            env_prefix=serve.ENV_PREFIX,
        )
    return int(stop.value.code or 0)


def test_every_flag_has_a_variable(monkeypatch):
    monkeypatch.setenv("RERANK_MODEL", "somewhere")
    monkeypatch.setenv("RERANK_API_KEY", "k")
    monkeypatch.setenv("RERANK_MAX_BATCH_TOKENS", "99")
    monkeypatch.setenv("RERANK_WARMUP", "false")
    config = instantiate(ServeConfig, ["--port", "1"], env_prefix=serve.ENV_PREFIX)
    assert config == ServeConfig(
        model="somewhere", api_key="k", max_batch_tokens=99, warmup=False, port=1
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "--model must be given"),
        (["--model", "/nowhere"], "no model folder"),
        (["--model", "m", "--port", "70000"], "0 to 65535"),
        (["--model", "m", "--max-length", "1"], "2 or more"),
        (["--model", "m", "--timeout", "0"], "--timeout must be more than 0"),
        (["--model", "m", "--dtype", "int8"], "one of auto"),
        (["--model", "m", "--host", "no.such.host.invalid"], "no such address"),
        (["--model", "m", "--device", "cuda:99"], "no such device"),
        (["--model", "m", "--max-batch-token", "3"], "--max-batch-tokens"),
    ],
)
def test_mistakes_are_one_sentence(capfd, arguments, complaint):
    port = [] if "--port" in arguments else ["--port", "0"]
    assert run(*arguments, *port) == 2
    error = capfd.readouterr().err
    assert complaint in error and "Traceback" not in error


def test_a_port_in_use_is_found_before_the_model_is_loaded(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code = run("--model", "/nowhere", "--port", taken.getsockname()[1])
    assert code == 2
    assert "the port is in use" in capfd.readouterr().err


def test_a_name_is_fetched_from_the_hub_without_code_or_pickles(monkeypatch, tmp_path: Path):
    import huggingface_hub

    asked = {}

    def snapshot_download(name, **options):
        asked.update(options, name=name)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert serve.model_folder("someone/model", "v1") == tmp_path
    assert asked["name"] == "someone/model" and asked["revision"] == "v1"
    assert not any("*.py" in p or "*.bin" in p for p in asked["allow_patterns"])
    assert serve.model_folder(str(tmp_path), None) == tmp_path


def test_a_name_that_cannot_be_fetched_is_one_sentence(monkeypatch):
    import huggingface_hub

    def snapshot_download(name, **options):
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(UserError, match="could not be fetched"):
        serve.model_folder("someone/model", None)


@pytest.mark.slow
def test_sigterm_finishes_the_request_under_way(rerankers):
    command = [sys.executable, "-m", "reranker.serve", "--port", "0", "--num-threads", "1"]
    environment = {**os.environ, "RERANK_MODEL": str(rerankers["anchored"])}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        url = ""
        while not url:
            line = process.stderr.readline()
            assert line, "the server ended"
            found = re.search(r"answers at (\S+)", line)
            url = found[1] if found else ""
        body = {"query": "q" * 20, "documents": [f"{'ab ' * 30}{i}" for i in range(800)]}
        answers = []
        sender = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{url}/v1/rerank", json=body, timeout=300))
        )
        sender.start()
        while "rerank_waiting_requests 1.0" not in httpx.get(f"{url}/metrics", timeout=60).text:
            assert sender.is_alive(), "answered before it could be interrupted"
        process.send_signal(signal.SIGTERM)
        sender.join()
        log = process.stderr.read()
        assert process.wait() == 143
    finally:
        process.kill()
    assert len(answers[0].json()["results"]) == 800
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line.get("candidates") == 800 for line in lines)
    assert "Traceback" not in log
