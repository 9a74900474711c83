"""What the benchmarks of the HTTP service share: models with random weights, servers, requests."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification

from reranker.model import SHIPPED_TRUNK, quiet_transformers, save_reranker

ROOT = Path(__file__).resolve().parent.parent
WORDS = [
    "for", "in", "range", "return", "if", "else", "def", "len", "sum", "max", "min", "list",
    "value", "index", "total", "=", "+", "-", "(", ")", ":", "x", "y",
]  # fmt: skip


def random_reranker(directory: Path, *, hidden: int, layers: int, seed: int = 0) -> int:
    """Save a plain-head Llama with random weights; its number of parameters."""
    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(SHIPPED_TRUNK)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden * 8 // 3 // 64 * 64,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 64,
        max_position_embeddings=2048,
        num_labels=1,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )
    torch.manual_seed(seed)
    model = LlamaForSequenceClassification(config).eval()
    # Scores of a new head are all about zero; these differ.
    torch.nn.init.normal_(model.score.weight, std=0.1)
    save_reranker(model, tokenizer, directory)
    return sum(parameter.numel() for parameter in model.parameters())


def text_of(num_tokens: int, rng: random.Random) -> str:
    """About so many tokens of something like code."""
    return " ".join(rng.choice(WORDS) for _ in range(num_tokens))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def server(
    command: Sequence[str | Path],
    port: int,
    log: Path,
    *,
    environment: dict[str, str] | None = None,
    patience: float = 600,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server as a process, from the moment it answers ``/health`` to the end of the block.

    Raises:
        RuntimeError: it ended, or did not answer in time; with the end of what it said.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **(environment or {})},
        )
        try:
            deadline = time.monotonic() + patience
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = log.read_text(errors="replace")[-600:]
                    raise RuntimeError(f"exit code {process.poll()}, and it said: {said}")
                time.sleep(0.5)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def our_command(model: Path, port: int, *options: str) -> list[str]:
    return [
        sys.executable, "-m", "reranker.serve", "--model", str(model), "--port", str(port), *options
    ]  # fmt: skip


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
