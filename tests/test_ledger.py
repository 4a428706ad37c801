"""The ledger: what is known, what went out of date, and files of strangers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from normcheck.adapters.targets import Target
from normcheck.cases.ledger import LEDGER, Entry, applies, explained, must_show, read_ledger
from normcheck.cases.suite import suite
from normcheck.reports.record import Check
from normcheck.reports.shards import unmatched
from normcheck.specs.source import SpecError

LISTED, UNLISTED = (f"layer_normalization/ranks/shape={shape}" for shape in ("7", "3x7"))
GOOD = """\
entries:
  keras-truncates:
    target: keras
    versions: ["keras>=3.11,<4"]
    cases: [layer_normalization/integers]
    aspect: output
    symptom: "grade F*"
    reason: The result is cast to the dtype of the input.
    link: https://example.org/issue
"""


def entry(**changes):
    about = {
        "target": "keras",
        "cases": ["layer_normalization/integers"],
        "aspect": "output",
        "symptom": "grade F*",
        "reason": "The result is cast to the dtype of the input.",
    }
    return Entry(**about | changes)


def check(outcome="fail", **changes):
    about = {
        "case": "layer_normalization/integers",
        "layer": "layer_normalization",
        "target": "keras-cpu-eager",
        "aspect": "output",
        "dtype": "int32",
        "requirements": ["LN-1"],
        "failed": ["LN-1"],
        "symptom": "grade F: truncated",
        "message": "the array has grade F.",
    }
    if outcome == "pass":
        about |= {"failed": [], "symptom": "", "message": ""}
    return Check(outcome=outcome, **about | changes)


def target(**changes):
    about = {"id": "keras-cpu-eager", "title": "keras", "name": "keras", "dialect": "keras", "device": "cpu"}
    return Target(adapter="x:Adapter", mode="eager", **about | {"versions": {"keras": "3.15.1"}} | changes)


def judged(line, **changes):
    return explained(line, {"entry": entry(**changes)})


@pytest.mark.parametrize("outcome", ["fail", "error", "crash", "timeout"])
def test_a_deviation_with_the_expected_symptom_is_known(outcome):
    line = judged(check(outcome), link="https://example.org/issue")
    assert (line.outcome, line.known) == ("known", "entry")
    assert line.message == "the array has grade F."
    assert line.symptom == "grade F: truncated"


def test_another_symptom_stays_a_failure_and_says_that_the_ledger_is_out_of_date():
    line = judged(check(symptom="raised ValueError"))
    assert (line.outcome, line.known) == ("fail", None)
    assert "The ledger's entry entry expects the symptom" in line.message
    assert "bring it up to date" in line.message


def test_a_pass_that_the_ledger_does_not_expect_fails():
    line = judged(check("pass"))
    assert (line.outcome, line.symptom) == ("fail", "unexpected pass")
    assert "take the case out of the entry" in line.message


def test_what_comes_and_goes_may_pass():
    assert judged(check("pass"), sometimes=True) == check("pass")
    assert judged(check(), sometimes=True).outcome == "known"


def test_what_was_not_judged_is_never_known():
    assert judged(check("unsupported")) == check("unsupported")


@pytest.mark.parametrize(
    "changes",
    [
        {"cases": ["layer_normalization/another"]},
        {"cases": ["batch_normalization/*"]},
        {"aspect": "gradient"},
        {"subject": "step 2"},
    ],
)
def test_an_entry_about_something_else_changes_nothing(changes):
    assert judged(check(), **changes) == check()


@pytest.mark.parametrize(
    "changes",
    [
        {"cases": ["layer_*/integers"]},
        {"aspect": ["gradient", "output"]},
        {"symptom": ["raised *", "grade F*"]},
        {"requirement": "LN-1"},
    ],
)
def test_patterns_lists_and_a_requirement_can_be_named(changes):
    assert judged(check(), **changes).outcome == "known"


def test_an_entry_that_names_a_requirement_explains_no_other():
    assert judged(check(failed=["LN-2"]), requirement="LN-1").outcome == "fail"


def test_a_symptom_is_matched_as_it_stands_brackets_included():
    assert judged(check(symptom="shape [2, 3]"), symptom="shape [2, 3]").outcome == "known"
    assert judged(check(symptom="shape [4]"), symptom="shape [2, 3]").outcome == "fail"


def test_the_first_entry_that_shows_the_symptom_is_named():
    entries = {"first": entry(symptom="raised *"), "second": entry()}
    assert explained(check(), entries).known == "second"


@pytest.mark.parametrize(
    ("versions", "there"),
    [
        ([], True),
        (["keras>=3.11"], True),
        (["keras==3.15.*"], True),
        (["Keras>=3.11"], True),
        (["keras<3.15"], False),
        (["keras>=3", "torch>=2"], False),
        (["torch>=2"], False),
    ],
)
def test_versions_say_whether_an_entry_applies(versions, there):
    assert applies(entry(versions=versions), target()) is there


@pytest.mark.parametrize(("version", "there"), [("2.13.0+cu130", True), ("2.14.0.dev1", True), ("unknown", False)])
def test_local_and_early_versions_count_and_what_is_no_version_does_not(version, there):
    asked = entry(target="torch", versions=["torch>=2.13"])
    assert applies(asked, target(name="torch", id="torch-cpu-eager", versions={"torch": version})) is there


@pytest.mark.parametrize(
    ("named", "there"), [("keras", True), ("keras-cpu-*", True), ("keras-cuda-*", False), ("ker", False), ("*", True)]
)
def test_an_entry_names_an_adapter_or_a_pattern_of_targets(named, there):
    assert applies(entry(target=named), target()) is there


@pytest.mark.parametrize("name", ["keras-3.15.1-cpu-eager", "keras-onnx-box-cpu-eager"])
def test_a_pattern_need_not_know_of_versions_and_hosts(name):
    assert applies(entry(target="keras-cpu-eager"), target(id=name))
    assert applies(entry(target="keras-[!o]*"), target(id=name))
    assert not applies(entry(target="keras-ops-*"), target(id=name))


def test_an_entry_that_matched_nothing_in_a_full_run_is_stale():
    (note,) = unmatched(["used", "stale"], ["used"])
    assert note.entry == "stale"
    assert note.problem.startswith("matched no check in a full run")


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"cases": [LISTED]}, True),
        ({"cases": [UNLISTED]}, False),
        ({"cases": [LISTED, UNLISTED]}, True),
        ({"cases": [LISTED, UNLISTED], "sometimes": True}, False),
        ({"cases": [LISTED], "sometimes": True}, True),
        ({"cases": ["layer_normalization/ranks/*"]}, True),
        ({"cases": ["nothing/*"]}, False),
        ({"cases": [LISTED], "aspect": "mask"}, False),
    ],
)
def test_an_entry_is_due_where_a_case_that_is_asked_must_show_it(changes, due):
    cases = [suite().by_id[LISTED], suite().by_id[UNLISTED]]
    assert must_show(entry(**changes), cases, {LISTED}) == due


def test_a_good_file_gives_its_entries(tmp_path):
    path = tmp_path / "ledger.yaml"
    path.write_text(GOOD)
    (name,) = entries = read_ledger(path)
    assert name == "keras-truncates"
    assert entries[name].versions == ["keras>=3.11,<4"]


def test_the_packaged_ledger_is_good_and_each_entry_names_cases_that_are_there():
    for name, one in read_ledger(LEDGER).items():
        for pattern in one.cases:
            named = explained_by(one.model_copy(update={"cases": [pattern]}))
            assert named, f"{name}: {pattern} is no case"


def explained_by(one):
    aspect = one.aspect if isinstance(one.aspect, str) else one.aspect[0]
    symptom = one.symptom if isinstance(one.symptom, str) else one.symptom[0]
    subject = "" if one.subject == "*" else one.subject
    fields = {"aspect": aspect, "symptom": symptom, "subject": subject, "failed": [one.requirement or "LN-1"]}
    line = check(**fields)
    return [name for name in suite().by_id if explained(line.model_copy(update={"case": name}), {"e": one}).known]


BAD = {
    "an alias bomb": ("a: &a [x, x]\nb: [*a, *a, *a]\n", 1, 4, "anchors (&) are not allowed"),
    "a Python object": ("entries: !!python/object/apply:os.system ['touch OWNED']\n", 1, 10, "tags"),
    "a merge key": ("entries:\n  <<: {}\n", 2, 3, "merge keys"),
    "an unknown key": (GOOD + "    because: I say so\n", 10, 5, "because"),
    "an unknown key at the top": (GOOD + "more: 1\n", 10, 1, "more"),
    "a missing key": (GOOD.replace("    target: keras\n", ""), 2, 3, "target"),
    "no requirement": (GOOD.replace("keras>=3.11,<4", "keras >>> 3"), 4, 15, "'keras>=3.11'"),
    "a requirement with an address": (
        GOOD.replace(">=3.11,<4", " @ file:///etc/passwd"),
        4,
        15,
        "'keras>=3.11'",
    ),
    "a requirement without a version": (GOOD.replace("keras>=3.11,<4", "keras"), 4, 15, "'keras>=3.11'"),
    "a symptom that is a number": (GOOD.replace('"grade F*"', "3"), 7, 14, "symptom"),
    "no cases": (GOOD.replace("[layer_normalization/integers]", "[]"), 5, 12, "cases"),
    "an unknown aspect": (GOOD.replace("aspect: output", "aspect: outputs"), 6, 13, "aspect"),
    "no symptoms": (GOOD.replace('"grade F*"', "[]"), 7, 14, "symptom"),
    "markup in a name": (GOOD.replace("keras-truncates", "<script>alert(1)</script>"), 2, 3, "script"),
    "a path in a name": (GOOD.replace("keras-truncates", "../../etc/passwd"), 2, 3, "passwd"),
    "a reason too short": (GOOD.replace("The result is cast to the dtype of the input.", "why"), 8, 13, "reason"),
    "a list": ("- entries\n", 1, 1, "a mapping"),
    "nothing": ("", 1, 1, "the file is empty"),
    "no YAML": ("entries: [\n", 2, 1, "not YAML"),
    "a control character": ("entries: \x1b[31m\n", 1, 10, "control character"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_strangers_file_is_refused_with_its_place_and_writes_nothing(name, tmp_path, monkeypatch):
    text, line, column, said = BAD[name]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ledger.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_ledger(path)
    message = str(caught.value)
    assert message.startswith(f"ledger.yaml:{line}:{column}: "), message
    assert said in message
    assert not re.search(r"[\x00-\x1f]", message)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (2**20 + 1)])
def test_a_file_of_bytes_or_without_end_is_refused(content, tmp_path):
    path = tmp_path / "ledger.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=r"ledger\.yaml:1:1: the file is (not UTF-8|larger)"):
        read_ledger(path)


CLONE = Path(__file__).resolve().parent.parent


def test_every_deviation_of_a_framework_has_a_script_that_shows_it():
    entries = {name: one for name, one in read_ledger(LEDGER).items() if not one.target.startswith("document")}
    assert [name for name, one in entries.items() if not one.script or not (CLONE / one.script).is_file()] == []
    written = {path.relative_to(CLONE).as_posix() for path in (CLONE / "docs" / "findings").glob("*.py")}
    assert written == {one.script for one in entries.values()}
