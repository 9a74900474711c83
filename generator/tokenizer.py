"""The tiny default models' tokenizer: byte-level BPE over code, digits one by one.

Text is first split so that code becomes few tokens and the seam between a prompt and its
completion is always the same: indentation goes with the word that follows it, line ends with the
punctuation before them. A prompt that ends with a line end is thus tokenized the same alone and
with its completion.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

EOS, PAD, BOS = "<|endoftext|>", "<|pad|>", "<|begin|>"

# Words with the space before them; one digit; punctuation with the line ends after it; the rest.
_PIECES = r" *[\p{L}_]+|\p{N}| *[^\s\p{L}\p{N}_]+\n*|\n+| +|\s"


def train_tokenizer(
    texts: Iterable[str], *, vocab_size: int = 1024, max_length: int = 1024
) -> PreTrainedTokenizerFast:
    """Learn a tokenizer from texts; any text can be encoded with it and comes back whole.

    Args:
        texts: What to learn the merges from.
        vocab_size: Number of tokens, the 256 bytes and 3 special tokens among them.
        max_length: Recorded as the models' longest input, in tokens.
    """
    if vocab_size < 256 + 3:
        raise ValueError("vocab_size must hold the 256 bytes and 3 special tokens")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[EOS, PAD, BOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=EOS,
        pad_token=PAD,
        bos_token=BOS,
        padding_side="left",
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )
