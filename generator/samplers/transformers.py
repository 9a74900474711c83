"""Sampling with transformers: any causal language model, on whatever device it lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from generator.decoding import Sample, completion_text, cut_at_stop, generate, stream_seed
from generator.model import load_generator, max_positions
from multipl_e.errors import UserError
from multipl_e.records import Candidate, Task


class TransformersSampler:
    """Draws candidates from a causal language model.

    A task's candidates depend on the model, the settings, the seed, the round, the task's key and
    its prompt; not on the other tasks, their order, the batch size or the number of candidates
    (a larger number begins with the smaller one's), up to floating-point rounding in batches of
    another make-up. The same call on the same machine gives the same candidates.

    A prompt must leave room for at least one token; a completion that meets the model's last
    position ends there. Prompts are never cut.
    """

    def __init__(
        self,
        model: str | Path | tuple[PreTrainedModel, Tokenizer],
        *,
        temperature: float = 0.8,
        top_p: float = 1.0,
        max_new_tokens: int = 256,
        batch_size: int = 256,
        name: str = "transformers",
        dtype: str = "auto",
        device: str | None = None,
    ) -> None:
        """Prepare to sample.

        Args:
            model: A folder, a Hub name, ``default``, or a loaded model and tokenizer.
            temperature: Divides the logits; 0 takes the most likely token.
            top_p: Draw from the smallest set of tokens with this probability in total.
            max_new_tokens: Longest completion, in tokens.
            batch_size: Most rows (prompts times samples) in a decoding step.
            name: Recorded as the candidates' `sampler`.
            dtype: What the weights are loaded as, where `model` is a name.
            device: Where the model is loaded, where `model` is a name.

        Raises:
            UserError: if there is no such model or a setting is out of range.
        """
        if temperature < 0 or not 0 < top_p <= 1:
            raise UserError("temperature must not be negative and top_p must be above 0, at most 1")
        if max_new_tokens < 1 or batch_size < 1:
            raise UserError("max_new_tokens and batch_size must be at least 1")
        if isinstance(model, tuple):
            self.model, self.tokenizer = model
        else:
            self.model, self.tokenizer = load_generator(model, dtype=dtype, device=device)
        self.temperature, self.top_p = temperature, top_p
        self.max_new_tokens, self.batch_size = max_new_tokens, batch_size
        self.name = name

    def sample(
        self,
        tasks: Sequence[Task],
        num_candidates: int,
        *,
        seed: int,
        round: int = 0,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Candidate]:
        """Draw `num_candidates` for each task, grouped in task order.

        Raises:
            UserError: for a task whose prompt fills the model's context.
        """
        prompts = [self.encode(task) for task in tasks]
        samples = generate(
            self.model,
            self.tokenizer,
            prompts,
            num_candidates,
            temperature=self.temperature,
            top_p=self.top_p,
            max_new_tokens=self.max_new_tokens,
            generator_seed=[stream_seed(seed, round, *task.key) for task in tasks],
            stop=[task.stop_tokens for task in tasks],
            batch_size=self.batch_size,
            on_done=on_done,
        )
        return [
            self._candidate(task, prompt, drawn, index, round)
            for task, prompt, group in zip(tasks, prompts, samples, strict=True)
            for index, drawn in enumerate(group)
        ]

    def encode(self, task: Task) -> list[int]:
        """The tokens of a task's prompt.

        Raises:
            UserError: if there are none or they fill the model's context.
        """
        ids: list[int] = self.tokenizer(task.prompt)["input_ids"]
        if not ids:
            raise UserError(f"task {task.name} ({task.language}) has an empty prompt")
        limit = max_positions(self.model)
        if limit is not None and len(ids) >= limit:
            raise UserError(
                f"the prompt of task {task.name} ({task.language}) has {len(ids)} tokens and the "
                f"model holds {limit}; leave the task out or take a model with a longer context"
            )
        return ids

    def _candidate(
        self, task: Task, prompt: list[int], drawn: Sample, index: int, round: int
    ) -> Candidate:
        text = completion_text(self.tokenizer, prompt, drawn.token_ids)
        return Candidate(
            task=task.name,
            language=task.language,
            text=cut_at_stop(text, task.stop_tokens),
            index=index,
            token_logprobs=tuple(drawn.logprobs),
            sampler=self.name,
            round=round,
        )
