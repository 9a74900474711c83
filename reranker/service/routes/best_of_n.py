"""``/v1/best_of_n``, our own: the best of N candidates by any strategy, and when to abstain."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, FiniteFloat

from multipl_e.records import Candidate, Score, Task
from reranker.data import continuation
from reranker.selection import Choices
from reranker.service.errors import REFUSALS, VALIDATION, ServiceError
from reranker.service.routes.cohere import Usage, usage
from reranker.service.service import Body, ServiceOf, Text

router = APIRouter(tags=["best of N"], responses=REFUSALS)

Language = Annotated[Text, Field(max_length=40, description="MultiPL-E's short name.")]


class Sample(Body):
    """A candidate with what its sampler knows of it."""

    text: Text
    form: Literal["completion", "solution"] = Field(
        "completion", description="A solution repeats the prompt; a completion continues it."
    )
    logprobs: list[FiniteFloat] | None = Field(
        None, description="Log-probability of each of its tokens."
    )


class BestOfNRequest(Body):
    """Candidates for a prompt, and how to choose."""

    prompt: Text
    candidates: list[Text | Sample] = Field(min_length=1)
    language: Language = "py"
    strategy: Text = Field("reward", max_length=100, description="GET /v1/strategies lists them.")
    public_tests: Text | None = Field(
        None, description="Tests that may be run before choosing, for strategies that do."
    )
    written_tests: list[Text] = Field(
        [], description="A model's tests, for strategies that look at agreement on them."
    )
    abstain_below: float | None = Field(
        None, ge=0, le=1, description="Abstain if the pick is right with a lower probability."
    )
    seed: int = Field(0, description="For strategies that draw.")
    model: str | None = Field(None, description="Any name: the server has one model.")


class Choice(BaseModel):
    """What is known of a candidate."""

    index: int = Field(description="Its position in the request.")
    value: float = Field(description="What the strategy ranks by.")
    score: float = Field(description="The reranker's own scale.")
    probability: float | None = Field(description="P(correct); null if never calibrated.")
    truncated: bool


class BestOfNResponse(BaseModel):
    """The pick, and every candidate in the request's order."""

    id: str
    object: Literal["best_of_n"] = "best_of_n"
    model: str
    strategy: str
    pick: int = Field(description="Position of the candidate that is taken.")
    text: str = Field(description="Its text.")
    abstained: bool = Field(description="Whether even the pick is too unlikely to be right.")
    candidates: list[Choice]
    usage: Usage


class StrategiesResponse(BaseModel):
    """Names that ``strategy`` may have."""

    object: Literal["list"] = "list"
    data: list[str]


@router.post("/v1/best_of_n")
async def best_of_n(body: BestOfNRequest, service: ServiceOf) -> BestOfNResponse:
    """Choose one of a prompt's candidates."""
    service.chooser.check(body.strategy)
    if body.abstain_below is not None and service.engine.scorer.calibration is None:
        message = "this server's reranker was never calibrated, so it cannot abstain"
        raise ServiceError(VALIDATION, message, param="abstain_below")
    task = Task("request", body.language, body.prompt, "", public_tests=body.public_tests)
    candidates = [_candidate(body, i) for i in range(len(body.candidates))]
    service.check_length(*body.written_tests, body.public_tests or "")
    scored = await service.score([(body.prompt, [continuation(task, c) for c in candidates])])
    scores, truncated = scored.scores[0], scored.truncated[0]
    choices = Choices(task, candidates, scores, body.seed)
    chosen, values = await service.while_connected(
        service.engine.aside(
            partial(service.chooser.choose, body.strategy, choices, body.written_tests)
        )
    )
    return BestOfNResponse(
        id=service.id,
        model=service.model_name,
        strategy=body.strategy,
        pick=chosen,
        text=candidates[chosen].text,
        abstained=_abstains(scores[chosen], body.abstain_below),
        candidates=[
            Choice(
                index=i,
                value=values[i],
                score=score.value,
                probability=score.probability,
                truncated=truncated[i],
            )
            for i, score in enumerate(scores)
        ],
        usage=usage(scored.num_tokens),
    )


@router.get("/v1/strategies")
async def list_strategies(service: ServiceOf) -> StrategiesResponse:
    """Names that ``strategy`` may have on this server."""
    return StrategiesResponse(data=service.chooser.strategies)


def _candidate(body: BestOfNRequest, index: int) -> Candidate:
    sample = body.candidates[index]
    if isinstance(sample, str):
        sample = Sample(text=sample, form="completion", logprobs=None)
    logprobs = None if sample.logprobs is None else tuple(sample.logprobs)
    return Candidate("request", body.language, sample.text, index, logprobs, form=sample.form)


def _abstains(score: Score, abstain_below: float | None) -> bool:
    if abstain_below is None or score.probability is None:
        return False
    return score.probability < abstain_below
