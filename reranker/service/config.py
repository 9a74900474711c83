"""The options of ``python -m reranker.serve``: each is a flag and an environment variable."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from multipl_e.errors import UserError
from reranker.encoding import Truncation


@dataclass(frozen=True)
class ServeConfig:
    """Serve a reranker over HTTP.

    Attributes:
        model: A reranker's folder, or its name on the Hugging Face Hub.
        revision: Branch, tag or commit, for a model from the Hub.
        served_model_name: What responses call the model; by default the folder's or Hub's name.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one and says which.
        api_key: Demanded of every request but /health and /metrics, as "Authorization: Bearer KEY"
            (a browser asks for it as a password). Safer as an environment variable than as a flag.
        device: Where the model runs; by default the first GPU if there is one, else the CPU.
        dtype: Of the weights in memory; auto is bfloat16 on a GPU and, for models of 10 million
            parameters or more, on a CPU that multiplies it in hardware (AMX), else float32.
        num_threads: Cores the model uses; by default all that this process may use.
        warmup: Score a batch before the first request is accepted.
        max_batch_tokens: Most tokens scored at once, what candidates share counted once; by default
            2048, 4096 in half precision.
        max_length: Most tokens of prompt and candidate; by default the model's own limit.
        truncation: What happens to longer ones where the request does not say.
        max_concurrent_requests: Requests accepted and not yet answered; beyond it 429.
        max_client_batch_size: Most candidates of one request.
        max_text_chars: Most characters of one text.
        max_body_bytes: Most bytes of a request's body.
        timeout: Seconds until a request that is not answered ends with 504; one that would wait
            longer than this is refused with 429 at once.
        shutdown_timeout: Seconds that accepted requests get to finish after SIGTERM or ctrl-C.
        allow_execution: Offer strategies that run candidate programs, in the sandbox.
        log_level: Least important kind of log line that is written.
    """

    model: str
    revision: str | None = None
    served_model_name: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    api_key: str | None = None
    device: str | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    num_threads: int | None = None
    warmup: bool = True
    max_batch_tokens: int | None = None
    max_length: int | None = None
    truncation: Truncation = "left"
    max_concurrent_requests: int = 512
    max_client_batch_size: int = 1024
    max_text_chars: int = 200_000
    max_body_bytes: int = 8_000_000
    timeout: float = 60.0
    shutdown_timeout: int = 60
    allow_execution: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def __post_init__(self) -> None:
        for field in fields(self):
            if not field.name.startswith(("max_", "num_", "timeout", "shutdown")):
                continue
            value = getattr(self, field.name)
            if value is not None and value <= 0:
                raise UserError(f"--{field.name.replace('_', '-')} must be more than 0")
        if not 0 <= self.port <= 65535:
            raise UserError("--port is a number from 0 to 65535")
        if self.max_length is not None and self.max_length < 2:
            raise UserError("--max-length must be 2 or more: a token of prompt, one of candidate")
