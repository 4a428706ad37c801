"""A comparison is shown in a terminal, as JSON, JUnit, Markdown and a page, whatever a record holds."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from click.testing import CliRunner

from normcheck.commands import main
from normcheck.reports.comparing.as_json import as_json
from normcheck.reports.comparing.classes import FAILING, KINDS, TITLES, WORDS
from normcheck.reports.comparing.junit import junit
from normcheck.reports.comparing.markdown import LONGEST, markdown
from normcheck.reports.comparing.page import render
from normcheck.reports.comparing.text import terminal
from normcheck.reports.merging import write
from normcheck.tests import records
from normcheck.tests.comparisons import NEW, OLD, array, compared, error, judged, seen, version
from normcheck.tests.suite_runs import CLONE
from normcheck.tests.test_comparing import CUT, RIGHT, wrong
from normcheck.tests.test_page import EVIL, Page

BROKEN = [judged(RIGHT), seen(arrays=[RIGHT])], [wrong(CUT), seen(arrays=[CUT])]


@pytest.fixture(scope="module")
def broken():
    return compared(*BROKEN)


@pytest.fixture(scope="module")
def same():
    return compared(BROKEN[0], BROKEN[0])


@pytest.fixture(scope="module")
def many():
    """Thousands of entries, each with a long text."""
    kinds = [f"E{n}" for n in range(4000)]
    before = [seen(f"layer_normalization/{name}", errors=[error(name)]) for name in kinds]
    after = [seen(f"layer_normalization/{name}", errors=[error(f"New{name}", message="why " * 200)]) for name in kinds]
    return compared(before, after)


@pytest.fixture(scope="module")
def hostile():
    of, other = array([1.5, 2.5]), array([0.5, 7.5])
    case = EVIL[:40]
    before = [seen(case, arrays=[of], warnings=[EVIL], configuration=[EVIL])]
    after = [seen(case, errors=[error(EVIL, EVIL, EVIL)]), judged(other, case, symptom=EVIL, message=EVIL)]
    return compared(before, after)


def test_the_terminal_shows_versions_values_and_the_case_that_shows_it(broken):
    text = terminal(broken, FAILING)
    assert text.startswith("keras 3.8.0  →  keras 3.15.1\n")
    assert "Broken (1)" in text
    assert "-0.48  →  0" in text
    assert "--case 'layer_normalization/plain'" in text
    assert text.endswith("1 entry stands against the upgrade: broken.")


def test_the_terminal_says_that_nothing_differs(same):
    assert terminal(same).endswith("No difference.")


def test_the_terminal_is_short_and_cannot_be_steered(many, hostile):
    assert len(terminal(many).splitlines()) < 80
    assert "\x1b" not in terminal(hostile)


def test_json_holds_every_difference(broken):
    found = json.loads(as_json(broken))
    (entry,) = found["entries"]
    assert (entry["class"], entry["cases"], entry["layers"]) == ("broken", 1, ["layer_normalization"])
    assert len(entry["differences"]) == len(broken.entries[0].differences)
    assert found["pairs"][0]["versions"] == {"keras": [OLD, NEW]}
    assert found["classes"] == dict(WORDS)


def test_junit_has_a_case_per_entry_and_fails_by_the_classes_chosen(broken, same):
    for failing, failures in ((FAILING, 1), ((), 0)):
        root = ElementTree.fromstring(junit(broken, failing))
        assert root.get("failures") == str(failures)
        assert len(root.findall(".//testcase")) == 1
        assert len(root.findall(".//failure")) == failures
    assert ElementTree.fromstring(junit(same, FAILING)).get("failures") == "0"


def test_junit_and_page_escape_whatever_a_record_holds(hostile):
    assert ElementTree.fromstring(junit(hostile, KINDS)).findall(".//failure")
    page = Page(render(hostile, KINDS))
    assert len(page.of("script")) == 1
    assert "alert(1)" not in page.texts["script"]
    assert not page.of("img")
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_markdown_fits_into_a_summary_and_says_what_was_left_out(many):
    text = markdown(many, FAILING)
    assert len(text.encode()) <= LONGEST
    assert re.search(r"Left out, since a summary may not be longer: \d+ interface changed", text)
    assert len(markdown(many, FAILING, 20_000).encode()) <= 20_000


def test_markdown_shows_texts_as_they_are(hostile, broken):
    outside = re.sub(r"`[^`\n]*`|\\.", "", markdown(hostile))
    assert "<" not in outside
    assert "1 entry stands against the upgrade" in markdown(broken, FAILING)


def test_the_page_needs_nothing_else_and_runs_no_script_but_its_own(broken):
    text = render(broken, FAILING)
    page = Page(text)
    assert page.tags[0][0] == "html"
    assert not page.of("link") + page.of("img")
    assert len(page.of("script")) == 1
    (policy,) = [tag["content"] for tag in page.of("meta") if tag.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "prefers-color-scheme: dark" in text
    assert "<code>-0.48</code>" in text
    assert all(tag["href"].startswith("#") for tag in page.of("a"))
    assert {tag["href"][1:] for tag in page.of("a")} <= {tag["id"] for _, tag in page.tags if "id" in tag}


@pytest.fixture
def stored(tmp_path):
    def store(name, record):
        path = tmp_path / f"{name}.jsonl"
        write(record, path)
        return str(path)

    return store


def run(*words):
    return CliRunner().invoke(main, ["compare", *map(str, words)])


@pytest.mark.parametrize(
    ("fail_on", "status"), [((), 1), (("--fail-on", "files,interface"), 0), (("--fail-on", "none"), 0)]
)
def test_the_exit_status_is_by_the_classes_that_are_to_fail(stored, fail_on, status):
    files = stored("old", version(OLD, *BROKEN[0])), stored("new", version(NEW, *BROKEN[1]))
    assert run(*files, *fail_on).exit_code == status
    assert run(files[0], stored("again", version(NEW, *BROKEN[0]))).exit_code == 0


def test_everything_that_is_asked_for_is_written(stored, tmp_path):
    files = stored("old", version(OLD, *BROKEN[0])), stored("new", version(NEW, *BROKEN[1]))
    places = [tmp_path / "out" / name for name in ("page.html", "a.json", "a.xml", "a.md")]
    done = run(*files, "-o", places[0], "--json", places[1], "--junit", places[2], "--markdown", places[3])
    assert done.exit_code == 1
    assert all(place.stat().st_size > 300 for place in places)
    assert done.stdout.splitlines()[-4:] == [str(place) for place in places]


def test_one_record_with_two_versions_needs_no_other(stored):
    old, new = version(OLD, *BROKEN[0]), version(NEW, *BROKEN[1])
    both = records.record(*old.checks, *new.checks, targets=[*old.targets, *new.targets], seen=(*old.seen, *new.seen))
    path = stored("both", both)
    assert "Broken (1)" in run(path).stdout
    assert "Broken (1)" in run(path, path).stdout
    assert "Fixed (1)" in run(path, "--before", f"keras-{NEW}-*", "--after", f"keras-{OLD}-*").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["absent.jsonl"], "absent.jsonl cannot be read: No such file or directory."),
        (["old", "old"], "The record has one version of each target"),
        (["old", "new", "--fail-on", "bad"], "--fail-on: 'bad' stands there; give `none`, or classes of broken"),
        (["old", "new", "--before", "x*"], "--before x*: the record has no such target"),
        (["old", "new", "-o", "old"], "is one of the records read"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_sentence(stored, words, sentence):
    files = {"old": stored("old", version(OLD, *BROKEN[0])), "new": stored("new", version(NEW, *BROKEN[1]))}
    done = run(*(files.get(word, word) for word in words))
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_the_classes_are_the_same_words_in_the_documentation():
    text = (CLONE / "docs" / "validate-an-upgrade.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert [(name, title.strip(), words.strip()) for name, title, words in rows] == [
        (kind, TITLES[kind], WORDS[kind]) for kind in KINDS
    ]
