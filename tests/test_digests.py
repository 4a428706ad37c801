"""The lock on exact answers: what it holds still, what may pass, and the command that writes it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from normcheck.cases import suite as suites
from normcheck.cases.lint import digests
from normcheck.cases.lint.digests import Lock, difference, digest, lock_of, read_lock, rounded, sentences, text_of
from normcheck.cases.suite import suite
from normcheck.commands import main
from normcheck.specs import VERSION

STEPS, LITERAL = (
    "batch_normalization/three-batches-then-inference/dtype=float32",
    "layer_normalization/denominator-three",
)
ADAPTED = "feature_normalization/adapted-twice/dtype=float32"


def case(name):
    return suite().by_id[name]


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A suite of three cases, locked: a function that runs `normcheck digests` on it, and the path of its lock."""
    cases = [case(STEPS), case(LITERAL), case(ADAPTED)]
    monkeypatch.setattr(suites, "suite", lambda: SimpleNamespace(cases=tuple(cases)))
    monkeypatch.setattr(digests, "PATH", tmp_path / "digests.json")
    (tmp_path / "digests.json").write_text(text_of(lock_of(cases)))
    return SimpleNamespace(
        cases=cases,
        path=tmp_path / "digests.json",
        run=lambda *words: CliRunner().invoke(main, ["digests", *words]),
    )


def reversed_input(asked):
    """The same case, with its literal rows in another order."""
    return replace(asked, steps=tuple(replace(step, input=step.input[::-1]) for step in asked.steps))


def test_the_packaged_cases_ask_and_answer_what_their_version_locked():
    lock = read_lock(digests.PATH)
    assert list(sentences(difference(lock, lock_of(suite().cases)), lock.version)) == []
    assert lock.version == VERSION


def test_the_lock_is_read_as_it_was_written(tmp_path):
    lock = lock_of([case(STEPS), case(LITERAL)])
    (tmp_path / "lock.json").write_text(text_of(lock))
    assert read_lock(tmp_path / "lock.json") == lock
    assert read_lock(tmp_path / "none.json") == Lock("", {})


def test_cases_without_an_exact_answer_are_not_locked():
    others = [one for one in suite().by_id.values() if one.raises or not one.steps or not one.exact]
    assert len(others) > 50
    assert lock_of(others).digests == {}


def test_a_case_is_locked_in_every_dialect_whose_frameworks_have_its_layer():
    assert set(lock_of([case(LITERAL)]).digests[LITERAL]) == {"keras", "torch", "flax", "onnx"}
    assert set(digests.spoken("spectral_normalization")) == {"keras", "torch"}


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"epsilon": 4.0000001}},
        {"arguments": {"epsilon": 4.0, "axis": 0}, "weights": "initial"},
        {"weights": {"gamma": 3.0, "beta": 0.25}},
        {"dtype": "float64"},
        {"requirements": {"output": ("LN-8",)}},
    ],
    ids=["epsilon", "axis", "beta", "dtype", "no-gradient"],
)
def test_another_question_or_answer_has_another_digest(change):
    assert digest(replace(case(LITERAL), **change), "keras") != digest(case(LITERAL), "keras")


def test_another_input_has_another_digest():
    assert digest(reversed_input(case(LITERAL)), "keras") != digest(case(LITERAL), "keras")


def test_the_moving_statistics_count():
    other = {**case(STEPS).arguments, "momentum": 0.75 + 2.0**-30}
    assert digest(replace(case(STEPS), arguments=other), "keras") != digest(case(STEPS), "keras")


def test_what_a_case_hunts_is_not_locked():
    assert digest(replace(case(LITERAL), hunts=("another",)), "keras") == digest(case(LITERAL), "keras")


def test_the_last_bits_do_not_count_and_the_twelfth_digit_does():
    values = np.array([0.1, -3.0, 1e300, 5e-310, 1.0])
    assert rounded(values).tobytes() == rounded(np.nextafter(values, np.inf)).tobytes()
    assert rounded(values).tobytes() != rounded(values * (1 + 1e-11)).tobytes()


def test_the_rest_of_a_sum_that_cancels_counts_as_zero():
    assert rounded(np.array([1.0, 1e-30])).tolist() == [1.0, 0.0]
    assert rounded(np.array([1e-30])).tolist() != [0.0]


def test_there_is_one_zero_and_one_nan():
    odd = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)
    first, second = rounded(odd).view(np.uint64)
    assert first == second
    assert rounded(np.array([-0.0])).tobytes() == bytes(8)
    assert rounded(np.array([np.inf, -np.inf])).tolist() == [np.inf, -np.inf]


def test_check_finds_a_lock_that_holds(locked):
    done = locked.run("--check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "3 cases are as version" in done.stdout


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_changed_answer_without_another_version_is_refused_by_name(locked, words):
    before = locked.path.read_text()
    locked.cases[1] = reversed_input(locked.cases[1])
    done = locked.run(*words)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"{LITERAL}: what is asked, or the exact answer, is not what version {VERSION} of")
    assert "raise VERSION in specs/__init__.py" in done.stderr
    assert locked.path.read_text() == before


def test_a_changed_answer_with_another_version_is_locked(locked):
    locked.path.write_text(text_of(replace(read_lock(digests.PATH), version="0.9")))
    locked.cases[1] = reversed_input(locked.cases[1])
    assert locked.run("--check").exit_code == 1
    assert locked.run().exit_code == 0
    assert read_lock(digests.PATH) == lock_of(locked.cases)


def test_another_version_alone_asks_for_another_lock(locked):
    locked.path.write_text(text_of(replace(read_lock(digests.PATH), version="0.9")))
    done = locked.run("--check")
    assert (done.exit_code, done.stderr) == (1, "The lock is of version 0.9; run `normcheck digests`.\n")


def test_added_and_removed_cases_are_named_and_locked_in_the_same_version(locked):
    added = case("layer_normalization/three-rows")
    locked.cases[0] = added
    done = locked.run("--check")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"{added.id}: not locked yet; run `normcheck digests`",
        f"{STEPS}: locked in version {VERSION} and no longer there; run `normcheck digests`",
    ]
    assert locked.run().exit_code == 0
    assert set(read_lock(digests.PATH).digests) == {added.id, LITERAL, ADAPTED}


def test_a_dialect_that_is_new_changes_nothing_that_was_locked():
    old = Lock(VERSION, {LITERAL: {"keras": "1"}})
    new = Lock(VERSION, {LITERAL: {"keras": "1", "torch": "2"}})
    assert difference(old, new) == digests.Difference((), (LITERAL,), ())
    assert difference(new, old) == digests.Difference((), (), (LITERAL,))
