"""Every route's shape, and that its numbers are those of a scorer in Python."""

from __future__ import annotations

import math

import pytest

PROMPT = "def f(a, b):\n"
TEXTS = ["    return a - b\n", "    return a + b\n", "    pass\n", "    return b\n"]


def expected(scorer, *, raw: bool = False, prompt: str = PROMPT, texts=TEXTS) -> list[float]:
    scores = scorer.score(prompt, texts)
    if raw:
        return [s.value for s in scores]
    return [
        1 / (1 + math.exp(-s.value)) if s.probability is None else s.probability for s in scores
    ]


def order(values: list[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda i: -values[i])


@pytest.mark.parametrize("head", ["anchored", "plain"])
@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
@pytest.mark.parametrize("raw", [False, True])
def test_rerank_gives_the_scores_of_python(shared_servers, scorers, head, path, raw):
    body = {"model": "any", "query": PROMPT, "documents": TEXTS, "raw_scores": raw}
    answer = shared_servers[head].client.post(path, json=body).json()
    values = expected(scorers[head], raw=raw)
    assert [r["index"] for r in answer["results"]] == order(expected(scorers[head], raw=True))
    for result in answer["results"]:
        assert result["relevance_score"] == pytest.approx(values[result["index"]], abs=1e-4)
        assert "document" not in result
    assert answer["model"] == head
    assert answer["usage"]["total_tokens"] == len(PROMPT) + sum(len(t) + 1 for t in TEXTS)


def test_rerank_takes_objects_top_n_and_returns_documents(served):
    body = {
        "query": PROMPT,
        "documents": [TEXTS[0], {"text": TEXTS[1]}, {"text": TEXTS[2], "id": 7}],
        "top_n": 2,
        "return_documents": True,
        "some_other_field": 1,
    }
    results = served.client.post("/v1/rerank", json=body).json()["results"]
    assert len(results) == 2
    assert all(r["document"] == {"text": TEXTS[r["index"]]} for r in results)


@pytest.mark.parametrize("head", ["anchored", "plain"])
@pytest.mark.parametrize("field", ["texts", "documents"])
def test_tei_rerank_is_a_sorted_bare_list(shared_servers, scorers, head, field):
    body = {"query": PROMPT, field: TEXTS, "raw_scores": True, "return_text": True, "top_n": 3}
    ranks = shared_servers[head].client.post("/rerank", json=body).json()
    values = expected(scorers[head], raw=True)
    assert [rank["index"] for rank in ranks] == order(values)[:3]
    assert all(rank["text"] == TEXTS[rank["index"]] for rank in ranks)
    assert [r["score"] for r in ranks] == pytest.approx(sorted(values)[::-1][:3], abs=1e-4)


@pytest.mark.parametrize("path", ["/score", "/v1/score"])
@pytest.mark.parametrize(
    ("text_1", "text_2"),
    [
        (PROMPT, TEXTS[0]),
        (PROMPT, TEXTS),
        ([PROMPT], TEXTS),
        ([PROMPT, "x = ", PROMPT, ""], TEXTS),
    ],
)
def test_score_pairs_one_to_one_one_to_many_and_each_to_each(served, scorers, path, text_1, text_2):
    answer = served.client.post(path, json={"text_1": text_1, "text_2": text_2}).json()
    texts = [text_2] if isinstance(text_2, str) else text_2
    prompts = [text_1] if isinstance(text_1, str) else text_1
    pairs = zip(prompts * len(texts) if len(prompts) == 1 else prompts, texts, strict=True)
    wanted = [expected(scorers["anchored"], prompt=p, texts=[t])[0] for p, t in pairs]
    assert [item["score"] for item in answer["data"]] == pytest.approx(wanted, abs=1e-4)
    assert [item["index"] for item in answer["data"]] == list(range(len(texts)))
    assert answer["object"] == "list" and answer["data"][0]["object"] == "score"


def test_predict_takes_a_pair_or_a_batch(served, scorers):
    value = expected(scorers["anchored"], texts=TEXTS[:1])[0]
    alone = served.client.post("/predict", json={"inputs": [PROMPT, TEXTS[0]]}).json()
    assert alone == [{"label": "LABEL_0", "score": pytest.approx(value, abs=1e-4)}]
    batch = {"inputs": [[PROMPT, TEXTS[0]], [TEXTS[1]]]}
    rows = served.client.post("/predict", json=batch).json()
    assert rows[0] == alone and len(rows) == 2
    assert rows[1][0]["score"] == pytest.approx(
        expected(scorers["anchored"], prompt="", texts=TEXTS[1:2])[0], abs=1e-4
    )


def test_best_of_n_picks_by_the_reranker(served, scorers):
    body = {"prompt": PROMPT, "candidates": TEXTS, "abstain_below": 0.0}
    answer = served.client.post("/v1/best_of_n", json=body).json()
    scores = scorers["anchored"].score(PROMPT, TEXTS)
    values = [s.value for s in scores]
    assert answer["pick"] == order(values)[0] and answer["text"] == TEXTS[answer["pick"]]
    assert not answer["abstained"]
    for choice, score in zip(answer["candidates"], scores, strict=True):
        assert choice["score"] == choice["value"] == pytest.approx(score.value, abs=1e-4)
        assert choice["probability"] == pytest.approx(score.probability, abs=1e-4)


def test_best_of_n_abstains_below_a_probability(served):
    body = {"prompt": PROMPT, "candidates": TEXTS, "abstain_below": 1.0}
    assert served.client.post("/v1/best_of_n", json=body).json()["abstained"]


def test_best_of_n_by_what_the_sampler_knew(served):
    candidates = [
        {"text": "    return 1\n", "logprobs": [-3.0, -1.0]},
        {"text": PROMPT + "    return 2\n", "form": "solution", "logprobs": [-0.5]},
    ]
    body = {"prompt": PROMPT, "candidates": candidates, "strategy": "logprob"}
    answer = served.client.post("/v1/best_of_n", json=body).json()
    assert answer["pick"] == 1
    assert [c["value"] for c in answer["candidates"]] == [-2.0, -0.5]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"strategy": "rewad"}, "strategy must be one of"),
        ({"strategy": "likelihood"}, "strategy must be one of"),
        ({"strategy": "logprob"}, "lacks what logprob looks at"),
        (
            {"strategy": "public+reward", "public_tests": "assert f(1, 2)"},
            "strategy must be one of",
        ),
        ({"candidates": []}, "must not be empty"),
    ],
)
def test_best_of_n_refuses_what_it_cannot_do(served, change, complaint):
    body = {"prompt": PROMPT, "candidates": TEXTS, **change}
    response = served.client.post("/v1/best_of_n", json=body)
    assert response.status_code == 400
    assert complaint in response.json()["error"]["message"]


def test_an_uncalibrated_reranker_cannot_abstain(shared_servers):
    body = {"prompt": PROMPT, "candidates": TEXTS, "abstain_below": 0.5}
    response = shared_servers["plain"].client.post("/v1/best_of_n", json=body)
    assert response.status_code == 400
    assert "calibrated" in response.json()["error"]["message"]


@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_inspect_ends_at_the_score_and_keeps_every_character(shared_servers, scorers, head):
    text = "    return 'ä€😀'\t# \u202e<b>\n"
    body = {"prompt": PROMPT, "candidate": text, "language": "py"}
    answer = shared_servers[head].client.post("/v1/inspect", json=body).json()
    assert "".join(step["text"] for step in answer["steps"]) == text
    assert "".join(span["text"] for span in answer["spans"]) == text
    value = scorers[head].score(PROMPT, [text])[0].value
    assert answer["steps"][-1]["score"] == pytest.approx(value, abs=1e-4)


def test_inspect_takes_an_empty_candidate(served):
    body = {"prompt": "", "candidate": ""}
    (end,) = served.client.post("/v1/inspect", json=body).json()["steps"]
    assert end["text"] == ""


def test_status_routes(served, scorers):
    get = served.client.get
    assert get("/health").json() == get("/ready").json() == {"status": "ok"}
    info = get("/info").json()
    assert info["model_id"] == "anchored" and info["head"] == "anchored" and info["calibrated"]
    assert info["max_input_length"] == 128 and info["max_client_batch_size"] == 1024
    assert get("/v1/models").json()["data"][0]["id"] == "anchored"
    served.client.post("/v1/rerank", json={"query": "q", "documents": ["a"]})
    metrics = get("/metrics").text
    assert 'rerank_requests_total{route="/v1/rerank",status="200"}' in metrics
    assert "rerank_tokens_total" in metrics


def test_pages_need_nothing_from_outside(served):
    for path in ("/", "/docs"):
        page = served.client.get(path)
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text
    assert "/v1/best_of_n" in served.client.get("/docs").text


def test_over_long_texts_are_cut_and_said_to_be(served):
    documents = ["short", "c" * 200]
    body = {"query": "p", "documents": documents}
    results = served.client.post("/v1/rerank", json=body).json()["results"]
    assert {r["index"]: r.get("truncated", False) for r in results} == {0: False, 1: True}


@pytest.mark.parametrize("direction", ["left", "Right"])
def test_tei_refuses_or_cuts_over_long_texts_as_told(served, rerankers, direction):
    from reranker.scoring import Scorer

    body = {"query": "p", "texts": ["ab" * 100], "raw_scores": True}
    refused = served.client.post("/rerank", json=body)
    assert refused.status_code == 422
    assert refused.json()["error_type"] == "Validation"
    cut = {**body, "truncate": True, "truncation_direction": direction}
    (rank,) = served.client.post("/rerank", json=cut).json()
    scorer = Scorer(rerankers["anchored"], truncation=direction.lower())
    assert rank["score"] == pytest.approx(scorer.score("p", body["texts"])[0].value, abs=1e-4)
    assert rank["truncated"]


def test_strategies_that_run_programs_are_offered_only_where_allowed(serve, served):
    programs = ["    return a - b\n", "    return a + b\n", "    return a * b\n"]
    body = {
        "prompt": PROMPT,
        "candidates": programs,
        "strategy": "public+reward",
        "public_tests": "assert f(2, 3) == 5\n",
    }
    assert "public" not in served.client.get("/v1/strategies").json()["data"]
    assert served.client.post("/v1/best_of_n", json=body).status_code == 400
    allowing = serve(allow_execution=True)
    assert "public" in allowing.client.get("/v1/strategies").json()["data"]
    assert allowing.client.post("/v1/best_of_n", json=body).json()["pick"] == 1
    agreeing = {**body, "candidates": [*programs, programs[2] + "\n"], "strategy": "mbr"}
    agreeing["written_tests"] = ["assert f(4, 5) == 20", "assert f(1, 7) == 7"]
    assert allowing.client.post("/v1/best_of_n", json=agreeing).json()["pick"] == 2
