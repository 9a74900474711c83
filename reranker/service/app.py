"""The application: routes, errors, and what stands before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI

from reranker.service.chooser import Chooser
from reranker.service.config import ServeConfig
from reranker.service.engine import Engine
from reranker.service.errors import add_error_handlers
from reranker.service.guard import Guard, Observer
from reranker.service.routes import best_of_n, cohere, inspect, pages, status, tei, vllm

DESCRIPTION = "Ranks a code generator's candidates for a prompt by how likely they are right."


def create_app(engine: Engine, chooser: Chooser, config: ServeConfig) -> FastAPI:
    """The service around an engine and a chooser, which end with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        engine.close()
        chooser.close()

    app = FastAPI(
        title="Reranker",
        description=DESCRIPTION,
        version=version("rerank-loop"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.engine, app.state.chooser, app.state.config = engine, chooser, config
    app.state.model_name = config.served_model_name or Path(config.model).name
    for module in (cohere, tei, vllm, best_of_n, inspect, status, pages):
        app.include_router(module.router)
    add_error_handlers(app)
    app.add_middleware(
        Guard,
        api_key=config.api_key,
        max_body_bytes=config.max_body_bytes,
        timeout=config.timeout,
    )
    app.add_middleware(Observer, metrics=engine.metrics)
    return app
