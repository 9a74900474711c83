"""Whether the server lives, is ready, what it serves, and its metrics."""

from __future__ import annotations

import time
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from reranker.service.errors import REFUSALS, UNHEALTHY, ServiceError
from reranker.service.metrics import CONTENT_TYPE
from reranker.service.service import ServiceOf

router = APIRouter(tags=["status"], responses=REFUSALS)
STARTED = int(time.time())


class Status(BaseModel):
    """All is well; otherwise there is an error in its place."""

    status: Literal["ok"] = "ok"


class ModelCard(BaseModel):
    """The one model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "rerank-loop"
    max_model_len: int | None


class ModelList(BaseModel):
    """What OpenAI clients list."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


@router.get("/health")
async def health(service: ServiceOf) -> Status:
    """200 while the model's thread works, 503 otherwise."""
    if not service.engine.healthy:
        raise ServiceError(UNHEALTHY, "the model's thread has ended; restart the server")
    return Status()


@router.get("/ready")
async def ready(service: ServiceOf) -> Status:
    """200 if another request would be accepted; 429 while too many wait, 503 without a model."""
    service.engine.check_ready()
    return Status()


@router.get("/v1/models")
async def models(service: ServiceOf) -> ModelList:
    """The one model, as OpenAI clients list it."""
    limit = service.engine.scorer.max_length
    return ModelList(data=[ModelCard(id=service.model_name, created=STARTED, max_model_len=limit)])


@router.get("/metrics", response_class=Response)
async def metrics(service: ServiceOf) -> Response:
    """Counters and timings for Prometheus."""
    return Response(service.engine.metrics.page(), media_type=CONTENT_TYPE)
