"""``/v1/rerank`` and ``/v2/rerank``: the shape of Cohere, Jina, vLLM and their clients."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from reranker.service.errors import REFUSALS
from reranker.service.service import Body, ServiceOf, Text, ranked, relevance

router = APIRouter(tags=["Cohere, Jina, vLLM"], responses=REFUSALS)


class Document(Body):
    """A candidate as an object."""

    text: Text


class RerankRequest(Body):
    """Candidates (documents) to rank for a prompt (query)."""

    query: Text = Field(description="The prompt.")
    documents: list[Text | Document] = Field(min_length=1, description="The candidates.")
    top_n: int | None = Field(None, ge=1, description="Only the best so many.")
    return_documents: bool = Field(False, description="Send the candidates' text back.")
    raw_scores: bool = Field(False, description="The model's own scale in place of 0 to 1.")
    model: str | None = Field(None, description="Any name: the server has one model.")


class RerankResult(BaseModel):
    """A candidate's place in the ranking."""

    index: int = Field(description="Its position in the request.")
    relevance_score: float = Field(description="P(correct), see docs/serving.md.")
    document: Document | None = None
    truncated: bool | None = Field(None, description="True if it was cut to fit the model.")


class Usage(BaseModel):
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


class RerankResponse(BaseModel):
    """The ranking, best first."""

    id: str
    model: str
    results: list[RerankResult]
    usage: Usage
    meta: dict[str, Any]


async def rerank(body: RerankRequest, service: ServiceOf, version: str) -> RerankResponse:
    """Rank by score; what both versions do."""
    texts = [d if isinstance(d, str) else d.text for d in body.documents]
    scored = await service.score([(body.query, texts)])
    scores, truncated = scored.scores[0], scored.truncated[0]
    results = [
        RerankResult(
            index=i,
            relevance_score=relevance(scores[i], raw=body.raw_scores),
            document=Document(text=texts[i]) if body.return_documents else None,
            truncated=truncated[i] or None,
        )
        for i in ranked(scores)[: body.top_n]
    ]
    return RerankResponse(
        id=service.id,
        model=service.model_name,
        results=results,
        usage=usage(scored.num_tokens),
        meta={"api_version": {"version": version}},
    )


def usage(num_tokens: int) -> Usage:
    """All tokens are read, none is written."""
    return Usage(prompt_tokens=num_tokens, total_tokens=num_tokens)


@router.post("/v1/rerank", response_model_exclude_none=True)
async def rerank_v1(body: RerankRequest, service: ServiceOf) -> RerankResponse:
    """Rank candidates for a prompt, best first."""
    return await rerank(body, service, "1")


@router.post("/v2/rerank", response_model_exclude_none=True)
async def rerank_v2(body: RerankRequest, service: ServiceOf) -> RerankResponse:
    """Rank candidates for a prompt, best first."""
    return await rerank(body, service, "2")
