"""Batched sampling against transformers' own, one prompt at a time."""

from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from generator import decoding
from generator.decoding import Sample, cut_at_stop, generate, stream_seed
from multipl_e.errors import UserError

PROMPTS = ["def f(x):\n", "x", "for i in range(10):\n    y = ", "return 1 + 2 + 3\n" * 3]


@pytest.fixture
def prompts(kata_tokenizer: PreTrainedTokenizerFast) -> list[list[int]]:
    return [kata_tokenizer(text)["input_ids"] for text in PROMPTS]


def greedy_reference(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, prompt: list[int], num: int
) -> list[int]:
    ids = torch.tensor([prompt])
    output = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=num,
        pad_token_id=tokenizer.pad_token_id,
    )
    return output[0, len(prompt) :].tolist()


def tokens_of(samples: list[list[Sample]]) -> list[list[list[int]]]:
    return [[sample.token_ids for sample in group] for group in samples]


def test_greedy_equals_transformers_one_by_one(
    any_model: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    drawn = generate(any_model, kata_tokenizer, prompts, 2, temperature=0, max_new_tokens=24)
    for prompt, (first, second) in zip(prompts, drawn, strict=True):
        expected = greedy_reference(any_model, kata_tokenizer, prompt, 24)
        assert first.token_ids == expected == second.token_ids


def test_logprobs_are_those_of_a_full_forward_at_temperature_one(
    any_model: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    drawn = generate(
        any_model, kata_tokenizer, prompts, 3, temperature=0.7, top_p=0.9, max_new_tokens=24
    )
    for prompt, group in zip(prompts, drawn, strict=True):
        for ids, logprobs in group:
            with torch.no_grad():
                logits = any_model(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1]
            expected = torch.log_softmax(logits, -1)[torch.arange(len(ids)), ids]
            torch.testing.assert_close(torch.tensor(logprobs), expected, atol=1e-4, rtol=0)


def test_dropping_finished_rows_changes_nothing(
    llama: PreTrainedModel,
    kata_tokenizer: PreTrainedTokenizerFast,
    prompts: list[list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw(share: float) -> list[list[list[int]]]:
        monkeypatch.setattr(decoding, "COMPACT_SHARE", share)
        # Stopping at common letters ends rows at many different steps.
        return tokens_of(
            generate(
                llama, kata_tokenizer, prompts, 8, max_new_tokens=60, stop=[["e"]] * len(prompts)
            )
        )

    at_once, never = draw(0.0), draw(1.0)
    assert at_once == never
    assert len({len(ids) for group in at_once for ids in group}) > 3


def test_samples_do_not_depend_on_company(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    def draw(which: list[int], num: int, batch_size: int) -> list[list[list[int]]]:
        return tokens_of(
            generate(
                llama,
                kata_tokenizer,
                [prompts[i] for i in which],
                num,
                max_new_tokens=20,
                generator_seed=[100 + i for i in which],
                batch_size=batch_size,
            )
        )

    whole = draw([0, 1, 2, 3], 6, 256)
    assert draw([3, 1], 6, 256) == [whole[3], whole[1]]
    assert draw([0, 1, 2, 3], 6, 4) == whole
    assert draw([0, 1, 2, 3], 2, 5) == [group[:2] for group in whole]


def test_seeds(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    def draw(seed: int) -> list[list[list[int]]]:
        return tokens_of(
            generate(llama, kata_tokenizer, prompts, 4, max_new_tokens=12, generator_seed=seed)
        )

    assert draw(1) == draw(1) != draw(2)
    assert stream_seed(1, "ab", "c") != stream_seed(1, "a", "bc")


def test_the_frequencies_are_the_models(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    num = 4000
    (group,) = generate(
        llama, kata_tokenizer, prompts[:1], num, temperature=0.5, max_new_tokens=1, batch_size=num
    )
    with torch.no_grad():
        expected = torch.softmax(llama(torch.tensor(prompts[:1])).logits[0, -1] / 0.5, -1)
    counts = torch.bincount(
        torch.tensor([ids[0] for ids, _ in group]), minlength=len(kata_tokenizer)
    )
    # Total variation of an empirical distribution of 4000 draws; a wrong temperature gives > 0.2.
    assert 0.5 * (counts / num - expected).abs().sum() < 0.1


def test_top_p_draws_from_the_nucleus_only(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    with torch.no_grad():
        probs = torch.softmax(llama(torch.tensor(prompts[:1])).logits[0, -1], -1)
    ordered, order = probs.sort(descending=True)
    size = int((ordered.cumsum(0) < 0.5).sum()) + 1
    (group,) = generate(
        llama, kata_tokenizer, prompts[:1], 500, temperature=1.0, top_p=0.5, max_new_tokens=1
    )
    assert {ids[0] for ids, _ in group} == set(order[:size].tolist())


def test_stop_texts_end_a_sample_and_are_not_kept(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    free = generate(llama, kata_tokenizer, prompts, 6, max_new_tokens=40)
    cut = generate(
        llama, kata_tokenizer, prompts, 6, max_new_tokens=40, stop=[["t", "zz"]] * len(prompts)
    )
    num_cut = 0
    for free_group, cut_group in zip(free, cut, strict=True):
        for whole, sample in zip(free_group, cut_group, strict=True):
            num = len(sample.token_ids)
            assert sample.token_ids == whole.token_ids[:num]
            assert len(sample.logprobs) == num
            wanted = cut_at_stop(kata_tokenizer.decode(whole.token_ids), ["t", "zz"])
            kept = kata_tokenizer.decode(sample.token_ids)
            assert kept.startswith(wanted) or "\ufffd" in wanted
            if num and num < len(whole.token_ids):
                num_cut += 1
                # Not one token more than the kept text needs.
                shorter = kata_tokenizer.decode(sample.token_ids[:-1])
                assert len(shorter) < len(wanted) or "\ufffd" in wanted
    assert num_cut > 5


def test_a_completion_ends_at_the_models_last_position(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast
) -> None:
    limit = llama.config.max_position_embeddings
    long, short = [300] * (limit - 5), [300, 301]
    groups = generate(llama, kata_tokenizer, [long, short], 3, max_new_tokens=30)
    assert max(len(ids) for ids, _ in groups[0]) <= 5
    assert max(len(ids) for ids, _ in groups[1]) > 5


def test_a_prompt_that_fills_the_context_is_refused(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast
) -> None:
    with pytest.raises(UserError, match="prompt 1 has 320 tokens"):
        generate(llama, kata_tokenizer, [[300], [300] * 320], 1, max_new_tokens=4)


def test_progress_counts_every_sample_once(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]]
) -> None:
    counts: list[int] = []
    generate(
        llama, kata_tokenizer, prompts, 5, max_new_tokens=10, batch_size=7, on_done=counts.append
    )
    assert sum(counts) == 5 * len(prompts)


def test_the_models_mode_is_left_as_it_was(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast
) -> None:
    llama.train()
    try:
        generate(llama, kata_tokenizer, [[300]], 1, max_new_tokens=2)
        assert llama.training
    finally:
        llama.eval()


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"top_p": 0.0},
        {"max_new_tokens": 0},
        {"generator_seed": [1, 2]},
        {"stop": [["a"], ["b"]]},
    ],
)
def test_misuse_is_refused(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="must be" if "stop" not in wrong else "must have"):
        generate(llama, kata_tokenizer, [[300]], 1, **wrong)  # type: ignore[arg-type]


def test_no_prompts_and_no_samples(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast
) -> None:
    assert generate(llama, kata_tokenizer, [], 3) == []
    assert generate(llama, kata_tokenizer, [[300]], 0) == [[]]


def test_cut_at_the_first_of_the_stop_texts() -> None:
    assert cut_at_stop("a\nb#c", ["#", "\nb"]) == "a"
    assert cut_at_stop("abc", ["", "x"]) == "abc"
