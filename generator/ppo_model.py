"""The policy with its value head, and the forward pass over a batch of rollouts.

Value: a scalar head on the policy's own trunk rather than a value model of its own. At 7B a second
trunk with its optimizer state doubles the memory; at 1M the head on detached features learns as
fast as is useful and the policy's gradient stays free of the value loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from generator.ppo_math import last_action, token_entropy, token_logprobs
from generator.ppo_options import PPOOptions


@dataclass(frozen=True)
class TokenBatch:
    """Prompts and completions as tensors; several completions may share a prompt.

    Attributes:
        prompts_ps: Token ids of the distinct prompts, padded on the left.
        prompt_mask_ps: True at their tokens.
        prompt_of_b: The prompt of each completion, an index into `prompts_ps`.
        tokens_bt: Token ids of the completions, padded on the right.
    """

    prompts_ps: Tensor
    prompt_mask_ps: Tensor
    prompt_of_b: Tensor
    tokens_bt: Tensor

    @classmethod
    def of(
        cls,
        prompts: Sequence[Sequence[int]],
        completions: Sequence[Sequence[int]],
        device: torch.device | str,
    ) -> TokenBatch:
        """Pad the completions and their prompts (one each); equal prompts are kept once."""
        number_of = {prompt: i for i, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
        width = max(map(len, number_of))
        rows = [[0] * (width - len(prompt)) + list(prompt) for prompt in number_of]
        real = [[False] * (width - len(prompt)) + [True] * len(prompt) for prompt in number_of]
        return cls(
            torch.tensor(rows, device=device),
            torch.tensor(real, device=device),
            torch.tensor([number_of[tuple(prompt)] for prompt in prompts], device=device),
            pad_right(completions, 0, device=device),
        )

    def rows(self, index_b: Tensor, width: int) -> TokenBatch:
        """The first `width` tokens of the completions at `index_b`, with the prompts they have."""
        prompts_b = self.prompt_of_b[index_b]
        used_p, prompt_of_b = torch.unique(prompts_b, return_inverse=True)
        return TokenBatch(
            self.prompts_ps[used_p],
            self.prompt_mask_ps[used_p],
            prompt_of_b,
            self.tokens_bt[index_b, :width],
        )


@dataclass(frozen=True)
class Evaluation:
    """What policy, value head and reference say of a batch: all that needs no reward."""

    tokens: TokenBatch
    logprobs_bt: Tensor
    values_bt: Tensor
    entropy_bt: Tensor
    ref_logprobs_bt: Tensor

    def rows(self, index_b: Tensor) -> Evaluation:
        """The rows at `index_b`."""
        tensors = {
            f.name: getattr(self, f.name)[index_b] for f in fields(self) if f.name != "tokens"
        }
        width = self.logprobs_bt.shape[1]
        return Evaluation(self.tokens.rows(index_b, width), **tensors)


@dataclass(frozen=True)
class Experience:
    """A batch of rollouts as tensors; rows may be selected with `rows`."""

    tokens: TokenBatch
    logprobs_bt: Tensor
    values_bt: Tensor
    advantages_bt: Tensor
    returns_bt: Tensor
    action_mask_bt: Tensor
    loss_mask_bt: Tensor

    def __len__(self) -> int:
        return self.logprobs_bt.shape[0]

    def pieces(self, size: int | None) -> list[Experience]:
        """The rows in order, at most `size` at a time."""
        if size is None or size >= len(self):
            return [self]
        rows_b = torch.arange(len(self), device=self.logprobs_bt.device)
        return [self.rows(index_b) for index_b in torch.split(rows_b, size)]

    def rows(self, index_b: Tensor) -> Experience:
        """The rows of a minibatch, without prompts and columns that none of them needs."""
        width = int(last_action(self.action_mask_bt[index_b]).max()) + 1
        tensors = {
            f.name: getattr(self, f.name)[index_b, :width]
            for f in fields(self)
            if f.name != "tokens"
        }
        return Experience(self.tokens.rows(index_b, width), **tensors)


def pad_right(
    rows: Sequence[Sequence[int]] | Sequence[Sequence[bool]],
    value: int | bool,
    *,
    device: torch.device | str,
    width: int = 1,
) -> Tensor:
    """Stack rows of different lengths, filled up with `value`; at least `width` columns."""
    width = max(width, *map(len, rows))
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows], device=device)


def rollout_outputs(
    model: PreTrainedModel, batch: TokenBatch, *, share_prompts: bool
) -> tuple[Tensor, Tensor]:
    """Run the model over prompts and completions.

    Args:
        model: A causal language model.
        batch: The tokens.
        share_prompts: Compute each prompt once and let its completions attend to its cache;
            gradients flow through the cache. Otherwise each row computes its own prompt.

    Returns:
        logits_btv, the prediction of completion token t from all before it, and hidden_btd, the
        trunk's output from which it was read.
    """
    mask_ps = batch.prompt_mask_ps
    positions_ps = (mask_ps.long().cumsum(1) - 1).clamp(min=0)
    prompts_bs, tokens_bt = batch.prompts_ps[batch.prompt_of_b], batch.tokens_bt
    num_rows, num_tokens = tokens_bt.shape
    # What predicts the completion's tokens: the prompt's last and all of them but the last.
    inputs_bt = torch.cat([prompts_bs[:, -1:], tokens_bt[:, :-1]], dim=1)
    steps_t = torch.arange(num_tokens, device=tokens_bt.device)
    positions_bt = positions_ps[batch.prompt_of_b, -1:] + steps_t
    # Padding on the right is never attended to by a real token before it: no mask needed there.
    mask_bs = torch.cat(
        [mask_ps[batch.prompt_of_b], mask_ps.new_ones(num_rows, num_tokens - 1)], dim=1
    )
    if not share_prompts or prompts_bs.shape[1] == 1:
        output = model(
            input_ids=torch.cat([prompts_bs[:, :-1], inputs_bt], dim=1),
            attention_mask=mask_bs,
            position_ids=torch.cat([positions_ps[batch.prompt_of_b, :-1], positions_bt], dim=1),
            use_cache=False,
            output_hidden_states=True,
            logits_to_keep=num_tokens,
        )
        return output.logits, output.hidden_states[-1][:, -num_tokens:]

    prefix = model(
        input_ids=batch.prompts_ps[:, :-1],
        attention_mask=mask_ps[:, :-1],
        position_ids=positions_ps[:, :-1],
        use_cache=True,
        logits_to_keep=1,
    )
    cache = prefix.past_key_values
    # By `index_select`, whose gradient is summed in one order: that of `keys[rows]` is summed in
    # the order in which threads come to a prompt's rows, and training would differ each time.
    cache.reorder_cache(batch.prompt_of_b)
    output = model(
        input_ids=inputs_bt,
        attention_mask=mask_bs,
        position_ids=positions_bt,
        past_key_values=cache,
        use_cache=True,
        output_hidden_states=True,
    )
    return output.logits, output.hidden_states[-1]


class PolicyWithValue(nn.Module):
    """A causal language model and a scalar head that predicts the return at each token."""

    def __init__(
        self,
        policy: PreTrainedModel,
        *,
        temperature: float,
        share_prompts: bool,
        value_trains_trunk: bool,
    ) -> None:
        super().__init__()
        self.policy = policy
        self.temperature = temperature
        self.share_prompts = share_prompts
        self.value_trains_trunk = value_trains_trunk
        size = policy.config.get_text_config().hidden_size
        device = policy.get_input_embeddings().weight.device
        self.value_head = nn.Linear(size, 1, dtype=torch.float32, device=device)
        # Rewards are centred, so 0 is the right first guess, and no random number is spent on it.
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)

    def forward(self, batch: TokenBatch, *, entropy: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """Log-probability, value and (if asked for) entropy at each token, each of shape (b, t)."""
        logits_btv, hidden_btd = rollout_outputs(
            self.policy, batch, share_prompts=self.share_prompts
        )
        if not self.value_trains_trunk:
            hidden_btd = hidden_btd.detach()
        return (
            token_logprobs(logits_btv, batch.tokens_bt, self.temperature),
            self.value_head(hidden_btd.float()).squeeze(-1),
            token_entropy(logits_btv, self.temperature) if entropy else None,
        )


def make_optimizers(module: PolicyWithValue, options: PPOOptions) -> list[torch.optim.Optimizer]:
    """AdamW on everything, or Muon on the matrices between hidden states and AdamW on the rest.

    Embeddings and output layers are tables of tokens, to which Muon's orthogonal update does not
    belong; the value head has a rate of its own.
    """
    policy = module.policy
    tables = {
        id(parameter)
        for layer in (policy.get_input_embeddings(), policy.get_output_embeddings())
        if layer is not None
        for parameter in layer.parameters()
    }
    trained = [p for p in policy.parameters() if p.requires_grad]
    by_muon = options.muon_learning_rate > 0
    matrices = [p for p in trained if by_muon and p.ndim == 2 and id(p) not in tables]
    moved = {id(parameter) for parameter in matrices}
    rest = [p for p in trained if id(p) not in moved]
    decay = options.weight_decay
    head = {
        "params": list(module.value_head.parameters()),
        "weight_decay": 0.0,
        "lr": options.value_learning_rate,
    }
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(
            [{"params": rest, "weight_decay": decay}, head],
            lr=options.learning_rate,
            betas=(0.9, 0.95),
        )
    ]
    if matrices:
        muon = torch.optim.Muon(
            matrices,
            lr=options.muon_learning_rate,
            weight_decay=decay,
            adjust_lr_fn="match_rms_adamw",
        )
        optimizers.append(muon)
    return optimizers
