"""The model card that lies beside a reranker's weights."""

from __future__ import annotations

from collections.abc import Mapping

_PLAIN = """\
A one-label sequence classifier: it loads with `AutoModelForSequenceClassification`, and so in vLLM
and text-embeddings-inference. Encode prompt and candidate as a pair; the saved tokenizer appends
the end-of-text token.

```python
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
score = model(**tokenizer(prompt, candidate, return_tensors="pt")).logits[0, 0]
```
"""

_ANCHORED = """\
Score = {scale:g} x the mean log-probability of the candidate's tokens under the model's own trunk
+ a learned correction. It needs to know where the prompt ends, so it loads with this project's
code only; `AutoModelForSequenceClassification` refuses it.
"""

_OURS = """\
```python
from reranker.scoring import Scorer

scores = Scorer(folder).score(prompt, candidates)   # .value and, calibrated, .probability
```
"""


def model_card(
    *, head: str, anchor_scale: float | None, base: str, metrics: Mapping[str, float]
) -> str:
    """The text of README.md: what kind of reranker it is, how it loads and how good it was.

    Args:
        head: ``anchored`` or ``plain``.
        anchor_scale: Of an anchored head.
        base: The language model it was trained from.
        metrics: Figures on validation tasks, by name.
    """
    lines = [
        "---",
        "library_name: transformers",
        f"pipeline_tag: {'text-classification' if head == 'plain' else 'text-ranking'}",
        "tags: [reranker, reward-model, code]",
        "---",
        f"# Reranker for generated programs ({head} head)",
        "",
        "Scores candidate programs of one task; the best-scored one is the pick. Higher is better,",
        "and scores of different tasks are not comparable unless calibrated.",
        "",
        (_ANCHORED.format(scale=anchor_scale) if head == "anchored" else _PLAIN),
        _OURS,
    ]
    if base:
        lines += [
            f"Trained from `{base}` with Bradley-Terry pairs of passing and failing programs."
        ]
    if metrics:
        lines += ["", "| on validation tasks | |", "|---|---|"]
        lines += [f"| {name.replace('_', ' ')} | {value:.4f} |" for name, value in metrics.items()]
    return "\n".join(lines) + "\n"
