"""The floor for `serve_peers`: a plain rerank server of FastAPI and transformers."""

from __future__ import annotations

import sys
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer


class Request(BaseModel):
    query: str
    documents: list[str]


def create_app(directory: str, dtype: str) -> FastAPI:
    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.padding_side = "right"
    model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=dtype).eval()
    app = FastAPI()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/rerank")
    def rerank(body: Request) -> dict[str, Any]:
        pairs = [[body.query, document] for document in body.documents]
        inputs = tokenizer(pairs, padding=True, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        with torch.inference_mode():
            scores = model(**inputs).logits[:, 0].sigmoid().tolist()
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return {"results": [{"index": i, "relevance_score": scores[i]} for i in order]}

    return app


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: serve_floor.py MODEL_DIR PORT DTYPE (serve_peers.py starts it)")
    uvicorn.run(create_app(sys.argv[1], sys.argv[3]), port=int(sys.argv[2]), log_level="warning")
