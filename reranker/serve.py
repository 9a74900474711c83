"""Serve a reranker over HTTP.

    python -m reranker.serve --model artifacts/runs/NAME/reranker
    curl -s localhost:8080/v1/rerank -H 'Content-Type: application/json' \\
        -d '{"query": "def add(a, b):\\n", "documents": ["    return a - b", "    return a + b"]}'

It speaks the rerank interfaces of Cohere, Jina, vLLM and text-embeddings-inference, and has a page
at / to try it by hand; /docs describes the routes. The model is read from safetensors, and code
that comes with a model is never run.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import torch
import uvicorn

from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.progress import say
from reranker.scoring import Scorer
from reranker.service.app import create_app
from reranker.service.chooser import Chooser
from reranker.service.config import ServeConfig
from reranker.service.engine import Engine
from reranker.service.logs import set_up_logs
from reranker.service.metrics import Metrics

ENV_PREFIX = "RERANK_"
MODEL_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")


def main(config: ServeConfig) -> None:
    """The command: load, warm up, answer until told to stop."""
    torch.set_num_threads(config.num_threads or len(os.sched_getaffinity(0)))
    listener = listen(config.host, config.port)
    device = placed(config.device)
    folder = model_folder(config.model, config.revision)
    chooser = Chooser(folder, allow_execution=config.allow_execution)
    scorer = load(folder, device, config)
    if config.warmup:
        warm_up(scorer)
    engine = Engine(
        scorer,
        Metrics(),
        max_concurrent_requests=config.max_concurrent_requests,
        timeout=config.timeout,
    )
    set_up_logs(config.log_level)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(engine, chooser, config),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=config.shutdown_timeout,
        )
    )
    host = f"[{config.host}]" if ":" in config.host else config.host
    say(f"{config.model} answers at http://{host}:{listener.getsockname()[1]}")
    server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket on the address, so that a port in use is found before the model is loaded.

    Raises:
        UserError: the host is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror as error:
        raise UserError(f"--host {host}: no such address; 127.0.0.1 is this machine") from error
    return listener


def placed(device: str | None) -> str:
    """The device as named, or the first GPU if there is one, else the CPU.

    Raises:
        UserError: this machine has no such device.
    """
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device {device}: there is no such device here; try cpu") from error
    return device


def load(folder: Path, device: str, config: ServeConfig) -> Scorer:
    """The scorer of a reranker's folder.

    Raises:
        UserError: it cannot be loaded.
    """
    return Scorer(
        folder,
        device=device,
        dtype=config.dtype,
        max_batch_tokens=config.max_batch_tokens,
        max_length=config.max_length,
        truncation=config.truncation,
    )


def model_folder(model: str, revision: str | None) -> Path:
    """A folder as it is; a name on the Hub once it is downloaded, without weights but safetensors.

    Raises:
        UserError: there is no such folder or model.
    """
    folder = Path(model).expanduser()
    if folder.exists() or model.startswith((".", "/", "~")) or model.count("/") > 1:
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(MODEL_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise UserError(
            f"--model {model}: there is no such folder, and it could not be fetched from the "
            "Hugging Face Hub; check the name and the network"
        ) from error


def warm_up(scorer: Scorer) -> None:
    """Score a batch of full size, so that the first request finds memory and kernels ready."""
    text = "x = 1\n" * 16
    scorer.score("def f():\n" + text, [f"    {text}    return {i}\n" for i in range(16)])


if __name__ == "__main__":
    run_command(
        ServeConfig, main, prog="reranker.serve", description=__doc__ or "", env_prefix=ENV_PREFIX
    )
