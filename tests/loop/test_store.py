"""Stages finish whole or not at all, and are never done twice."""

import json
from pathlib import Path

import pytest

from loop.store import RunStore, digest
from multipl_e.errors import UserError


class Work:
    """Counts how often a stage is really done."""

    def __init__(self, text: str = "output") -> None:
        self.text, self.times = text, 0

    def __call__(self, output: Path) -> dict[str, int]:
        self.times += 1
        output.write_text(self.text)
        return {"times": self.times}


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    opened = RunStore(tmp_path / "run")
    opened.open({"seed": 0, "ppo": {"kl_coef": 0.1}}, {"python": "3"})
    return opened


def test_a_stage_is_done_once(store: RunStore) -> None:
    work = Work()
    store.stage("out.txt", {"seed": 0}, work)
    again = store.stage("out.txt", {"seed": 0}, work)
    assert work.times == 1
    assert again.summary == {"times": 1}


def test_changed_inputs_do_a_stage_again(store: RunStore) -> None:
    work = Work()
    store.stage("out.txt", {"seed": 0}, work)
    store.stage("out.txt", {"seed": 1}, work)
    assert work.times == 2


def test_a_missing_output_is_made_again(store: RunStore) -> None:
    work = Work()
    store.stage("out.txt", {}, work)
    store.path("out.txt").unlink()
    store.stage("out.txt", {}, work)
    assert work.times == 2


def test_an_output_without_its_record_is_not_trusted(store: RunStore) -> None:
    store.path("out.txt").write_text("left by a killed process")
    stage = store.stage("out.txt", {}, Work("whole"))
    assert store.path("out.txt").read_text() == "whole"
    assert stage.summary == {"times": 1}


def test_a_stage_that_fails_leaves_no_output(store: RunStore) -> None:
    def fails(output: Path) -> None:
        output.write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        store.stage("round-01/out.txt", {}, fails)
    assert not store.path("round-01/out.txt").exists()


def test_unfinished_outputs_are_cleared_on_resume(store: RunStore) -> None:
    leftover = store.root / ".unfinished" / "round-01"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("half")
    store.open({"seed": 0, "ppo": {"kl_coef": 0.1}}, {})
    assert not leftover.exists()


def test_another_configuration_is_refused_and_the_difference_named(store: RunStore) -> None:
    with pytest.raises(UserError, match=r"ppo\.kl_coef was 0\.1, is 0\.2"):
        store.open({"seed": 0, "ppo": {"kl_coef": 0.2}}, {})


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(UserError, match="is no run"):
        RunStore(tmp_path).open({}, {})
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_the_environment_is_written_beside_the_configuration(store: RunStore) -> None:
    assert json.loads((store.root / "environment.json").read_text()) == {"python": "3"}


def test_a_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    for name, file, text in (("a", "x", "1"), ("b", "x", "2"), ("c", "y", "1"), ("d", "x", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text)
    digests = [digest(tmp_path / name) for name in "abcd"]
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3


def test_a_link_leads_to_the_output_and_is_replaced(store: RunStore) -> None:
    for text in ("one", "two"):
        stage = store.stage(f"{text}.txt", {}, Work(text))
        store.link("latest", stage)
    assert (store.root / "latest").read_text() == "two"
    assert not (store.root / "latest").readlink().is_absolute()
