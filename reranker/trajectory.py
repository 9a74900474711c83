"""How a score came about: its value after each token of the candidate.

Both heads read a causal model, so what they would say of the candidate's first t tokens is known
from one pass over the whole. The last value is the candidate's score.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel

from multipl_e.errors import UserError
from reranker.anchored import AnchoredReranker
from reranker.encoding import Encoded


@torch.inference_mode()
def trajectory(model: PreTrainedModel, encoded: Encoded) -> list[float]:
    """Raw score after each token of a completion, as if it ended there.

    Args:
        model: A reranker with either kind of head.
        encoded: A prompt and a completion; see `Scorer.encode`.

    Returns:
        One value per token of the completion, end-of-text included.

    Raises:
        UserError: the model is an encoder, whose score of a beginning needs a pass of its own.
    """
    ids_bt = torch.tensor([[*encoded.prompt_ids, *encoded.completion_ids]], device=model.device)
    start = len(encoded.prompt_ids)
    if isinstance(model, AnchoredReranker):
        values_t = _anchored(model, ids_bt, start)
    elif hasattr(model, "score"):
        values_t = _plain(model, ids_bt)[start:]
    else:
        raise UserError("this reranker is not a causal model, so its score has no steps to show")
    values: list[float] = values_t.float().tolist()
    return values


def _plain(model: PreTrainedModel, ids_bt: Tensor) -> Tensor:
    """The classifier's score at each token; (tokens,).

    It reads a score at the last token that is not padding, and where a tokenizer pads with its
    end-of-text token, that one counts as padding: the score then stays what it was before.
    """
    values_t: Tensor = model.score(model.base_model(input_ids=ids_bt).last_hidden_state)[0, :, 0]
    places_t = torch.arange(len(values_t), device=values_t.device)
    last_read_t = (places_t * (ids_bt[0] != model.config.pad_token_id)).cummax(0).values
    return values_t[last_read_t]


def _anchored(model: AnchoredReranker, ids_bt: Tensor, start: int) -> Tensor:
    """The anchored score with every mean taken over the first t tokens; (completion tokens,)."""
    output = model.trunk(input_ids=ids_bt, output_hidden_states=True)
    targets_t = ids_bt[0, start:]
    logprobs_t = -torch.nn.functional.cross_entropy(
        output.logits[0, start - 1 : -1].float(), targets_t, reduction="none"
    )
    counts_t = torch.arange(1, len(targets_t) + 1, device=ids_bt.device)
    hidden_th = output.hidden_states[-1][0, start:]
    means_th = (hidden_th.float().cumsum(0) / counts_t.unsqueeze(1)).to(hidden_th.dtype)
    correction_t = (model.last_head(hidden_th) + model.mean_head(means_th))[:, 0]
    return model.config.anchor_scale * logprobs_t.cumsum(0) / counts_t + correction_t.float()
