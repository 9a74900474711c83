from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    BertConfig,
    DeepseekV2Config,
    Qwen2Config,
    Qwen3Config,
    Starcoder2Config,
    pipeline,
)

import reranker.scoring as scoring
from multipl_e.errors import UserError
from multipl_e.records import Candidate, Task
from reranker.calibration import Calibration
from reranker.model import new_reranker, save_reranker
from reranker.scoring import Scorer, TrunkScorer
from reranker.tree import Tree

FAMILIES = ["llama", "gpt2"]


def random_groups(num_groups: int = 5) -> list[tuple[str, list[str]]]:
    rng = random.Random(0)

    def text(low: int, high: int) -> str:
        return "".join(rng.choices("abc =\n()", k=rng.randint(low, high)))

    return [
        (text(1, 40), [text(0, 60) for _ in range(rng.randint(1, 7))]) for _ in range(num_groups)
    ]


def scorer_of(folder: Path, head: str, attention: str = "sdpa", **options) -> Scorer:
    model, tokenizer, spec = new_reranker(folder, head, seed=5)
    model.set_attn_implementation(attention)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "_head" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(1))
    return Scorer((model, tokenizer, spec), **options)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", ["anchored", "plain"])
@pytest.mark.parametrize(("attention", "sharing"), [("sdpa", "beginnings"), ("eager", "prompts")])
@pytest.mark.parametrize("max_batch_tokens", [1, 150, 400, 100_000])
def test_scores_do_not_depend_on_the_batch(
    bases, family, head, attention, sharing, max_batch_tokens
):
    scorer = scorer_of(bases[family], head, attention, max_batch_tokens=max_batch_tokens)
    alone = scorer_of(bases[family], head)
    alone.sharing = "nothing"
    assert scorer.sharing == sharing
    for (prompt, texts), scores in zip(
        random_groups(), scorer.score_groups(random_groups()), strict=True
    ):
        expected = [alone.score(prompt, [text])[0].value for text in texts]
        assert [score.value for score in scores] == pytest.approx(expected, abs=1e-4)


def small(vocab_size: int) -> dict[str, object]:
    return {
        "vocab_size": vocab_size, "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 128, "bos_token_id": None, "eos_token_id": 0,
    }  # fmt: skip


DEEPSEEK = {
    "kv_lora_rank": 16, "q_lora_rank": None, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
    "v_head_dim": 8, "num_key_value_heads": 4, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "moe_intermediate_size": 16, "first_k_dense_replace": 1, "n_group": None, "topk_group": None,
}  # fmt: skip
BACKBONES = {
    "qwen2": (Qwen2Config, {}),
    "qwen3": (Qwen3Config, {"head_dim": 8}),
    "starcoder2": (Starcoder2Config, {}),
    "starcoder2 with a window": (Starcoder2Config, {"sliding_window": 16}),
    "deepseek_v2": (DeepseekV2Config, DEEPSEEK),
}


@pytest.mark.parametrize("head", ["anchored", "plain"])
@pytest.mark.parametrize("name", BACKBONES)
def test_backbones_share_prompts_or_say_that_they_do_not(
    make_tokenizer, tmp_path, capsys, name, head
):
    tokenizer = make_tokenizer()
    make_config, options = BACKBONES[name]
    torch.manual_seed(3)
    config = make_config(**{**small(len(tokenizer)), **options})
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    scorer, alone = scorer_of(tmp_path, head), scorer_of(tmp_path, head)
    assert scorer.shares_prompts != ("cannot share a prompt" in capsys.readouterr().err)
    alone.sharing = "nothing"
    prompt, texts = "def f(x):\n" * 3, ["a", "return x", "b" * 30]
    expected = [alone.score(prompt, [text])[0].value for text in texts]
    assert [s.value for s in scorer.score(prompt, texts)] == pytest.approx(expected, abs=1e-4)


def test_a_single_candidate_needs_no_pass_for_its_prompt(base: Path):
    scorer = scorer_of(base, "plain")
    lengths = []
    scorer.model.base_model.register_forward_pre_hook(
        lambda _, __, kwargs: lengths.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    scorer.score("x" * 60, ["abc"])
    assert lengths == [64]


def test_a_plain_head_scores_as_a_transformers_pipeline_does(base: Path, tmp_path: Path):
    model, tokenizer, _ = new_reranker(base, "plain", seed=5)
    save_reranker(model, tokenizer, tmp_path)
    classify = pipeline("text-classification", str(tmp_path), function_to_apply="none")
    prompt, texts = "def f(x):\n", ["    return x\n", "    pass\n"]
    expected = [row["score"] for row in classify([{"text": prompt, "text_pair": t} for t in texts])]
    assert [s.value for s in Scorer(tmp_path).score(prompt, texts)] == pytest.approx(
        expected, abs=1e-4
    )


@pytest.mark.parametrize("side", ["left", "right"])
def test_tokenizer_padding_side_does_not_matter(base: Path, side):
    model, tokenizer, spec = new_reranker(base)
    expected = Scorer((model, tokenizer, spec)).score("ab", ["c", "cdef"])
    tokenizer.padding_side = side
    assert Scorer((model, tokenizer, spec)).score("ab", ["c", "cdef"]) == expected


def test_equal_candidates_are_computed_once(base: Path, monkeypatch):
    scorer = scorer_of(base, "anchored")
    seen = []
    real = scoring.score_tree

    def counted(model, rows, **options):
        seen.append(len(rows))
        return real(model, rows, **options)

    monkeypatch.setattr(scoring, "score_tree", counted)
    scores = scorer.score("p", ["a", "b", "a", "a"])
    assert sum(seen) == 2
    assert scores[0] == scores[2] == scores[3]


@pytest.mark.parametrize("max_batch_tokens", [10, 100_000])
def test_prompt_is_computed_once(base: Path, max_batch_tokens):
    scorer = scorer_of(base, "anchored", max_batch_tokens=max_batch_tokens)
    lengths = []
    scorer.model.backbone.register_forward_pre_hook(
        lambda _, __, kwargs: lengths.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    scorer.score("x" * 60, ["a", "bc", "def"])
    assert sum(length >= 59 for length in lengths) == 1
    assert len(lengths) == (4 if max_batch_tokens == 10 else 1)


@pytest.mark.parametrize("num_groups", [1, 12])
def test_budget_bounds_what_is_computed_and_kept(base: Path, monkeypatch, num_groups):
    scorer = scorer_of(base, "anchored", max_batch_tokens=300)
    sizes = []
    real = scoring.score_tree

    def measured(model, rows, cache=None):
        kept = 0 if cache is None else cache.get_seq_length()
        sizes.append(kept + Tree(rows, num_cached=kept).num_tokens)
        return real(model, rows, cache=cache)

    monkeypatch.setattr(scoring, "score_tree", measured)
    if num_groups == 1:
        groups = [("def f(x):\n", [str(number) * 50 for number in range(40)])]
    else:
        groups = random_groups(num_groups)
    scorer.score_groups(groups)
    assert max(sizes) <= 300
    assert len(sizes) > 3


def test_streaming_reads_no_further_than_a_batch(base: Path):
    scorer = scorer_of(base, "anchored", max_batch_tokens=100)
    taken = []

    def endless():
        for number in range(10**9):
            taken.append(number)
            yield f"prompt {number}", ["a" * 20, "b" * 20]

    stream = scorer.stream(endless())
    first = [next(stream) for _ in range(3)]
    assert [len(scores) for scores in first] == [2, 2, 2]
    assert len(taken) < 8


def test_progress_counts_candidates_and_empty_groups_are_fine(base: Path):
    done = []
    scores = scorer_of(base, "anchored").score_groups(
        [("p", ["a", "b"]), ("q", []), ("r", ["c"])], on_done=done.append
    )
    assert [len(group) for group in scores] == [2, 0, 1]
    assert done == [2, 0, 1]


@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_nothing_but_empty_groups_is_fine(base: Path, head):
    assert scorer_of(base, head).score_groups([("a", []), ("b", [])]) == [[], []]


def test_score_candidates_keeps_the_order_of_mixed_tasks(base: Path):
    scorer = scorer_of(base, "anchored")
    one, two = Task("one", "py", "p = ", ""), Task("two", "py", "q = ", "")
    tasks = [one, two, one]
    candidates = [
        Candidate("one", "py", "1"),
        Candidate("two", "py", "2"),
        Candidate("one", "py", "p = 3", form="solution"),
    ]
    expected = [
        scorer.score(p, [c])[0].value for p, c in [("p = ", "1"), ("q = ", "2"), ("p = ", "3")]
    ]
    assert scorer.score_candidates(tasks, candidates) == pytest.approx(expected, abs=1e-4)


def test_over_long_texts_are_cut_or_refused(base: Path):
    prompt, text = "p" * 100, "c" * 60
    cut = scorer_of(base, "anchored")
    assert cut.encode(prompt, [text, "c"])[0].truncated
    assert not cut.encode(prompt, [text, "c"])[1].truncated
    whole = cut.score("p" * (128 - 61), [text])[0].value
    assert cut.score(prompt, [text, "c"])[0].value == pytest.approx(whole, abs=1e-4)
    with pytest.raises(UserError, match="161 tokens"):
        scorer_of(base, "anchored", truncation="error").score(prompt, [text])


def test_encoder_falls_back_to_whole_texts_and_says_so(make_tokenizer, tmp_path: Path, capsys):
    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        num_labels=1,
    )
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    scorer = Scorer(tmp_path)
    assert not scorer.shares_prompts
    assert "cannot share a prompt" in capsys.readouterr().err
    together = scorer.score("abc", ["d", "efgh"])
    apart = [scorer.score("abc", [text])[0] for text in ("d", "efgh")]
    assert [s.value for s in together] == pytest.approx([s.value for s in apart], abs=1e-4)


def test_probability_comes_from_the_calibration_beside_the_model(base: Path, tmp_path: Path):
    save_reranker(*new_reranker(base)[:2], tmp_path)
    assert Scorer(tmp_path).score("p", ["a"])[0].probability is None
    Calibration((-1000.0, 0.0), (0.25, 0.25), 4, 2).save(tmp_path)
    assert Scorer(tmp_path).score("p", ["a"])[0].probability == 0.25


def test_trunk_scorer_is_an_untrained_anchored_reranker(base: Path):
    expected = Scorer(new_reranker(base)).score("p", ["a", "bb"])
    assert TrunkScorer(base).score("p", ["a", "bb"]) == expected
