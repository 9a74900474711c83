"""What the default models are pretrained on: katas' prompts and solutions, right and wrong.

Only compositions of the training split and core operations are used: the held-out tasks and the
novel operations of a run are new to the shipped weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from transformers import PreTrainedTokenizerBase as Tokenizer

from generator.mutate import mutate
from multipl_e.errors import UserError
from multipl_e.records import Task


@dataclass(frozen=True, slots=True)
class Document:
    """A text to learn: `completion` follows `prompt`, which may be empty."""

    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document's tokens; those from `num_prompt` on belong to the completion and the end."""

    ids: list[int]
    num_prompt: int


def kata_documents(tasks: Iterable[Task], *, wrong_share: float, seed: int) -> list[Document]:
    """A document for every task; in a share of them the solution holds one or two mistakes.

    Args:
        tasks: Tasks with canonical solutions; others are passed over.
        wrong_share: Share of the solutions made wrong by mutation, 0 to 1.
        seed: Decides which and how.
    """
    rng = Random(seed)
    documents = []
    for task in tasks:
        solution = task.canonical_solution
        if solution is None:
            continue
        if rng.random() < wrong_share:
            num_mistakes = 1 if rng.random() < 0.7 else 2
            wrong = mutate(solution, rng, language=task.language, num_mistakes=num_mistakes)
            solution = wrong or solution
        documents.append(Document(task.prompt, solution))
    return documents


def load_katas(num_katas: int, *, seed: int, languages: Sequence[str] = ("py", "js")) -> list[Task]:
    """The training split's katas of core operations, each in every language."""
    from multipl_e.sources.katas import generate_katas

    return generate_katas(
        seed=seed, split="train", languages=languages, num_tasks=num_katas, operations="core"
    )


def read_corpus(path: Path) -> list[Document]:
    """One's own texts: a JSONL file (``prompt`` and ``completion``, or ``text``) or a folder.

    Every file of a folder is a document; files that are not UTF-8 text are passed over.

    Raises:
        UserError: if there is nothing to read there, or a row has none of the fields.
    """
    documents = list(_folder(path) if path.is_dir() else _jsonl(path))
    if not documents:
        raise UserError(f"{path} holds no text to learn from")
    return documents


def encode(tokenizer: Tokenizer, documents: Sequence[Document], max_length: int) -> list[Encoded]:
    """Tokens of the documents, each with the end-of-text token; cut to `max_length` tokens."""
    prompts = tokenizer([document.prompt for document in documents])["input_ids"]
    completions = tokenizer([document.completion for document in documents])["input_ids"]
    end = [tokenizer.eos_token_id]
    return [
        Encoded((prompt + completion + end)[:max_length], min(len(prompt), max_length))
        for prompt, completion in zip(prompts, completions, strict=True)
    ]


def _folder(path: Path) -> Iterator[Document]:
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if text.strip():
            yield Document("", text)


def _jsonl(path: Path) -> Iterator[Document]:
    if not path.is_file():
        raise UserError(f"there is no corpus at {path}; give a folder of texts or a JSONL file")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if "text" in row:
                    yield Document("", str(row["text"]))
                else:
                    yield Document(str(row["prompt"]), str(row["completion"]))
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{path}, line {number}: a row needs 'text', or 'prompt' and 'completion'"
                ) from error
