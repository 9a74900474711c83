"""Tiny rerankers of both heads, and real servers on free ports of the loopback device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import torch
import uvicorn

from reranker.calibration import Calibration
from reranker.model import new_reranker, save_reranker
from reranker.scoring import Scorer
from reranker.serve import listen
from reranker.service.app import create_app
from reranker.service.chooser import Chooser
from reranker.service.config import ServeConfig
from reranker.service.engine import Engine
from reranker.service.metrics import Metrics


@dataclass
class Served:
    """A running server."""

    client: httpx.Client
    engine: Engine
    config: ServeConfig
    url: str


@pytest.fixture(scope="session")
def rerankers(bases: dict[str, Path], tmp_path_factory) -> dict[str, Path]:
    """Folders of rerankers whose heads say something; the anchored one is calibrated."""
    folders = {}
    for head in ("anchored", "plain"):
        model, tokenizer, _ = new_reranker(bases["llama"], head, seed=5)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "_head" in name:
                    parameter.normal_(generator=torch.Generator().manual_seed(1))
        folders[head] = tmp_path_factory.mktemp(head)
        save_reranker(model, tokenizer, folders[head])
    Calibration((-200.0, 0.0), (0.05, 0.95), 8, 4).save(folders["anchored"])
    return folders


@pytest.fixture(scope="session")
def scorers(rerankers: dict[str, Path]) -> dict[str, Scorer]:
    return {head: Scorer(folder) for head, folder in rerankers.items()}


@contextmanager
def running(scorer: Scorer, folder: Path, config: ServeConfig) -> Iterator[Served]:
    engine = Engine(
        scorer,
        Metrics(),
        max_concurrent_requests=config.max_concurrent_requests,
        timeout=config.timeout,
    )
    chooser = Chooser(folder, allow_execution=config.allow_execution)
    app = create_app(engine, chooser, config)
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=20))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(base_url=url, timeout=60) as client:
            yield Served(client, engine, config, url)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def shared_servers(scorers, rerankers) -> Iterator[dict[str, Served]]:
    """One server per head with the default options; use them only for what leaves no trace."""
    with ExitStack() as stack:
        yield {
            head: stack.enter_context(running(scorer, rerankers[head], ServeConfig(model=head)))
            for head, scorer in scorers.items()
        }


@pytest.fixture
def served(shared_servers) -> Served:
    """The anchored reranker's server."""
    return shared_servers["anchored"]


@pytest.fixture
def serve(scorers, rerankers) -> Iterator[Callable[..., Served]]:
    """Starts a server with options of its own; it ends with the test."""
    with ExitStack() as stack:

        def start(scorer: Scorer | None = None, **options) -> Served:
            config = replace(ServeConfig(model="anchored"), **options)
            folder = rerankers["anchored"]
            return stack.enter_context(running(scorer or scorers["anchored"], folder, config))

        yield start
