from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from multipl_e.errors import UserError
from reranker.encoding import Encoded
from reranker.model import new_reranker
from reranker.scoring import Scorer
from reranker.trajectory import trajectory


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_each_value_is_the_score_of_the_tokens_so_far(bases, family, head):
    model, tokenizer, spec = new_reranker(bases[family], head, seed=5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "_head" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(1))
    scorer = Scorer((model, tokenizer, spec))
    (encoded,) = scorer.encode("def f():\n", ["    return 1\n"])
    values = trajectory(model, encoded)
    assert len(values) == len(encoded.completion_ids)
    beginnings = [
        Encoded(encoded.prompt_ids, encoded.completion_ids[:length])
        for length in range(1, len(values) + 1)
    ]
    whole = [trajectory(model, beginning)[-1] for beginning in beginnings]
    assert values == pytest.approx(whole, abs=1e-4)
    score = scorer.score("def f():\n", ["    return 1\n"])[0].value
    assert values[-1] == pytest.approx(score, abs=1e-4)


def test_an_encoder_has_no_steps():
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=20,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            num_labels=1,
        )
    )
    with pytest.raises(UserError, match="not a causal model"):
        trajectory(model, Encoded((1,), (2, 3)))
