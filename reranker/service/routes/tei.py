"""``/rerank``, ``/predict`` and ``/info``: the shape of text-embeddings-inference."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from reranker.encoding import Truncation
from reranker.service.errors import EMPTY, TEI_REFUSALS, VALIDATION, ServiceError
from reranker.service.service import Body, ServiceOf, Text, ranked, relevance

router = APIRouter(tags=["text-embeddings-inference"], responses=TEI_REFUSALS)

LABEL = "LABEL_0"


class Truncated(Body):
    """How over-long texts are treated."""

    truncate: bool = Field(False, description="Cut over-long texts rather than refuse them.")
    truncation_direction: Literal["left", "right", "Left", "Right"] = "right"
    raw_scores: bool = Field(False, description="The model's own scale in place of 0 to 1.")

    @property
    def policy(self) -> Truncation:
        """The same as a scorer's truncation."""
        if not self.truncate:
            return "error"
        return "left" if self.truncation_direction.lower() == "left" else "right"


class RerankRequest(Truncated):
    """Candidates to rank for a prompt (query)."""

    query: Text = Field(description="The prompt.")
    texts: list[Text] | None = Field(None, description="The candidates.")
    documents: list[Text] | None = Field(None, description="The same under another name.")
    return_text: bool = Field(False, description="Send the candidates' text back.")
    top_n: int | None = Field(None, ge=1, description="Only the best so many.")


class Rank(BaseModel):
    """A candidate's place in the ranking."""

    index: int
    score: float
    text: str | None = None
    truncated: bool | None = None


class PredictRequest(Truncated):
    """A candidate, a pair of prompt and candidate, or a list of either in lists."""

    inputs: Text | list[Text] | list[list[Text]]


class Prediction(BaseModel):
    """The one label's score."""

    score: float
    label: str


class Info(BaseModel):
    """What is served, and its limits."""

    model_id: str
    model_sha: str | None
    model_dtype: str
    model_type: dict[str, Any]
    max_concurrent_requests: int
    max_input_length: int | None
    max_batch_tokens: int
    max_client_batch_size: int
    auto_truncate: bool
    tokenization_workers: int
    version: str
    head: str = Field(description="anchored or plain, see docs/serving.md.")
    calibrated: bool = Field(description="Whether scores are probabilities of being right.")
    shares_prompts: bool = Field(description="Whether candidates share their prompt.")
    truncation: str
    device: str


@router.post("/rerank", response_model_exclude_none=True)
async def rerank(body: RerankRequest, service: ServiceOf) -> list[Rank]:
    """Rank candidates for a prompt, best first, as a bare list."""
    texts = body.texts if body.texts is not None else body.documents
    if not texts:
        raise ServiceError(EMPTY, "`texts` must not be empty", param="texts")
    scored = await service.score([(body.query, texts)], body.policy)
    scores, truncated = scored.scores[0], scored.truncated[0]
    return [
        Rank(
            index=i,
            score=relevance(scores[i], raw=body.raw_scores),
            text=texts[i] if body.return_text else None,
            truncated=truncated[i] or None,
        )
        for i in ranked(scores)[: body.top_n]
    ]


@router.post("/predict")
async def predict(
    body: PredictRequest, service: ServiceOf
) -> list[Prediction] | list[list[Prediction]]:
    """Score candidates, in their order, as a classifier's one label."""
    inputs = body.inputs
    if isinstance(inputs, str):
        rows, single = [[inputs]], True
    elif inputs and all(isinstance(item, str) for item in inputs):
        rows, single = [inputs], True  # type: ignore[list-item]
    else:
        rows, single = inputs, False  # type: ignore[assignment]
    if not rows:
        raise ServiceError(EMPTY, "`inputs` must not be empty", param="inputs")
    if not all(1 <= len(row) <= 2 for row in rows):
        message = "an input is a candidate, or a prompt and a candidate"
        raise ServiceError(VALIDATION, message, param="inputs")
    groups = [("" if len(row) == 1 else row[0], [row[-1]]) for row in rows]
    scored = await service.score(groups, body.policy)
    predictions = [
        [Prediction(score=relevance(score, raw=body.raw_scores), label=LABEL)]
        for (score,) in scored.scores
    ]
    return predictions[0] if single else predictions


@router.get("/info")
async def info(service: ServiceOf) -> Info:
    """What is served, and its limits."""
    config, scorer = service.config, service.engine.scorer
    return Info(
        model_id=service.model_name,
        model_sha=config.revision,
        model_dtype=str(scorer.model.dtype).removeprefix("torch."),
        model_type={"reranker": {"id2label": {"0": LABEL}, "label2id": {LABEL: 0}}},
        max_concurrent_requests=config.max_concurrent_requests,
        max_input_length=scorer.max_length,
        max_batch_tokens=scorer.max_batch_tokens,
        max_client_batch_size=config.max_client_batch_size,
        auto_truncate=config.truncation != "error",
        tokenization_workers=1,
        version=version("rerank-loop"),
        head=scorer.spec.head,
        calibrated=scorer.calibration is not None,
        shares_prompts=scorer.shares_prompts,
        truncation=scorer.truncation,
        device=str(scorer.model.device),
    )
