from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    pipeline,
)

from multipl_e.errors import UserError
from reranker.anchored import AnchoredReranker
from reranker.batching import collate, forward
from reranker.model import (
    MIN_BYTES_FOR_HALF,
    load_reranker,
    new_reranker,
    save_reranker,
    suited_dtype,
)
from reranker.scoring import Scorer

FAMILIES = ["llama", "gpt2"]
PROMPT, TEXTS = "def f(x):\n", ["    return x\n", "    return x + 1\n", ""]


def definition(base: Path, prompt: str, text: str) -> float:
    """Mean log-probability of the completion's tokens and the end token, one row, no cache."""
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(base),
        AutoTokenizer.from_pretrained(base),
    )
    prompt_ids = tokenizer(prompt)["input_ids"]
    ids = prompt_ids + tokenizer(text)["input_ids"] + [tokenizer.eos_token_id]
    with torch.no_grad():
        logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    chosen = [float(logprobs[i - 1, ids[i]]) for i in range(len(prompt_ids), len(ids))]
    return sum(chosen) / len(chosen)


@pytest.mark.parametrize("family", FAMILIES)
def test_untrained_anchored_score_is_the_scaled_mean_logprob(bases, family):
    scorer = Scorer(new_reranker(bases[family]))
    for text, score in zip(TEXTS, scorer.score(PROMPT, TEXTS), strict=True):
        assert score.value == pytest.approx(10 * definition(bases[family], PROMPT, text), abs=1e-4)


def test_anchor_scale_is_the_factor(base: Path):
    ten = Scorer(new_reranker(base)).score(PROMPT, TEXTS)
    two = Scorer(new_reranker(base, anchor_scale=2.0)).score(PROMPT, TEXTS)
    assert [s.value * 5 for s in two] == pytest.approx([s.value for s in ten], rel=1e-5)


def test_corrections_read_the_last_and_the_mean_state(base: Path):
    model, tokenizer, _ = new_reranker(base)
    plain = Scorer((model, tokenizer, new_reranker(base)[2])).score(PROMPT, TEXTS[:1])[0].value
    hidden = []
    ids = tokenizer(PROMPT)["input_ids"]
    completion = [*tokenizer(TEXTS[0])["input_ids"], tokenizer.eos_token_id]
    with torch.no_grad():
        model.last_head.weight.fill_(0.5)
        model.mean_head.weight.fill_(-0.25)
        states = model.backbone(torch.tensor([ids + completion])).last_hidden_state[0, len(ids) :]
        hidden = [states[-1].sum() * 0.5, states.mean(0).sum() * -0.25]
        batch = collate([(ids, [completion])], tokenizer.pad_token_id)
        score = forward(model, batch).logits.item()
    assert score == pytest.approx(plain + float(sum(hidden)), abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_saved_and_loaded_reranker_scores_the_same(bases, tmp_path: Path, family, head):
    model, tokenizer, spec = new_reranker(bases[family], head, anchor_scale=3.0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "head" in name or "score" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(1))
    before = Scorer((model, tokenizer, spec)).score(PROMPT, TEXTS)
    save_reranker(model, tokenizer, tmp_path, base="tiny", metrics={"pick_accuracy": 0.5})
    loaded = load_reranker(tmp_path)
    after = Scorer(loaded).score(PROMPT, TEXTS)
    assert [s.value for s in after] == pytest.approx([s.value for s in before], abs=1e-5)
    assert loaded[2].head == head
    assert loaded[2].anchor_scale == (3.0 if head == "anchored" else None)
    assert list(tmp_path.glob("*.safetensors"))
    card = (tmp_path / "README.md").read_text()
    assert f"({head} head)" in card and "0.5000" in card


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_head_is_an_ordinary_sequence_classifier(bases, tmp_path: Path, family):
    save_reranker(*new_reranker(bases[family], "plain", seed=3)[:2], tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    scores = [score.value for score in Scorer(tmp_path).score(PROMPT, TEXTS)]
    with torch.no_grad():
        rows = tokenizer([PROMPT] * 3, TEXTS, return_tensors="pt", padding=True)
        rows.pop("token_type_ids", None)
        theirs = model(**rows).logits[:, 0].tolist()
    assert theirs == pytest.approx(scores, abs=1e-5)
    assert model.config.pad_token_id is not None
    assert len({round(score, 3) for score in scores}) == 3


def test_plain_head_in_a_pipeline(base: Path, tmp_path: Path):
    save_reranker(*new_reranker(base, "plain", seed=3)[:2], tmp_path)
    classify = pipeline("text-classification", str(tmp_path), function_to_apply="none")
    theirs = [classify({"text": PROMPT, "text_pair": text})["score"] for text in TEXTS]
    scores = [score.value for score in Scorer(tmp_path).score(PROMPT, TEXTS)]
    assert theirs == pytest.approx(scores, abs=1e-5)


def test_plain_head_depends_on_its_seed_only(base: Path):
    first, again, other = (new_reranker(base, "plain", seed=s)[0].score.weight for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_completion_mask_is_required(base: Path):
    model = new_reranker(base)[0]
    ids = torch.tensor([[2, 3, 4]])
    with pytest.raises(ValueError, match="completion_mask"):
        model(ids)
    with pytest.raises(ValueError, match="first token"):
        model(ids, completion_mask=torch.tensor([[1, 1, 1]]))


def test_mistaken_folders_are_explained(base: Path, tmp_path: Path):
    with pytest.raises(UserError, match="no model folder"):
        load_reranker(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no config"):
        load_reranker(tmp_path)
    with pytest.raises(UserError, match="LlamaForCausalLM, not a reranker"):
        load_reranker(base)
    with pytest.raises(UserError, match="no model folder at"):
        new_reranker(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        load_reranker(tmp_path)


def test_damaged_weights_are_explained(base: Path, tmp_path: Path):
    save_reranker(*new_reranker(base)[:2], tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(UserError, match="cannot load the model"):
        load_reranker(tmp_path)


def test_a_reranker_is_no_base(base: Path, tmp_path: Path):
    save_reranker(*new_reranker(base)[:2], tmp_path)
    with pytest.raises(UserError, match="is a reranker already"):
        new_reranker(tmp_path)


def test_many_labels_are_no_reranker(base: Path, tmp_path: Path):
    save_reranker(*new_reranker(base, "plain")[:2], tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {"0": "a", "1": "b"}
    config["label2id"] = {"a": 0, "b": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError):
        load_reranker(tmp_path)


def test_half_precision_loads(base: Path, tmp_path: Path):
    save_reranker(*new_reranker(base)[:2], tmp_path)
    model = load_reranker(tmp_path, dtype=torch.bfloat16)[0]
    assert isinstance(model, AnchoredReranker)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("matrix_units", "size", "expected"),
    [
        (True, MIN_BYTES_FOR_HALF, torch.bfloat16),
        (True, MIN_BYTES_FOR_HALF - 1, torch.float32),
        (False, MIN_BYTES_FOR_HALF, torch.float32),
    ],
)
def test_a_cpu_scores_in_half_precision_where_that_is_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matrix_units: bool, size: int, expected
):
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(size)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": matrix_units})
    assert suited_dtype(tmp_path, "cpu") == expected


def test_a_gpu_scores_in_half_precision(tmp_path: Path):
    assert suited_dtype(tmp_path, "cuda:0") == torch.bfloat16
