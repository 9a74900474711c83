"""``/score``: vLLM's shape, for pairs of prompt and candidate (1:1, 1:N, N:N)."""

from __future__ import annotations

import time
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from reranker.service.errors import EMPTY, REFUSALS, VALIDATION, ServiceError
from reranker.service.routes.cohere import Usage, usage
from reranker.service.service import Body, ServiceOf, Text, relevance

router = APIRouter(tags=["vLLM"], responses=REFUSALS)


class ScoreRequest(Body):
    """Prompts and candidates: one prompt for all candidates, or one for each."""

    text_1: Text | list[Text] = Field(description="The prompt, or one per candidate.")
    text_2: Text | list[Text] = Field(description="The candidates.")
    use_activation: bool = Field(True, description="False for the model's own scale.")
    model: str | None = Field(None, description="Any name: the server has one model.")


class ScoreItem(BaseModel):
    """A pair's score."""

    index: int
    object: Literal["score"] = "score"
    score: float


class ScoreResponse(BaseModel):
    """Scores in the order of the pairs."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[ScoreItem]
    usage: Usage


@router.post("/score")
@router.post("/v1/score")
async def score(body: ScoreRequest, service: ServiceOf) -> ScoreResponse:
    """Score pairs of prompt and candidate, in their order."""
    prompts = [body.text_1] if isinstance(body.text_1, str) else body.text_1
    texts = [body.text_2] if isinstance(body.text_2, str) else body.text_2
    for name, found in (("text_1", prompts), ("text_2", texts)):
        if not found:
            raise ServiceError(EMPTY, f"{name} must not be empty", param=name)
    if len(prompts) not in (1, len(texts)):
        message = f"{len(prompts)} texts in text_1 for {len(texts)} in text_2: give one or as many"
        raise ServiceError(VALIDATION, message, param="text_1")
    if len(prompts) == 1:
        groups = [(prompts[0], texts)]
    else:
        groups = [(prompt, [text]) for prompt, text in zip(prompts, texts, strict=True)]
    scored = await service.score(groups)
    values = [relevance(s, raw=not body.use_activation) for group in scored.scores for s in group]
    return ScoreResponse(
        id=service.id,
        created=int(time.time()),
        model=service.model_name,
        data=[ScoreItem(index=i, score=value) for i, value in enumerate(values)],
        usage=usage(scored.num_tokens),
    )
