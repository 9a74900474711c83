from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing

from multipl_e.errors import UserError
from reranker.encoding import Truncation, encode, encode_prompt, fit

tokens = st.lists(st.integers(2, 99), min_size=1, max_size=30).map(tuple)


def test_parts_are_tokenized_separately_and_ended(make_tokenizer):
    tokenizer = make_tokenizer(merges=[("a", "b")])
    joined = tokenizer("ab")["input_ids"]
    (encoded,) = encode(tokenizer, "a", ["b"])
    assert len(joined) == 1
    assert len(encoded.prompt_ids) == 1
    assert len(encoded.completion_ids) == 2
    assert encoded.completion_ids[-1] == tokenizer.eos_token_id


def test_prompt_keeps_its_start_token_and_loses_an_end_token(make_tokenizer):
    tokenizer = make_tokenizer(bos_token="a")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="a $A <eos>", special_tokens=[("a", tokenizer.bos_token_id), ("<eos>", 0)]
    )
    ids = encode_prompt(tokenizer, "xy")
    assert ids[0] == tokenizer.bos_token_id
    assert len(ids) == 3


def test_empty_prompt_gets_something_to_predict_from(make_tokenizer):
    assert encode_prompt(make_tokenizer(), "") == (0,)


def test_lone_surrogate_is_scored_not_refused(make_tokenizer):
    tokenizer = make_tokenizer()
    assert encode(tokenizer, "p\ud800", ["c\udfff"]) == encode(tokenizer, "p?", ["c?"])


@given(tokens, tokens, st.integers(2, 40), st.sampled_from(["left", "right", "middle"]))
def test_cut_text_fits_and_keeps_both_parts(prompt, completion, limit, truncation: Truncation):
    fitted = fit(prompt, completion, limit, truncation)
    whole = prompt + completion
    kept = fitted.prompt_ids + fitted.completion_ids
    assert len(kept) == min(limit, len(whole))
    assert fitted.prompt_ids and fitted.completion_ids
    assert fitted.truncated == (len(whole) > limit)
    if not fitted.truncated:
        assert (fitted.prompt_ids, fitted.completion_ids) == (prompt, completion)


@pytest.mark.parametrize(
    ("truncation", "prompt", "completion"),
    [("left", (3, 4), (5, 6)), ("right", (1, 2, 3), (4,)), ("middle", (1, 2), (5, 6))],
)
def test_each_policy_cuts_where_it_says(truncation, prompt, completion):
    fitted = fit((1, 2, 3, 4), (5, 6), 4, truncation)
    expected = (1, 2, 3, 4, 5, 6)
    kept = {"left": expected[-4:], "right": expected[:4], "middle": expected[:2] + expected[-2:]}
    assert fitted.prompt_ids + fitted.completion_ids == kept[truncation]
    assert (fitted.prompt_ids, fitted.completion_ids) == (prompt, completion)


def test_error_policy_says_how_long_it_is():
    with pytest.raises(UserError, match="6 tokens and the reranker takes 4"):
        fit((1, 2, 3, 4), (5, 6), 4, "error")
