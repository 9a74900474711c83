"""The clients that people already have."""

from __future__ import annotations

import pytest

TEXTS = ["    return a - b\n", "    return a + b\n", "    pass\n"]


@pytest.mark.parametrize("version", [1, 2])
def test_the_cohere_package_ranks_and_sends_its_key(serve, scorers, version):
    cohere = pytest.importorskip("cohere", reason="the cohere package is not installed")
    served = serve(api_key="secret")
    client = (cohere.Client if version == 1 else cohere.ClientV2)("secret", base_url=served.url)
    answer = client.rerank(model="any", query="def f(a, b):\n", documents=TEXTS, top_n=2)
    scores = [s.value for s in scorers["anchored"].score("def f(a, b):\n", TEXTS)]
    best = sorted(range(len(TEXTS)), key=lambda i: -scores[i])[:2]
    assert [result.index for result in answer.results] == best
    assert 0 <= answer.results[0].relevance_score <= 1


def test_the_cohere_package_understands_a_refusal(serve):
    cohere = pytest.importorskip("cohere", reason="the cohere package is not installed")
    served = serve(api_key="secret")
    with pytest.raises(cohere.errors.UnauthorizedError):
        cohere.ClientV2("wrong", base_url=served.url).rerank(
            model="any", query="q", documents=["a"]
        )
    with pytest.raises(cohere.errors.BadRequestError):
        cohere.ClientV2("secret", base_url=served.url).rerank(model="any", query="q", documents=[])
